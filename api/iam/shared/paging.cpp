#include "api/iam/shared/paging.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/iam/shared/common.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {

namespace {

constexpr std::int64_t kDefaultItems = 100;  // IAM API Reference, "MaxItems"

Page require_page(const ApiRequest& request) {
  auto page = requested_page(request);
  if (!page) throw validation_error("Invalid Marker.");  // the sentence is ours
  return std::move(*page);
}

}  // namespace

std::optional<Page> requested_page(const ApiRequest& request) {
  Json filters = request.input;
  filters.erase("Marker");
  filters.erase("MaxItems");
  Page page(request.core.store.key(),
            base::format("{}\n{}\n{}", request.action, request.caller.account, base::dump(filters)),
            request.input.value("MaxItems", kDefaultItems));
  const std::string marker = text_member(request.input, "Marker");
  if (!marker.empty() && !page.resume(marker)) return std::nullopt;
  return page;
}

Pager::Pager(const ApiRequest& request) : page_(require_page(request)) {}

std::vector<Listed> Pager::take(std::vector<Listed> items, Json& output) const {
  std::erase_if(items, [after = after()](const Listed& item) { return item.first <= after; });
  const auto marker = page_.cut(items, [](const Listed& item) { return item.first; });
  output["IsTruncated"] = marker.has_value();
  if (marker) output["Marker"] = *marker;
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
