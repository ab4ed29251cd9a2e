#include "tests/api/query_fixture.h"

#include <map>

#include "auth/sigv4/sign.h"
#include "schemas/base/encoding.h"
#include "schemas/model/validator.h"

namespace ecr::api::test {
namespace {

using model::Shape;
using model::ShapeType;

std::string unescape(std::string text) {
  const std::pair<const char*, const char*> entities[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}};
  for (const auto& [from, to] : entities) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += 1) {
      text.replace(at, std::string(from).size(), to);
    }
  }
  return text;
}

// An element: its text, or its children.
struct Element {
  std::string name;
  std::string text;
  std::vector<Element> children;
};

// Parses from after "<name ...>" to its end tag; moves `at` behind it.
Element parse_element(const std::string& xml, std::size_t& at) {
  Element element;
  const std::size_t close = xml.find('>', at);
  element.name = xml.substr(at + 1, xml.find_first_of(" >", at) - at - 1);
  at = close + 1;
  for (;;) {
    const std::size_t next = xml.find('<', at);
    if (xml[next + 1] == '/') {
      if (element.children.empty()) element.text = unescape(xml.substr(at, next - at));
      at = xml.find('>', next) + 1;
      return element;
    }
    at = next;
    element.children.push_back(parse_element(xml, at));
  }
}

const Element* child(const Element& element, std::string_view name) {
  for (const Element& candidate : element.children) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

Json to_json(const Element& element, const Shape& shape) {
  switch (shape.type) {
    case ShapeType::kStructure: {
      Json json = Json::object();
      for (const Element& member : element.children) {
        const model::Member* known = shape.find(member.name);
        json[member.name] = known != nullptr ? to_json(member, *known->shape) : Json("unknown");
      }
      return json;
    }
    case ShapeType::kList: {
      Json json = Json::array();
      for (const Element& member : element.children) {
        json.push_back(to_json(member, *shape.element));
      }
      return json;
    }
    case ShapeType::kMap: {
      Json json = Json::object();
      for (const Element& entry : element.children) {
        json[child(entry, "key")->text] = to_json(*child(entry, "value"), *shape.element);
      }
      return json;
    }
    case ShapeType::kBoolean:
      return element.text == "true";
    case ShapeType::kInteger:
    case ShapeType::kLong:
      return std::stoll(element.text);
    default:
      return element.text;
  }
}

const model::ServiceModel& model_of(const std::string& service) {
  return service == "iam" ? model::ServiceModel::iam() : model::ServiceModel::sts();
}

}  // namespace

std::string xml_text(const std::string& xml, const std::string& element) {
  const std::size_t begin = xml.find("<" + element + ">");
  if (begin == std::string::npos) return "";
  const std::size_t start = begin + element.size() + 2;
  return unescape(xml.substr(start, xml.find("</" + element + ">", start) - start));
}

HttpResponse QueryTest::send_query(const std::string& service, const std::string& action,
                                   const Parameters& parameters) {
  std::string body = "Action=" + action + "&Version=" + model_of(service).api_version();
  for (const auto& [name, value] : parameters) {
    body += "&" + base::percent_encode(name) + "=" + base::percent_encode(value);
  }
  std::vector<std::pair<std::string, std::string>> headers = {
      {"Host", host}, {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  if (!keys.access_key.empty()) {
    auth::SigningInput input;
    input.method = "POST";
    input.path = "/";
    input.headers = {headers.begin(), headers.end()};
    input.body = body;
    input.access_key_id = keys.access_key;
    input.secret_access_key = keys.secret;
    input.session_token = session_token;
    input.region = region;
    input.service = service;
    input.time = clock.now();
    for (auto& header : auth::sign_headers(input)) headers.push_back(header);
  }
  if (!accept.empty()) headers.emplace_back("Accept", accept);
  const HttpRequest request = make_request("POST", "/", headers, body);
  return settle(control.handle(request));
}

Json QueryTest::call_query(const std::string& service, const std::string& action,
                           const Parameters& parameters) {
  const HttpResponse response = send_query(service, action, parameters);
  const std::string xml = body_of(response);
  EXPECT_EQ(response.status, 200) << xml;
  const auto* operation = model_of(service).find(action);
  if (response.status != 200 || operation->output == nullptr) return Json::object();
  std::size_t at = 0;
  const Element answer = parse_element(xml, at);
  const Element* result = child(answer, operation->result_wrapper);
  if (result == nullptr) {
    ADD_FAILURE() << action << " has no " << operation->result_wrapper << ": " << xml;
    return Json::object();
  }
  Json output = to_json(*result, *operation->output);
  for (const auto& violation : model::validate_output(output, *operation->output)) {
    // Times are texts in XML; the validator knows those of JSON.
    if (violation.shape != nullptr && violation.shape->type == ShapeType::kTimestamp &&
        base::parse_iso8601(violation.value)) {
      continue;
    }
    // AWS answers with words that its model does not have: its simulator, and for boundaries.
    if (violation.kind == model::Violation::Kind::kEnum &&
        (violation.path.ends_with("ourcePolicyType") ||
         violation.path.ends_with("ermissionsBoundaryType"))) {
      continue;
    }
    ADD_FAILURE() << action << ": " << violation.path << " does not fit the output shape";
  }
  return output;
}

std::pair<std::string, std::string> QueryTest::fail_query(const std::string& service,
                                                          const std::string& action,
                                                          const Parameters& parameters,
                                                          int status) {
  const HttpResponse response = send_query(service, action, parameters);
  const std::string xml = body_of(response);
  EXPECT_EQ(response.status, status) << xml;
  return {xml_text(xml, "Code"), xml_text(xml, "Message")};
}

void QueryTest::seed(const Json& document) {
  const auto response =
      admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}}, document.dump()));
  ASSERT_EQ(response.status, 200) << body_of(response);
}

void QueryTest::use(const Json& credentials) {
  keys = {credentials["AccessKeyId"].get<std::string>(),
          credentials["SecretAccessKey"].get<std::string>()};
  session_token = credentials["SessionToken"].get<std::string>();
}

void QueryTest::use(const Keys& long_term) {
  keys = long_term;
  session_token.clear();
}

}  // namespace ecr::api::test
