#include "tests/api/fixture.h"

#include "api/admin/inventory/routes.h"
#include "api/admin/service_pull/service_pull.h"
#include "api/admin/what_if/routes.h"
#include "api/ecr/ecr_api.h"
#include "api/iam/iam_api.h"
#include "api/organizations/organizations_api.h"
#include "api/sts/sts_api.h"
#include "auth/sigv4/sign.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/validator.h"

namespace ecr::api::test {

void CountingRandom::fill(std::span<std::uint8_t> out) {
  for (std::uint8_t& byte : out) {
    next_ = next_ * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<std::uint8_t>(next_ >> 56);
  }
}

ApiTest::ApiTest()
    : store(storage::Store::open({.directory = "", .in_memory = true}, random)),
      tokens(store->key(), random),
      events(*store, random),
      services{{settings, *store, api_clock, clock, random, policies, decisions, failure_log,
                job_signal, events},
               tokens,
               signing_keys,
               &issuer_keys},
      control(services,
              {ecr::make_api(), iam::make_api(), sts::make_api(), organizations::make_api()}),
      registry_plane(services),
      jobs(services, {}),
      baseline(services, "", ""),
      admin(services, control, api_clock, jobs, baseline) {
  admin.add(admin::what_if::routes(services, control));
  admin.add(admin::inventory::routes(services, control));
  admin.add(admin::service_pull::routes(services));
}

HttpRequest make_request(const std::string& method, const std::string& target,
                         const std::vector<std::pair<std::string, std::string>>& headers,
                         std::string body) {
  HttpRequest request;
  request.method = method;
  request.target = target;
  std::vector<HeaderView> views(headers.begin(), headers.end());
  request.headers = HeaderList(views);
  request.body = std::move(body);
  request.peer = "127.0.0.1";
  request.id = "request-id";
  return request;
}

std::string body_of(const HttpResponse& response) {
  const auto* text = std::get_if<std::string>(&response.body);
  return text != nullptr ? *text : std::string();
}

std::string header_of(const HttpResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (base::equals_ignore_case(key, name)) return value;
  }
  return "";
}

HttpRequest ApiTest::signed_request(const std::string& operation, const std::string& body,
                                    const std::string& session_token) {
  std::vector<std::pair<std::string, std::string>> headers = {
      {"Host", host},
      {"Content-Type", "application/x-amz-json-1.1"},
      {"X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921." + operation}};
  auth::SigningInput input;
  input.method = "POST";
  input.path = "/";
  input.headers = {headers.begin(), headers.end()};
  input.body = body;
  input.access_key_id = keys.access_key;
  input.secret_access_key = keys.secret;
  input.session_token = session_token;
  input.region = region;
  input.service = "ecr";
  input.time = clock.now();
  for (auto& header : auth::sign_headers(input)) headers.push_back(header);
  HttpRequest request = make_request("POST", "/", headers, body);
  request.plane = Plane::kApi;  // as the server says it
  return request;
}

HttpResponse settle(HttpResponse response) {
  while (response.later) {
    const auto later = std::move(response.later);
    response = later();
  }
  return response;
}

HttpResponse ApiTest::send(const std::string& operation, const std::string& body) {
  const HttpRequest request = signed_request(operation, body);
  return settle(control.handle(request));
}

Json ApiTest::call(const std::string& operation, const Json& input) {
  const HttpResponse response = send(operation, input);
  EXPECT_EQ(response.status, 200) << body_of(response);
  Json output = Json::parse(body_of(response));
  const auto* model = model::ServiceModel::ecr().find(operation);
  if (response.status == 200 && model->output != nullptr) {
    for (const auto& violation : model::validate_output(output, *model->output)) {
      // Lengths bind inputs: the list of a page shares its shape with that of a batch, and AWS
      // answers pages of none and of a thousand.
      using Kind = model::Violation::Kind;
      if (violation.kind == Kind::kTooShort || violation.kind == Kind::kTooLong) continue;
      ADD_FAILURE() << operation << ": " << violation.path << " does not fit the output shape";
    }
  }
  return output;
}

std::pair<std::string, std::string> ApiTest::fail(const std::string& operation, const Json& input) {
  const HttpResponse response = send(operation, input);
  EXPECT_EQ(response.status, 400) << body_of(response);
  const Json body = Json::parse(body_of(response));
  return {body.value("__type", ""), body.value("message", "")};
}

std::string ApiTest::token() {
  const Json output = call("GetAuthorizationToken", Json::object());
  return output["authorizationData"][0]["authorizationToken"].get<std::string>();
}

HttpResponse ApiTest::registry(const std::string& method, const std::string& target,
                               const std::string& body,
                               std::vector<std::pair<std::string, std::string>> headers) {
  headers.emplace_back("Host", host);
  headers.emplace_back("Authorization", "Basic " + token());
  if (!body.empty()) headers.emplace_back("Content-Length", std::to_string(body.size()));
  HttpRequest request = make_request(method, target, headers, body);
  request.plane = Plane::kRegistry;
  const registry::RouteRow* const row = registry::find_row(request);
  if (row == nullptr || row->open == nullptr) return settle(registry_plane.handle(request));
  auto start = registry_plane.open(request);
  if (auto* response = std::get_if<HttpResponse>(&start)) return std::move(*response);
  auto& sink = std::get<std::unique_ptr<BodySink>>(start);
  // In pieces, as a socket would bring it.
  for (std::size_t at = 0; at < body.size(); at += 7) sink->write(body.substr(at, 7));
  return sink->finish();
}

std::string ApiTest::push_blob(const std::string& repository, const std::string& bytes) {
  const std::string digest = model::Digest::of(bytes).text();
  const HttpResponse response =
      registry("POST", base::format("/v2/{}/blobs/uploads/?digest={}", repository, digest), bytes);
  EXPECT_EQ(response.status, 201) << body_of(response);
  return digest;
}

std::string ApiTest::push_image(const std::string& repository, const std::string& tag,
                                const std::string& content) {
  const std::string config = R"({"config":")" + content + R"("})";
  const Json manifest = {{"schemaVersion", 2},
                         {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                         {"config",
                          {{"mediaType", "application/vnd.oci.image.config.v1+json"},
                           {"digest", push_blob(repository, config)},
                           {"size", config.size()}}},
                         {"layers",
                          {{{"mediaType", "application/vnd.oci.image.layer.v1.tar+gzip"},
                            {"digest", push_blob(repository, content)},
                            {"size", content.size()}}}}};
  const std::string text = manifest.dump();
  const HttpResponse response =
      registry("PUT", "/v2/" + repository + "/manifests/" + tag, text,
               {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}});
  EXPECT_EQ(response.status, 201) << body_of(response);
  return text;
}

Json policy(const std::string& effect, const Json& action, const Json& resource) {
  return {{"Version", "2012-10-17"},
          {"Statement", {{{"Effect", effect}, {"Action", action}, {"Resource", resource}}}}};
}

Json seed_user(const std::string& name, const Json& policies) {
  const Json user = {
      {"name", name},
      {"accessKeys",
       {{{"accessKeyId", kSeededKeys.access_key}, {"secretAccessKey", kSeededKeys.secret}}}},
      {"policies", policies}};
  return {{"accounts", {{"111122223333", {{"users", Json::array({user})}}}}}};
}

}  // namespace ecr::api::test
