// One import that is under way: what the converters of the single outputs share. Internal to this
// folder; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "api/admin/account_import/account_import.h"
#include "schemas/base/json.h"

namespace ecr::api::admin::account_import {

// What is said at the end, in the order in which it was found. What is true of many things is said
// once, with their number.
class Notes {
 public:
  void add(std::string sentence) { ++find(std::move(sentence)); }
  std::vector<std::string> take();

 private:
  std::uint64_t& find(std::string sentence);

  std::vector<std::pair<std::string, std::uint64_t>> list_;
  std::map<std::string, std::size_t> places_;
};

// A repository of the document, by account, Region and name.
using RepositoryKey = std::tuple<std::string, std::string, std::string>;

struct Importing {
  const ImportOptions& options;
  base::Random& random;
  base::OrderedJson& accounts;  // of the document, by account
  base::OrderedJson& organization;
  Notes notes = {};
  std::map<std::string, std::string> account_of_folder = {};  // of get-caller-identity
  std::map<RepositoryKey, std::size_t> repositories = {};     // places in "repositories"
  std::set<std::string> policies = {};                        // ARNs of managed policies
  std::map<std::string, std::string> aws_policies = {};  // account and ARN → ARN of the local copy
  std::map<std::string, std::vector<std::string>> policies_of_target = {};  // SCPs and RCPs
  std::map<std::string, std::string> parent_of = {};                        // of units and accounts
  bool targets_known = false;  // some output says what control policies are attached to
  // Of which there is an output, even one that says "none".
  std::set<RepositoryKey> with_tags = {};
  std::set<std::string> with_identities = {};  // accounts, as the next two
  std::set<std::string> with_repository_policy = {};
  std::set<std::string> with_registry_policy = {};
  // Accounts that the export script asked about: it writes no file for what is not there.
  std::set<std::string> asked_by_script = {};
};

// One value of an output, and where it is. Borrows both.
class ExportNode {
 public:
  ExportNode(Importing& importing, const base::OrderedJson& value, const std::string& file,
             std::string path)
      : importing_(importing), value_(value), file_(file), path_(std::move(path)) {}

  const base::OrderedJson& json() const { return value_; }
  const std::string& file() const { return file_; }
  bool has(std::string_view member) const;  // and it is not null
  ExportNode member(std::string_view name) const;
  std::string text(std::string_view name) const;  // required
  std::string text_or(std::string_view name, std::string otherwise) const;
  // Calls visit(ExportNode) for each element of a list; not at all where it is absent.
  void each(std::string_view name, const std::function<void(const ExportNode&)>& visit) const;
  // Notes each member that is not among these. `type`: what has them, as "RoleDetailList".
  void check_members(std::string_view type, std::initializer_list<std::string_view> known) const;
  [[noreturn]] void fail(std::string_view reason) const;

 private:
  Importing& importing_;
  const base::OrderedJson& value_;
  const std::string& file_;
  std::string path_;
};

// The parts of a path, without the name of the file: "a", "b" of "a/b/c.json".
std::vector<std::string_view> folders_of(std::string_view path);
// "c" of "a/b/c.json".
std::string stem_of(std::string_view path);
// The account and Region that the path of the file names, or else the options. Throws ImportError
// where nothing does.
std::string account_of_file(const Importing& importing, const std::string& file);
std::optional<std::string> region_of_file(const Importing& importing, const std::string& file);

// The account's object in the document, and the list with this name in it.
base::OrderedJson& account_in(Importing& importing, const std::string& account);
base::OrderedJson& list_in(Importing& importing, const std::string& account, const char* name);

// A policy: an object, its text, or its text in percent encoding, as the API itself sends it.
base::OrderedJson policy_document(const ExportNode& node);
// [{"Key": "team", "Value": "web"}], in either case, as an object; empty: none.
base::OrderedJson tags_object(const ExportNode& node, std::string_view member);

// A kind of output: how it is recognized, and what is done with it.
struct OutputKind {
  bool (*is)(const base::OrderedJson& document);
  void (*convert)(Importing& importing, const ExportNode& document);
};
// In the order in which they are converted: later ones need what earlier ones found.
const std::vector<OutputKind>& output_kinds();

// missing_outputs.cpp
void convert_script_report(Importing& importing, const ExportNode& document);
// Notes each kind of output that is missing and by which answers may be others than AWS's.
void note_missing_outputs(Importing& importing);
// iam_outputs.cpp
void convert_caller_identity(Importing& importing, const ExportNode& document);
// Both of get-account-authorization-details: a policy may stand on another page of it than the role
// that it is attached to.
void convert_managed_policies(Importing& importing, const ExportNode& document);
void convert_identities(Importing& importing, const ExportNode& document);
void convert_account_aliases(Importing& importing, const ExportNode& document);
void convert_oidc_provider(Importing& importing, const ExportNode& document);
void convert_saml_provider(Importing& importing, const ExportNode& document);
// ecr_outputs.cpp
void convert_repositories(Importing& importing, const ExportNode& document);
void convert_repository_policy(Importing& importing, const ExportNode& document);
void convert_registry_policy(Importing& importing, const ExportNode& document);
void convert_lifecycle_policy(Importing& importing, const ExportNode& document);
void convert_repository_tags(Importing& importing, const ExportNode& document);
void convert_images(Importing& importing, const ExportNode& document);
void convert_account_setting(Importing& importing, const ExportNode& document);
void convert_registry(Importing& importing, const ExportNode& document);
// organization_outputs.cpp
void convert_organization(Importing& importing, const ExportNode& document);
void convert_roots(Importing& importing, const ExportNode& document);
void convert_units(Importing& importing, const ExportNode& document);
void convert_members(Importing& importing, const ExportNode& document);
void convert_control_policy(Importing& importing, const ExportNode& document);
void convert_targets(Importing& importing, const ExportNode& document);
void convert_policy_list(Importing& importing, const ExportNode& document);
// Puts the parts of the organization together, once all outputs are read.
void finish_organization(Importing& importing);

// The Region in which the account has most of its repositories; empty: it has none. local_keys.cpp
std::string main_region(const base::OrderedJson& account);
// Gives every user an access key and every role a session; the profiles. local_keys.cpp
std::string add_local_keys(Importing& importing);

}  // namespace ecr::api::admin::account_import
