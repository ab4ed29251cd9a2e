#include "api/core/background/call_record.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <nlohmann/json.hpp>

#include "api/core/wire/http.h"
#include "api/core/wire/json_text.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api {
namespace {

using auth::iam::PrincipalKind;
using base::OrderedJson;
using model::Shape;
using model::ShapeType;

constexpr std::string_view kHidden = "HIDDEN_DUE_TO_SECURITY_REASONS";

// Members that hold secrets, besides those whose shape the model marks as sensitive. In lower case.
constexpr std::array<std::string_view, 17> kSecrets = {
    "password",           "oldpassword",         "newpassword",         "secretaccesskey",
    "sessiontoken",       "webidentitytoken",    "samlassertion",       "tokencode",
    "authorizationtoken", "authenticationcode1", "authenticationcode2", "privatekey",
    "base32stringseed",   "qrcodepng",           "servicepassword",     "clientsecret",
    "downloadurl"};
// Bytes of layers.
constexpr std::string_view kPayload = "layerPartBlob";

// The reads whose answer is recorded all the same: it says whom credentials were made for.
constexpr std::array<std::string_view, 5> kCredentialCalls = {
    "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetFederationToken",
    "GetSessionToken"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// CloudTrail writes the members of Query services with a small first letter ("roleArn"), too.
std::string member_name(const std::string& name) {
  std::string shown = name;
  shown[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(shown[0])));
  return shown;
}

// "Jul 11, 2018 10:17:44 PM", as records show times of requests and answers.
std::string record_time(base::TimePoint time) {
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  const auto hour = clock.hours().count();
  return base::format("{} {}, {} {}:{:02}:{:02} {}", kMonths[unsigned(date.month()) - 1],
                      unsigned(date.day()), int(date.year()), hour % 12 == 0 ? 12 : hour % 12,
                      clock.minutes().count(), clock.seconds().count(), hour < 12 ? "AM" : "PM");
}

// Times are numbers in AWS JSON and ISO 8601 texts in AWS Query; a record has one form for both.
void append_time(std::string& out, const Json& value) {
  if (value.is_number()) {
    const double seconds = value.get<double>();
    return append_json_string(out, record_time(base::TimePoint(std::chrono::milliseconds(
                                       static_cast<std::int64_t>(seconds * 1000)))));
  }
  const auto time =
      value.is_string() ? base::parse_iso8601(value.get_ref<const std::string&>()) : std::nullopt;
  out += time ? base::dump(Json(record_time(*time))) : base::dump(value);
}

// Writes a request or an answer as the record shows it.
class RecordFormatter {
 public:
  // In requestParameters a secret is named and its value hidden; in responseElements it is left
  // out.
  explicit RecordFormatter(bool request) : request_(request) {}

  void append(std::string& out, const Json& value, const Shape* shape) const {
    if (value.is_object()) return append_object(out, value, shape);
    if (value.is_array()) return append_array(out, value, shape);
    if (shape != nullptr && shape->type == ShapeType::kTimestamp) return append_time(out, value);
    if (value.is_string()) return append_json_string(out, value.get_ref<const std::string&>());
    out += base::dump(value);
  }

 private:
  void append_array(std::string& out, const Json& value, const Shape* shape) const {
    char before = '[';
    for (const Json& element : value) {
      out += before;
      before = ',';
      append(out, element, shape != nullptr ? shape->element : nullptr);
    }
    out += value.empty() ? "[]" : "]";
  }

  void append_object(std::string& out, const Json& value, const Shape* shape) const {
    JsonObjectText object(out);
    const bool is_map = shape != nullptr && shape->type == ShapeType::kMap;
    for (const auto& [name, member] : value.items()) {
      const Shape* inner = nullptr;
      if (is_map) {
        inner = shape->element;
      } else if (const auto* found = shape != nullptr ? shape->find(name) : nullptr) {
        inner = found->shape;
      }
      if (name.empty() || name == kPayload) continue;
      const bool secret = (inner != nullptr && inner->sensitive) ||
                          (!is_map && contains(kSecrets, base::to_lower(name)));
      if (secret && !request_) continue;
      object.name(is_map ? name : member_name(name));
      if (secret) {
        append_json_string(out, kHidden);
      } else {
        append(out, member, inner);
      }
    }
    object.end();
  }

  bool request_;
};

std::string element(const Json* value, const Shape* shape, bool request) {
  // CloudTrail writes null for an operation without parameters, and for an answer without members.
  if (value == nullptr || value->empty()) return "null";
  std::string text;
  RecordFormatter(request).append(text, *value, shape);
  if (text == "{}" || text.size() > kMaxRecordedElement) return "null";
  return text;
}

std::string last_of(std::string_view arn) {
  return std::string(arn.substr(arn.rfind('/') + 1));  // the whole where there is no '/'
}

// "sessionIssuer": the role or user that the temporary credentials came from. The account's root
// user has its account id as principalId and no name.
OrderedJson session_issuer(const CallIdentity& caller) {
  const bool role = caller.principal.kind == PrincipalKind::kRoleSession;
  const bool root = caller.principal.issuer.ends_with(":root");
  OrderedJson issuer;
  issuer["type"] = role ? "Role" : (root ? "Root" : "IAMUser");
  issuer["principalId"] =
      caller.principal.unique_id.empty() ? caller.account : caller.principal.unique_id;
  issuer["arn"] = caller.principal.issuer;
  issuer["accountId"] = caller.account;
  if (!root) issuer["userName"] = last_of(caller.principal.issuer);
  return issuer;
}

// "sessionContext" of temporary credentials. "attributes" have text values, also mfaAuthenticated.
OrderedJson session_context(const CallIdentity& caller) {
  OrderedJson session;
  if (!caller.principal.issuer.empty()) session["sessionIssuer"] = session_issuer(caller);
  if (caller.federated_provider) {
    session["webIdFederationData"] = {{"federatedProvider", *caller.federated_provider},
                                      {"attributes", OrderedJson::object()}};
  }
  session["attributes"] = {{"creationDate", *caller.issued_at},
                           {"mfaAuthenticated", caller.mfa ? "true" : "false"}};
  if (caller.source_identity) session["sourceIdentity"] = *caller.source_identity;
  return session;
}

// CloudTrail User Guide, "CloudTrail userIdentity element", the values of "type".
const char* type_name(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::kRoot:
      return "Root";
    case PrincipalKind::kUser:
      return "IAMUser";
    case PrincipalKind::kRoleSession:
      return "AssumedRole";
    case PrincipalKind::kFederatedUser:
      return "FederatedUser";
    case PrincipalKind::kService:
      return "AWSService";
    case PrincipalKind::kAnonymous:
      break;
  }
  return "WebIdentityUser";  // the only calls that come without a signature
}

void append_user_identity(std::string& out, const CallIdentity& caller) {
  JsonObjectText identity(out);
  identity.text("type", type_name(caller.principal.kind));
  if (caller.principal.kind == PrincipalKind::kService) {
    identity.text("invokedBy", caller.principal.arn);
    return identity.end();
  }
  if (!caller.user_id.empty()) identity.text("principalId", caller.user_id);
  if (!caller.principal.arn.empty()) identity.text("arn", caller.principal.arn);
  // A web identity belongs to no account: CloudTrail has its provider instead.
  if (caller.principal.kind == PrincipalKind::kAnonymous) {
    if (caller.federated_provider) identity.text("identityProvider", *caller.federated_provider);
  } else {
    identity.text("accountId", caller.account);
  }
  if (!caller.access_key_id.empty()) identity.text("accessKeyId", caller.access_key_id);
  if (!caller.user_name.empty()) identity.text("userName", caller.user_name);
  if (caller.issued_at) identity.raw("sessionContext", base::dump(session_context(caller)));
  identity.end();
}

// CloudTrail writes "ARN" in capitals and "accountId" not.
void append_resources(std::string& out, const CallRecord& record) {
  char before = '[';
  for (const auto& [arn, account] : record.resources) {
    out += before;
    before = ',';
    JsonObjectText resource(out);
    resource.text("ARN", arn);
    resource.text("accountId", account);
    resource.end();
  }
  out += ']';
}

}  // namespace

// The facts about a session are taken from its condition keys, so that the record cannot differ
// from what was decided on.
CallIdentity make_call_identity(const Caller& caller) {
  CallIdentity identity{.principal = caller.principal,
                        .access_key_id = caller.access_key_id,
                        .account = caller.account,
                        .user_id = caller.user_id,
                        .user_name = caller.user_name,
                        .issued_at = {},
                        .mfa = false,
                        .source_identity = {},
                        .federated_provider = {}};
  for (const auto& [key, value] : caller.context) {
    if (key == "aws:TokenIssueTime") identity.issued_at = value;
    if (key == "aws:MultiFactorAuthPresent") identity.mfa = value == "true";
    if (key == "aws:SourceIdentity") identity.source_identity = value;
    if (key == "aws:FederatedProvider") identity.federated_provider = value;
  }
  return identity;
}

CallIdentity make_service_identity(std::string_view service, std::string_view account) {
  CallIdentity identity;
  identity.principal.kind = PrincipalKind::kService;
  identity.principal.arn = service;
  identity.account = account;
  return identity;
}

void describe_request(CallRecord& record, const HttpRequest& request) {
  record.source_address = request.peer;
  record.user_agent = request.headers.get("user-agent");
  record.request_id = request.id;
  record.request_bytes = request.body.size();
}

// A large member would be left out of the record anyway (kMaxRecordedElement). It is dropped here,
// before the record waits in memory.
void drop_large_members(CallRecord& record) {
  if (record.request_bytes <= kMaxRecordedElement || !record.input || !record.input->is_object())
    return;
  Json kept = Json::object();
  for (const auto& [name, value] : record.input->items()) {
    if (value.is_string() && value.get_ref<const std::string&>().size() > kMaxRecordedElement)
      continue;
    kept[name] = value;
  }
  record.input = std::make_shared<const Json>(std::move(kept));
  record.output = nullptr;  // the answer of PutImage holds the same manifest
  record.request_bytes = 0;
}

// CloudTrail gives no rule for readOnly. Its records have true for these prefixes, AssumeRole among
// them.
bool is_read_only(std::string_view operation) {
  constexpr std::array<std::string_view, 9> kPrefixes = {"Get",        "List",       "Describe",
                                                         "BatchGet",   "BatchCheck", "Simulate",
                                                         "AssumeRole", "Decode",     "Validate"};
  return std::any_of(kPrefixes.begin(), kPrefixes.end(), [operation](std::string_view prefix) {
    return operation.starts_with(prefix);
  });
}

std::string write_call_record(const CallRecord& record, std::string_view event_id) {
  const bool read_only = is_read_only(record.operation);
  // responseElements is for calls that change something (CloudTrail User Guide, "CloudTrail record
  // contents"): the answer of a read is not recorded, nor that of a failed call.
  const bool shows_output = !read_only || contains(kCredentialCalls, record.operation);
  const bool output = shows_output && record.error_code.empty();
  std::string text;
  text.reserve(1024);
  JsonObjectText json(text);
  json.text("eventVersion", "1.08");
  json.name("userIdentity");
  append_user_identity(text, *record.identity);
  json.text("eventTime", base::format_iso8601(record.time));
  json.text("eventSource", record.service + ".amazonaws.com");
  json.text("eventName", record.operation);
  json.text("awsRegion", record.region);
  json.text("sourceIPAddress", record.source_address);
  json.text("userAgent", record.user_agent);
  if (!record.error_code.empty()) {
    json.text("errorCode", record.error_code);
    json.text("errorMessage", record.error_message);
  }
  json.raw("requestParameters", element(record.input.get(), record.input_shape, true));
  json.raw("responseElements",
           output ? element(record.output.get(), record.output_shape, false) : "null");
  json.text("requestID", record.request_id);
  json.text("eventID", event_id);
  json.flag("readOnly", read_only);
  if (!record.resources.empty()) {
    json.name("resources");
    append_resources(text, record);
  }
  json.text("eventType", "AwsApiCall");
  json.flag("managementEvent", true);
  // AWS delivers the record of a cross-account call to both accounts; here the caller's has it
  // alone.
  json.text("recipientAccountId", record.identity->account);
  json.text("eventCategory", "Management");
  json.end();
  return text;
}

}  // namespace ecr::api
