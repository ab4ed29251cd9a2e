#include "api/admin/account_import/importing.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::admin::account_import {
namespace {

using base::OrderedJson;

// "eu-west-1", "us-gov-west-1": the name of a folder is hardly that of a Region by accident.
bool looks_like_region(std::string_view text) {
  return model::is_region(text) && std::count(text.begin(), text.end(), '-') >= 2 &&
         text.front() >= 'a' && text.back() >= '0' && text.back() <= '9';
}

}  // namespace

std::uint64_t& Notes::find(std::string sentence) {
  const auto [place, is_new] = places_.emplace(std::move(sentence), list_.size());
  if (is_new) list_.emplace_back(place->first, 0);
  return list_[place->second].second;
}

std::vector<std::string> Notes::take() {
  std::vector<std::string> sentences;
  for (auto& [sentence, times] : list_) {
    sentences.push_back(times == 1 ? std::move(sentence)
                                   : base::format("{} ({} times)", sentence, times));
  }
  list_.clear();
  places_.clear();
  return sentences;
}

bool ExportNode::has(std::string_view member) const {
  const auto found = value_.is_object() ? value_.find(member) : value_.end();
  return value_.is_object() && found != value_.end() && !found->is_null();
}

ExportNode ExportNode::member(std::string_view name) const {
  const std::string path = path_.empty() ? std::string(name) : base::format("{}.{}", path_, name);
  if (!has(name)) throw ImportError(base::format("{}: {}: is missing", file_, path));
  return {importing_, *value_.find(name), file_, path};
}

std::string ExportNode::text(std::string_view name) const {
  const ExportNode node = member(name);
  if (!node.value_.is_string()) node.fail("must be a string");
  return node.value_.get<std::string>();
}

std::string ExportNode::text_or(std::string_view name, std::string otherwise) const {
  return has(name) ? text(name) : std::move(otherwise);
}

void ExportNode::each(std::string_view name,
                      const std::function<void(const ExportNode&)>& visit) const {
  if (!has(name)) return;
  const ExportNode list = member(name);
  if (!list.value_.is_array()) list.fail("must be a list");
  for (std::size_t i = 0; i < list.value_.size(); ++i) {
    visit({importing_, list.value_[i], file_, base::format("{}[{}]", list.path_, i)});
  }
}

void ExportNode::check_members(std::string_view type,
                               std::initializer_list<std::string_view> known) const {
  if (!value_.is_object()) fail("must be an object");
  for (const auto& [name, value] : value_.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end() || value.is_null()) continue;
    importing_.notes.add(
        base::format("{}: left out {}, which import-account does not know", type, name));
  }
}

void ExportNode::fail(std::string_view reason) const {
  throw ImportError(path_.empty() ? base::format("{}: {}", file_, reason)
                                  : base::format("{}: {}: {}", file_, path_, reason));
}

std::vector<std::string_view> folders_of(std::string_view path) {
  std::vector<std::string_view> folders;
  for (std::size_t slash; (slash = path.find('/')) != std::string_view::npos;) {
    if (slash > 0) folders.push_back(path.substr(0, slash));
    path.remove_prefix(slash + 1);
  }
  return folders;
}

std::string stem_of(std::string_view path) {
  path.remove_prefix(path.rfind('/') + 1);  // npos + 1 is 0
  return std::string(path.substr(0, path.rfind('.')));
}

namespace {

// The last folder for which this is true. Names of repositories make folders below "repositories",
// and may look like accounts and Regions.
std::optional<std::string> last_folder(std::string_view file, bool (*is)(std::string_view)) {
  const auto folders = folders_of(file);
  const auto names = std::find(folders.begin(), folders.end(), "repositories");
  for (auto end : {names, folders.end()}) {
    while (end != folders.begin()) {
      if (is(*--end)) return std::string(*end);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string account_of_file(const Importing& importing, const std::string& file) {
  for (std::size_t end = file.rfind('/'); end != std::string::npos && end > 0;
       end = file.rfind('/', end - 1)) {
    const auto known = importing.account_of_folder.find(file.substr(0, end));
    if (known != importing.account_of_folder.end()) return known->second;
  }
  if (const auto named = last_folder(file, model::is_account_id)) return *named;
  if (!importing.options.account.empty()) return importing.options.account;
  throw ImportError(file +
                    ": says of no account: put it into a folder with the account's 12 digits as "
                    "its name, or name the account");
}

std::optional<std::string> region_of_file(const Importing& importing, const std::string& file) {
  if (const auto named = last_folder(file, looks_like_region)) return named;
  if (!importing.options.region.empty()) return importing.options.region;
  return std::nullopt;
}

OrderedJson& account_in(Importing& importing, const std::string& account) {
  OrderedJson& found = importing.accounts[account];
  if (found.is_null()) found = OrderedJson::object();
  return found;
}

OrderedJson& list_in(Importing& importing, const std::string& account, const char* name) {
  OrderedJson& list = account_in(importing, account)[name];
  if (list.is_null()) list = OrderedJson::array();
  return list;
}

OrderedJson policy_document(const ExportNode& node) {
  if (node.json().is_object()) return node.json();
  if (!node.json().is_string()) node.fail("must be a policy, or its text");
  auto text = node.json().get<std::string>();
  // A policy begins with a brace, which percent encoding does not leave as it is.
  if (text.starts_with('%')) {
    auto decoded = base::percent_decode(text);
    if (!decoded) node.fail("is no percent encoding");
    text = std::move(*decoded);
  }
  auto json = base::parse_ordered_json(text);
  if (!json || !json->is_object()) node.fail("is no JSON object");
  return std::move(*json);
}

OrderedJson tags_object(const ExportNode& node, std::string_view member) {
  OrderedJson tags = OrderedJson::object();
  node.each(member, [&](const ExportNode& tag) {
    const bool capital = tag.has("Key");
    tags[tag.text(capital ? "Key" : "key")] = tag.text(capital ? "Value" : "value");
  });
  return tags;
}

}  // namespace ecr::api::admin::account_import
