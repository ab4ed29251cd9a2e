#include "server/cli/account/question_text.h"

#include <nlohmann/json.hpp>

#include "schemas/base/text.h"

namespace ecr::server {
namespace {

using base::OrderedJson;
using base::text_member;

// A list that may be absent: the answer comes from a server.
const OrderedJson& list_of(const OrderedJson& json, const char* name) {
  static const OrderedJson kNone = OrderedJson::array();
  const auto found = json.is_object() ? json.find(name) : json.end();
  return json.is_object() && found != json.end() && found->is_array() ? *found : kNone;
}

std::string verdict_mark(const OrderedJson& one, const Paint& paint) {
  const std::string verdict = text_member(one, "verdict");
  if (verdict == "allowed") return paint.good("✓");
  return verdict == "conditional" ? paint.doubtful("?") : paint.bad("✗");
}

std::string statement_text(const OrderedJson& one) {
  const std::string sid = text_member(one, "sid");
  const auto index = one.is_object() ? one.find("index") : one.end();
  const bool numbered = one.is_object() && index != one.end() && index->is_number_unsigned();
  const std::string place =
      numbered ? base::format("statement {}", index->get<std::uint64_t>()) : "a statement";
  return base::format("{}: {}, {}{}", text_member(one, "policyType"), text_member(one, "policy"),
                      place, sid.empty() ? "" : base::format(" ({})", sid));
}

// The Allow statements where it is allowed, and else those that deny.
std::string statements_text(const OrderedJson& one, std::string_view indent) {
  const char* effect = text_member(one, "verdict") == "denied" ? "Deny" : "Allow";
  std::string text;
  for (const OrderedJson& statement : list_of(one, "statements")) {
    if (text_member(statement, "effect") != effect) continue;
    // These allow everything wherever nobody took them away.
    const std::string policy = text_member(statement, "policy");
    if (policy.starts_with("p-FullAWSAccess ") || policy.starts_with("p-RCPFullAWSAccess ")) {
      continue;
    }
    text += base::format("{}by {}\n", indent, statement_text(statement));
  }
  return text;
}

std::string need_text(const OrderedJson& need) {
  const std::string word = text_member(need, "effect") == "Deny" ? "unless" : "if";
  const std::string test = text_member(need, "test");
  if (test.empty()) return base::format("{} by the value of {}", word, text_member(need, "key"));
  const auto values = need.find("values");  // an object, as it has a test
  return base::format("{} {} {} {}", word, text_member(need, "key"), test,
                      values == need.end() ? "" : base::dump(*values));
}

std::string needs_text(const OrderedJson& one, std::string_view indent) {
  std::string text;
  for (const OrderedJson& need : list_of(one, "needs")) {
    text += base::format("{}{}\n", indent, need_text(need));
  }
  return text;
}

std::string notes_text(const OrderedJson& one, std::string_view indent) {
  std::string text;
  for (const OrderedJson& note : list_of(one, "notes")) {
    if (note.is_string()) {
      text += base::format("{}note: {}\n", indent, note.get_ref<const std::string&>());
    }
  }
  return text;
}

std::string way_text(const OrderedJson& one, std::string_view indent) {
  std::string text;
  std::size_t number = 0;
  for (const OrderedJson& step : list_of(one, "via")) {
    text += base::format("{}{}. {} of {}\n", indent, ++number, text_member(step, "action"),
                         text_member(step, "role"));
    text += statements_text(step, base::format("{}   ", indent));
  }
  return text;
}

std::string way_of(const OrderedJson& one) {
  const std::size_t steps = list_of(one, "via").size();
  return steps == 0 ? "" : base::format(" by {}", base::counted(steps, "role"));
}

// "✓ ecr:BatchGetImage by resource: repository policy of app, statement 0 (Lambda)", or why not.
std::string pull_request_text(const OrderedJson& request, const Paint& paint) {
  const bool allowed = text_member(request, "decision") == "Allowed";
  const std::string action = text_member(request, "action");
  if (!allowed) {
    return base::format("    {} {}: {}\n", paint.bad("✗"), action, text_member(request, "message"));
  }
  const auto statement = request.find("statement");
  std::string by;
  if (statement != request.end() && statement->is_object()) {
    const std::string sid = text_member(*statement, "sid");
    by = base::format(": {}{}", text_member(*statement, "source"),
                      sid.empty() ? "" : base::format(" ({})", sid));
  }
  return base::format("    {} {}{}\n", paint.good("✓"), action, by);
}

std::string document_text(const OrderedJson& json, const char* name) {
  const auto found = json.find(name);  // none in what is no object
  return found == json.end() ? "" : base::dump(*found);
}

bool is_true(const OrderedJson& json, const char* name) {
  const auto found = json.is_object() ? json.find(name) : json.end();
  return json.is_object() && found != json.end() && *found == true;
}

}  // namespace

std::string service_pull_text(const OrderedJson& answer, const Paint& paint) {
  const bool allowed = is_true(answer, "allowed");
  std::string text =
      base::format("{} {} {} from {}\n  for {}\n", allowed ? paint.good("✓") : paint.bad("✗"),
                   text_member(answer, "service"), allowed ? "can pull" : "cannot pull",
                   text_member(answer, "repository"), text_member(answer, "sourceArn"));
  for (const OrderedJson& check : list_of(answer, "checks")) {
    text +=
        base::format("  {} ({})\n", text_member(check, "title"), text_member(check, "principal"));
    for (const OrderedJson& request : list_of(check, "requests")) {
      text += pull_request_text(request, paint);
    }
  }
  if (!allowed) {
    for (const OrderedJson& one : list_of(answer, "suggestion")) {
      if (text_member(one, "change") == "add") continue;
      text += base::format("remove or narrow, in {}:\n  {}\n", text_member(one, "where"),
                           document_text(one, "statement"));
    }
    for (const OrderedJson& one : list_of(answer, "documents")) {
      text += base::format("{}:\n  {}\n", text_member(one, "how"), document_text(one, "document"));
    }
  }
  for (const OrderedJson& note : list_of(answer, "notes")) {
    if (note.is_string()) text += base::format("note: {}\n", note.get<std::string>());
  }
  return text;
}

std::string can_text(const OrderedJson& answer, const Paint& paint) {
  const std::string error = text_member(answer, "error");
  if (!error.empty()) return base::format("{} {}\n", paint.bad("error:"), error);
  std::string text = base::format("{} {}: {} on {}{}\n", verdict_mark(answer, paint),
                                  text_member(answer, "verdict"), text_member(answer, "action"),
                                  text_member(answer, "resource"), way_of(answer));
  text += base::format("  {}\n", text_member(answer, "principal"));
  if (text_member(answer, "verdict") == "denied") {
    text += base::format("  {}\n", text_member(answer, "message"));
  }
  return text + way_text(answer, "  ") + statements_text(answer, "  ") + needs_text(answer, "  ") +
         notes_text(answer, "  ");
}

std::string who_can_text(const OrderedJson& answer, const Paint& paint) {
  std::string text;
  for (const OrderedJson& one : list_of(answer, "principals")) {
    text += base::format("{} {}{}\n", verdict_mark(one, paint), text_member(one, "principal"),
                         way_of(one));
    text += way_text(one, "    ") + statements_text(one, "    ") + needs_text(one, "    ");
  }
  if (text.empty()) {
    text = base::format("nobody here can {} on {}\n", text_member(answer, "action"),
                        text_member(answer, "resource"));
  }
  if (answer.is_object() && answer.value("truncated", OrderedJson()) == true) {
    text += "There may be more: the answer was broken off (--account asks about one account).\n";
  }
  return text + notes_text(answer, "");
}

}  // namespace ecr::server
