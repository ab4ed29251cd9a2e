// The instance metadata service, version 2 alone: what SDKs ask it for, with a made-up instance.
#include <array>
#include <charconv>
#include <exception>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "api/core/access/origin.h"
#include "api/core/wire/error.h"
#include "api/metadata/metadata_plane.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/partition.h"

namespace ecr::api::metadata {
namespace {

using base::OrderedJson;

constexpr const char* kInstance = "i-0ec210ca100000001";
constexpr std::string_view kTokenPath = "/latest/api/token";
constexpr std::string_view kCredentials = "/latest/meta-data/iam/security-credentials/";
constexpr const char* kLifeHeader = "x-aws-ec2-metadata-token-ttl-seconds";

HttpResponse plain(int status, std::string text) {
  HttpResponse response = text_response(status, "text/plain", std::move(text));
  if (status >= 400) response.note.error = std::get<std::string>(response.body);
  return response;
}

HttpResponse not_found() { return plain(404, "Not Found"); }

HttpResponse json_text(const OrderedJson& json) {
  // AWS's documents have two spaces of indent.
  HttpResponse response = text_response(200, "text/plain", json.dump(2));
  response.set("Cache-Control", "no-store");
  return response;
}

std::optional<std::chrono::seconds> asked_life(const HttpRequest& request) {
  const std::string_view text = request.headers.get(kLifeHeader);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || seconds < 1 ||
      seconds > InstanceTokens::kLongestLife.count()) {
    return std::nullopt;
  }
  return std::chrono::seconds(seconds);
}

// A directory lists what is in it, one name a line; a slash marks a directory.
constexpr std::pair<std::string_view, std::string_view> kDirectories[] = {
    {"/", "latest"},
    {"/latest/", "dynamic\nmeta-data"},
    {"/latest/dynamic/", "instance-identity/"},
    {"/latest/dynamic/instance-identity/", "document"},
    {"/latest/meta-data/", "iam/\ninstance-id\nplacement/\nservices/"},
    {"/latest/meta-data/iam/", "info\nsecurity-credentials/"},
    {"/latest/meta-data/placement/", "availability-zone\nregion"},
    {"/latest/meta-data/services/", "domain\npartition"},
};

std::optional<std::string_view> directory(std::string_view path) {
  for (const auto& [name, content] : kDirectories) {
    const bool same = path == name || (name.size() > 1 && path == name.substr(0, name.size() - 1));
    if (same) return content;
  }
  return std::nullopt;
}

}  // namespace

// A token comes first, for everything but the token itself: there is no version 1 here. The host is
// looked at because a page of another site can make its own name stand for this address, and is
// then no stranger to the browser.
HttpResponse MetadataPlane::instance(const HttpRequest& request) {
  if (!is_trusted_host(services_.settings, request.host())) {
    return plain(
        403, base::format("This is not answered under the host name {}: use an address, or "
                          "start ecr-local with --admin-host {}",
                          base::without_port(request.host()), base::without_port(request.host())));
  }
  if (request.path() == kTokenPath) return instance_token(request);
  if (!tokens_.is_good(request.headers.get("x-aws-ec2-metadata-token"))) {
    return plain(401, "Unauthorized");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return plain(405, "Method Not Allowed");
  }
  const std::string_view path = request.path();
  const std::string& region = services_.settings.region;
  const model::Partition& partition = model::partition_of_region(region);
  if (const auto content = directory(path)) return plain(200, std::string(*content));
  if (path == "/latest/meta-data/instance-id") return plain(200, kInstance);
  if (path == "/latest/meta-data/placement/region") return plain(200, region);
  if (path == "/latest/meta-data/placement/availability-zone") return plain(200, region + "a");
  if (path == "/latest/meta-data/services/partition") {
    return plain(200, std::string(partition.name));
  }
  if (path == "/latest/meta-data/services/domain") {
    return plain(200, std::string(partition.dns_suffix));
  }
  if (path == "/latest/dynamic/instance-identity/document") return instance_document();
  if (options_.instance_role.empty()) return not_found();
  if (path == "/latest/meta-data/iam/info") return instance_profile();
  if (path == kCredentials || path == kCredentials.substr(0, kCredentials.size() - 1)) {
    return plain(200, options_.instance_role);
  }
  if (path == std::string(kCredentials) + options_.instance_role) {
    return instance_credentials(request);
  }
  return not_found();
}

// A request that a proxy passed on gets no token: proxies add this header, and would otherwise lend
// their role to whoever uses them.
HttpResponse MetadataPlane::instance_token(const HttpRequest& request) {
  if (request.method != "PUT") return plain(405, "Method Not Allowed");
  if (request.headers.find("x-forwarded-for")) return plain(403, "Forbidden");
  const auto life = asked_life(request);
  if (!life) return plain(400, "Bad Request");
  HttpResponse response = plain(200, tokens_.make(*life));
  response.set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", base::format("{}", life->count()));
  return response;
}

// Where the role does not trust EC2, AWS answers with 200 and this code.
HttpResponse MetadataPlane::instance_credentials(const HttpRequest& request) {
  const std::string& role = options_.instance_role;
  const sts::ServiceCall call{
      "ec2.amazonaws.com", options_.instance_account, role, kInstance, "", {}};
  const std::string now = base::format_iso8601(services_.clock.now());
  try {
    const auto credentials = sessions_.credentials(request, call);
    HttpResponse response =
        json_text({{"Code", "Success"},
                   {"LastUpdated", base::format_iso8601(credentials.created_at)},
                   {"Type", "AWS-HMAC"},
                   {"AccessKeyId", credentials.access_key},
                   {"SecretAccessKey", credentials.secret},
                   {"Token", credentials.token},
                   {"Expiration", base::format_iso8601(credentials.expires_at)},
                   {"AccountId", options_.instance_account}});
    response.note.principal = call.service;
    response.note.action = "sts:AssumeRole";
    return response;
  } catch (...) {
    const ApiError error = to_api_error(std::current_exception());
    const bool denied = error.code() == ErrorCode::kAccessDenied;
    if (!denied) return plain(500, "Internal Server Error");
    HttpResponse response =
        json_text({{"Code", "AssumeRoleUnauthorizedAccess"},
                   {"Message", base::format("EC2 cannot assume the role {}. ecr-local explain {} "
                                            "says why",
                                            role, request.id)},
                   {"LastUpdated", now}});
    response.note.principal = call.service;
    response.note.action = "sts:AssumeRole";
    response.note.error = error.message();
    response.note.error_type = "AssumeRoleUnauthorizedAccess";
    response.note.denied = true;
    return response;
  }
}

HttpResponse MetadataPlane::instance_profile() const {
  const auto& partition = model::partition_of_region(services_.settings.region);
  return json_text(
      {{"Code", "Success"},
       {"LastUpdated", base::format_iso8601(services_.clock.now())},
       {"InstanceProfileArn", base::format("arn:{}:iam::{}:instance-profile/{}", partition.name,
                                           options_.instance_account, options_.instance_role)},
       {"InstanceProfileId", "AIPAECRLOCALINSTANCE0"}});
}

HttpResponse MetadataPlane::instance_document() const {
  const std::string& region = services_.settings.region;
  return json_text({{"accountId", options_.instance_account},
                    {"architecture", "x86_64"},
                    {"availabilityZone", region + "a"},
                    {"imageId", "ami-0ec210ca100000001"},
                    {"instanceId", kInstance},
                    {"instanceType", "t3.micro"},
                    {"pendingTime", "2026-01-01T00:00:00Z"},
                    {"privateIp", "127.0.0.1"},
                    {"region", region},
                    {"version", "2017-09-30"}});
}

}  // namespace ecr::api::metadata
