#include "api/admin/what_if/change.h"

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "schemas/base/text.h"

namespace ecr::api::admin::what_if {
namespace {

using auth::iam::PolicyType;

struct KindRow {
  ChangeKind kind;
  std::string_view name;
  PolicyType type;
};
constexpr KindRow kKinds[] = {
    {ChangeKind::kIdentity, "identity", PolicyType::kIdentity},
    {ChangeKind::kInline, "inline", PolicyType::kIdentity},
    {ChangeKind::kManaged, "managed", PolicyType::kIdentity},
    {ChangeKind::kBoundary, "boundary", PolicyType::kIdentity},
    {ChangeKind::kTrust, "trust", PolicyType::kTrust},
    {ChangeKind::kRepository, "repository", PolicyType::kRepository},
    {ChangeKind::kRegistry, "registry", PolicyType::kRegistry},
    {ChangeKind::kScp, "scp", PolicyType::kScp},
    {ChangeKind::kRcp, "rcp", PolicyType::kRcp},
    {ChangeKind::kEndpoint, "endpoint", PolicyType::kEndpoint},
};

const KindRow& row_of(ChangeKind kind) {
  return *std::find_if(std::begin(kKinds), std::end(kKinds),
                       [kind](const KindRow& row) { return row.kind == kind; });
}

ChangeKind kind_named(std::string_view name) {
  return std::find_if(std::begin(kKinds), std::end(kKinds),
                      [name](const KindRow& row) { return row.name == name; })
      ->kind;
}

void check_document(const Change& change) {
  const auto parsed = auth::iam::Policy::parse(*change.document, type_of(change.kind));
  if (parsed) return;
  const auto& problem = parsed.error();
  std::string reason = problem.message;
  if (!problem.path.empty()) reason = base::format("{}: {}", problem.path, reason);
  if (problem.line > 0) reason = base::format("line {}: {}", problem.line, reason);
  if (!problem.detail.empty()) reason += base::format(" ({})", problem.detail);
  change.fail("document", reason);
}

}  // namespace

void Change::fail(std::string_view member, const std::string& reason) const {
  throw ParameterError(path.empty() ? std::string(member) : base::format("{}.{}", path, member),
                       reason);
}

const std::vector<std::string>& change_kinds() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const KindRow& row : kKinds) list.emplace_back(row.name);
    return list;
  }();
  return names;
}

std::string_view name_of(ChangeKind kind) { return row_of(kind).name; }
PolicyType type_of(ChangeKind kind) { return row_of(kind).type; }

// "document" has to be written even where it is null: a change without it would remove a policy by
// mistake.
Change read_change(const BodyNode& node) {
  node.check_members({"kind", "target", "name", "document"});
  Change change;
  change.path = node.path();
  change.kind = kind_named(node.choice("kind", change_kinds()));
  if (change.kind != ChangeKind::kEndpoint) {
    change.target = node.text("target");
  } else if (node.has("target")) {
    change.fail("target", "is given, but there is only one VPC endpoint");
  }
  change.name = node.optional_text("name").value_or("");
  const bool has_name = change.kind == ChangeKind::kInline || change.kind == ChangeKind::kIdentity;
  if (!has_name && !change.name.empty()) change.fail("name", "is of inline policies alone");
  if (!node.json().contains("document")) change.fail("document", "is missing (null removes)");
  if (node.has("document")) change.document = node.document("document", kMostDocumentBytes);
  const bool needs_name = change.kind == ChangeKind::kInline || (has_name && !change.document);
  if (needs_name && change.name.empty()) change.fail("name", "is missing: of the inline policy");
  if (change.document) check_document(change);
  return change;
}

std::vector<Change> read_changes(const BodyNode& body) {
  std::vector<Change> changes;
  body.each("changes", kMostChanges,
            [&](const BodyNode& node) { changes.push_back(read_change(node)); });
  return changes;
}

}  // namespace ecr::api::admin::what_if
