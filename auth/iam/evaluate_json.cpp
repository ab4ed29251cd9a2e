// A malformed line throws Malformed, which becomes the line's answer: the run over the other lines
// goes on (test: MalformedLines).
#include "auth/iam/evaluate_json.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "auth/iam/evaluate.h"
#include "auth/iam/policy/compiled.h"
#include "auth/iam/policy/document.h"
#include "auth/iam/policy/json_access.h"
#include "auth/iam/policy/json_text.h"
#include "schemas/base/bounded_memo.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::auth::iam {
namespace {

using base::OrderedJson;

// Sets of policies whose compiled form is kept. A file of cases usually has a few sets and many
// requests for each; the number only bounds the memory of a hostile file.
constexpr std::size_t kMostKnownSets = 4096;

// Ends the work on one line. It is caught in LineEvaluator::evaluate and nowhere else.
struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The position is in bytes, as a line has no lines of its own.
OrderedJson parse(std::string_view text) {
  auto json = base::parse_ordered_json(text);
  if (!json) {
    throw Malformed("at byte " + std::to_string(json.error().offset) + ": " + json.error().detail);
  }
  return std::move(*json);
}

std::string string_member(const OrderedJson& object, const char* name, bool required) {
  const OrderedJson* value = member(object, name);
  if (value != nullptr && value->is_string()) return value->get<std::string>();
  // An optional member may be null, which is the same as absent. Any other type is an error,
  // required or not.
  if (value == nullptr ? required : (required || !value->is_null())) {
    throw Malformed(std::string("request.") + name + " is not a string");
  }
  return {};
}

// A line may have members of its writer's own, as an id or a comment. One that is nearly a member
// that is read here is a typing error: what it says would be ignored.
void check_spelling(const OrderedJson& object, const std::vector<std::string>& known) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string meant = base::did_you_mean(key, known);
    if (!meant.empty()) throw Malformed("unknown key " + key + meant);
  }
}

Context read_context(const OrderedJson* json) {
  Context context;
  if (json == nullptr || json->is_null()) return context;
  if (!json->is_object()) throw Malformed("request.context is not an object");
  for (const auto& [key, value] : json->items()) {
    // Keys are compared without case ("Condition keys are not case-sensitive"), so two spellings of
    // one key would be ambiguous.
    if (context.find(key) != nullptr) {
      throw Malformed("request.context has " + key + " twice: keys are compared without case");
    }
    if (is_scalar(value)) {
      context.set(key, scalar_text(value));
    } else if (value.is_array() && std::all_of(value.begin(), value.end(), is_scalar)) {
      context.set_multi(key, texts(value));
    } else if (!value.is_null()) {
      throw Malformed("request.context." + key + " is neither a value nor a list of values");
    }
  }
  return context;
}

// null must be written for an anonymous caller: a line that forgets its principal is malformed, not
// anonymous.
Principal read_principal(const OrderedJson& json) {
  const OrderedJson* text = member(json, "principal");
  if (text == nullptr) throw Malformed("request.principal is missing (null is anonymous)");
  if (text->is_null()) return {};
  auto principal = make_principal(string_member(json, "principal", true),
                                  string_member(json, "principal_issuer", false));
  if (!principal || principal->kind == PrincipalKind::kAnonymous) {
    throw Malformed("request.principal is neither null, the ARN of a principal nor a service");
  }
  principal->unique_id = string_member(json, "principal_unique_id", false);
  return std::move(*principal);
}

Request read_request(const OrderedJson& line) {
  const OrderedJson* json = member(line, "request");
  if (json == nullptr || !json->is_object()) throw Malformed("there is no object \"request\"");
  static const std::vector<std::string> kMembers{
      "principal",        "principal_issuer", "principal_unique_id", "action", "resource",
      "resource_account", "context"};
  check_spelling(*json, kMembers);
  Request request;
  request.principal = read_principal(*json);
  request.action = string_member(*json, "action", true);
  if (request.action.empty()) throw Malformed("request.action is empty");
  request.resource = string_member(*json, "resource", false);
  // An action without resources asks for "*".
  if (request.resource.empty()) request.resource = "*";
  // Given explicitly, the account wins over that of the ARN.
  request.resource_account = string_member(*json, "resource_account", false);
  if (request.resource_account.empty()) {
    // ECR's ARNs have the owner's account. Others do not (an S3 bucket): the resource then counts
    // as the caller's own.
    const ArnParts arn(request.resource);
    if (arn.is_arn && model::is_account_id(arn.part[4])) request.resource_account = arn.part[4];
  }
  request.context = read_context(member(*json, "context"));
  return request;
}

// The documents are read as kAny, which lets both Principal and its absence pass. This checks the
// elements that the list of a policy asks for, with AWS's sentences where it has them.
void check_place(const Policy& policy, bool resource_based, bool needs_resource,
                 const std::string& place) {
  for (const Statement& statement : policy.compiled().statements) {
    if (statement.has_principal && !resource_based) {
      throw Malformed(place + ": Policy document should not specify a principal.");
    }
    if (!statement.has_principal && resource_based) {
      throw Malformed(place + ": Missing required field Principal");
    }
    if (!statement.has_resource && needs_resource) {
      throw Malformed(place + ": Policy statement must contain resources.");
    }
  }
}

void append_trace(const Trace& trace, const PolicySet& set, std::string& out) {
  const auto list = [&](const TraceEntry& entry) -> const std::vector<AttachedPolicy>& {
    switch (entry.type) {
      case DecidedBy::kIdentity:
        return set.identity;
      case DecidedBy::kResource:
        return set.resource;
      case DecidedBy::kBoundary:
        return set.boundaries;
      case DecidedBy::kSession:
        return set.session;
      case DecidedBy::kScopeDown:
        return set.scope_down;
      case DecidedBy::kEndpoint:
        return set.endpoint;
      case DecidedBy::kScp:
        return set.scps[entry.level];
      case DecidedBy::kRcp:
        break;
    }
    return set.rcps[entry.level];
  };
  // Each entry has the place of its statement (list, level, index), so that a reader finds it in
  // the input.
  OrderedJson entries = OrderedJson::array();
  for (const TraceEntry& entry : trace) {
    const AttachedPolicy& attached = list(entry)[entry.policy];
    const Statement& statement = attached.policy->compiled().statements[entry.statement];
    OrderedJson json;
    json["type"] = name_of(entry.type);
    if (entry.type == DecidedBy::kScp || entry.type == DecidedBy::kRcp) {
      json["level"] = entry.level;
    }
    json["policy"] = entry.policy;
    // Only the policy of root has a source: the others have no names in the input.
    if (!attached.source.empty()) json["source"] = attached.source;
    json["statement"] = entry.statement;
    if (!statement.sid.empty()) json["sid"] = statement.sid;
    json["effect"] = statement.allow ? "Allow" : "Deny";
    json["outcome"] = name_of(entry.outcome);
    if (entry.condition >= 0) {
      json["condition"] = attached.policy->condition_text(
          entry.statement, static_cast<std::size_t>(entry.condition));
    }
    entries.push_back(std::move(json));
  }
  out += ",\"trace\":" + base::dump(entries);
}

}  // namespace

struct LineEvaluator::State {
  base::BoundedMemo<std::string, std::shared_ptr<const PolicySet>, base::StringHash> sets{
      kMostKnownSets};  // by text
  // Root needs no policy in its account. For the evaluator it has one that allows everything, so
  // that denies, SCPs and RCPs still apply to it (test: RootHasEverythingInItsAccount).
  AttachedPolicy root{*Policy::parse(R"({"Version":"2012-10-17","Statement":)"
                                     R"([{"Effect":"Allow","Action":"*","Resource":"*"}]})",
                                     PolicyType::kIdentity),
                      "root user"};

  static AttachedPolicy policy(const OrderedJson& json, const std::string& place) {
    auto parsed = json.is_string()
                      ? Policy::parse(json.get_ref<const std::string&>(), PolicyType::kAny)
                      : make_policy(json, PolicyType::kAny, {});
    if (!parsed) {
      const PolicyProblem& problem = parsed.error();
      std::string message = place + ": " + problem.message;
      if (!problem.path.empty()) message += " (" + problem.path + ")";
      if (!problem.detail.empty()) message += ": " + problem.detail;
      throw Malformed(message);
    }
    return {std::move(*parsed), {}};
  }

  static std::vector<AttachedPolicy> list(const OrderedJson& json, const std::string& place,
                                          bool resource_based) {
    std::vector<AttachedPolicy> out;
    if (json.is_null()) return out;
    if (!json.is_array()) throw Malformed(place + " is not a list");
    for (std::size_t i = 0; i < json.size(); ++i) {
      const std::string at = place + "[" + std::to_string(i) + "]";
      out.push_back(policy(json[i], at));
      check_place(*out.back().policy, resource_based, true, at);
    }
    return out;
  }

  static std::vector<std::vector<AttachedPolicy>> levels(const OrderedJson& json,
                                                         const std::string& place,
                                                         bool resource_based) {
    std::vector<std::vector<AttachedPolicy>> out;
    if (json.is_null()) return out;
    if (!json.is_array()) throw Malformed(place + " is not a list of levels");
    for (std::size_t i = 0; i < json.size(); ++i) {
      out.push_back(list(json[i], place + "[" + std::to_string(i) + "]", resource_based));
    }
    return out;
  }

  // An unknown kind of policy is an error: a misspelled "boundary" that was ignored would allow too
  // much.
  static PolicySet read_set(const OrderedJson& json) {
    PolicySet set;
    if (json.is_null()) return set;
    if (!json.is_object()) throw Malformed("\"policies\" is not an object");
    for (const auto& [name, value] : json.items()) {
      const std::string place = "policies." + name;
      if (name == "identity") {
        set.identity = list(value, place, false);
      } else if (name == "boundaries") {
        set.boundaries = list(value, place, false);
      } else if (name == "session") {
        set.session = list(value, place, false);
      } else if (name == "scope_down") {
        set.scope_down = list(value, place, false);
      } else if (name == "scps") {
        set.scps = levels(value, place, false);
      } else if (name == "rcps") {
        set.rcps = levels(value, place, true);
      } else if (name == "endpoint") {
        if (value.is_null()) continue;
        set.endpoint.push_back(policy(value, place));
        check_place(*set.endpoint.back().policy, true, true, place);
      } else if (name != "resource") {
        throw Malformed(place + " is not a kind of policy" +
                        base::did_you_mean(name, {"identity", "boundaries", "session", "scope_down",
                                                  "resource", "endpoint", "scps", "rcps"}));
      } else if (!value.is_null()) {
        set.resource.push_back(policy(value, place));
        // A repository policy has no Resource, so it is not asked for.
        check_place(*set.resource.back().policy, true, false, place);
      }
    }
    return set;
  }

  // The key is the text as written: equal policies with other white space are compiled again, which
  // is slower but right.
  std::shared_ptr<const PolicySet> set_of(std::string_view text) {
    if (const auto* const known = sets.find(text)) return *known;
    return sets.put(text, std::make_shared<const PolicySet>(read_set(parse(text))));
  }

  std::string evaluate(std::string_view line, bool explain) {
    // The policies are mostly those of an earlier line. Their text finds the compiled ones, so that
    // only the rest of the line is parsed. If the rest, with null in the place of the policies, and
    // the policies are valid JSON, the line is too.
    std::shared_ptr<const PolicySet> set;
    OrderedJson json;
    if (const auto found = find_top_level_member(line, "policies")) {
      std::string rest(line.substr(0, found->offset));
      rest += "null";
      rest += line.substr(found->offset + found->size);
      json = parse(rest);
      set = set_of(line.substr(found->offset, found->size));
    } else {
      // A line whose members are written in an unusual way (escapes in the name) is parsed as a
      // whole.
      json = parse(line);
      const OrderedJson* given = json.is_object() ? member(json, "policies") : nullptr;
      set = std::make_shared<const PolicySet>(given == nullptr ? PolicySet{} : read_set(*given));
    }
    if (!json.is_object()) throw Malformed("the line is not an object");
    static const std::vector<std::string> kParts{"request", "policies"};
    check_spelling(json, kParts);
    const Request request = read_request(json);
    if (request.principal.kind == PrincipalKind::kRoot) {
      // A copy: the set in the memo is shared with other lines. Its policies are shared pointers,
      // so the copy is cheap.
      auto with_root = std::make_shared<PolicySet>(*set);
      with_root->identity.push_back(root);
      set = std::move(with_root);
    }
    const Verdict verdict = iam::evaluate(request, *set);
    if (verdict.over_budget) {
      throw Malformed("the policies ask for more work than one decision may take (" +
                      std::to_string(kMostEvaluationSteps) + " steps)");
    }
    return answer(verdict, *set, explain);
  }

  static std::string answer(const Verdict& verdict, const PolicySet& set, bool explain) {
    // The names are constants without special characters, and the statement is compact JSON
    // already: the line is put together without building a document.
    std::string out = "{\"decision\":\"";
    out += name_of(verdict.decision);
    out += "\",\"decided_by\":\"";
    out += name_of(verdict.decided_by);
    out += "\",\"statement\":";
    out += verdict.policy == nullptr
               ? "null"
               : verdict.policy->compiled().statements[verdict.statement].json;
    if (explain) append_trace(verdict.trace, set, out);
    out += "}";
    return out;
  }
};

LineEvaluator::LineEvaluator() : state_(std::make_unique<State>()) {}

LineEvaluator::~LineEvaluator() = default;

std::string LineEvaluator::evaluate(std::string_view line, bool explain, bool& ok) {
  try {
    ok = true;
    return state_->evaluate(line, explain);
  } catch (const Malformed& malformed) {
    ok = false;
    return base::dump(OrderedJson{{"error", malformed.what()}});
  }
}

std::string evaluate_line(std::string_view line, bool explain, bool& ok) {
  // One a thread: the evaluator's memo has no lock.
  thread_local LineEvaluator evaluator;
  return evaluator.evaluate(line, explain, ok);
}

}  // namespace ecr::auth::iam
