#include "api/iam/shared/paging.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/page_token.h"
#include "api/iam/shared/common.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {

Pager::Pager(const Call& call) : call_(call) {
  Json filters = call.input;
  filters.erase("Marker");
  filters.erase("MaxItems");
  listing_ = base::format("{}\n{}\n{}", call.action, call.caller.account, base::dump(filters));
  size_ = call.input.value("MaxItems", size_);
  const std::string marker = text_member(call.input, "Marker");
  if (marker.empty()) return;
  const auto position = read_page_token(call.services.store.key(), listing_, marker);
  if (!position || position->size() != 1) throw validation_error("Invalid Marker.");  // ours
  after_ = position->front();
}

std::vector<Listed> Pager::take(std::vector<Listed> items, Json& output) const {
  std::erase_if(items, [this](const Listed& item) { return item.first <= after_; });
  const bool more = static_cast<std::int64_t>(items.size()) > size_;
  if (more) items.resize(static_cast<std::size_t>(size_));
  output["IsTruncated"] = more;
  if (more) {
    output["Marker"] = make_page_token(call_.services.store.key(), listing_, {items.back().first});
  }
  return items;
}

Json Pager::page(const char* member, std::vector<Listed> items) const {
  Json output = {{member, Json::array()}};
  for (auto& item : take(std::move(items), output)) {
    output[member].push_back(std::move(item.second));
  }
  return output;
}

}  // namespace ecr::api::iam
