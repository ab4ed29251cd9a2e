// GET /_ecr-local/credentials/role/NAME, what AWS_CONTAINER_CREDENTIALS_FULL_URI points to.
#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/metadata/metadata_plane.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "schemas/model/digest.h"
#include "schemas/model/partition.h"

namespace ecr::api::metadata {
namespace {

using base::OrderedJson;

constexpr std::string_view kPrefix = "/_ecr-local/credentials/role/";

// [\w+=,.@-]: names of roles and of their sessions.
bool is_name(std::string_view text, std::size_t least, std::size_t most) {
  return text.size() >= least && text.size() <= most &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("_+=,.@-").find(c) != std::string_view::npos;
         });
}

// The members are those of the endpoints of ECS and EKS: SDKs print both.
HttpResponse container_error(int status, std::string_view code, std::string message) {
  HttpResponse response = text_response(
      status, "application/json", base::dump(OrderedJson{{"code", code}, {"message", message}}));
  response.note.error = std::move(message);
  response.note.error_type = code;
  return response;
}

// What the query says of the caller.
struct ContainerQuery {
  std::string service = "ecs-tasks";
  std::string account;
  std::string session;
};

// The reason why the query cannot be used; empty: it can.
std::string read_query(std::string_view query, ContainerQuery& asked) {
  const auto form = base::parse_form(query, true);
  if (!form) return "the query has a bad percent escape";
  for (const auto& [name, value] : *form) {
    if (name == "service") {
      asked.service = value;
    } else if (name == "account") {
      asked.account = value;
    } else if (name == "session") {
      asked.session = value;
    } else if (!name.empty()) {
      return name + " is not known here" +
             base::did_you_mean(name, {"service", "account", "session"});
    }
  }
  if (asked.service != "ecs-tasks" && asked.service != "pods.eks" && asked.service != "lambda") {
    return "service must be ecs-tasks, pods.eks or lambda";
  }
  if (!model::is_account_id(asked.account)) return "account must have 12 digits";
  if (!asked.session.empty() && !is_name(asked.session, 2, 64)) {
    return "session must be 2 to 64 characters of A-Z, a-z, 0-9, _ + = , . @ -";
  }
  return "";
}

// What each service says of the caller. The cluster, the task and the pod are made up.
sts::ServiceCall call_of(const ContainerQuery& asked, std::string role, const std::string& region) {
  const auto& partition = model::partition_of_region(region);
  const std::string place =
      base::format("arn:{}:{{}}:{}:{}:", partition.name, region, asked.account);
  const auto arn_of = [&](std::string_view service, std::string_view resource) {
    std::string arn = place;
    base::replace_all(arn, "{}", service);
    return arn + std::string(resource);
  };
  sts::ServiceCall call{
      asked.service + ".amazonaws.com", asked.account, std::move(role), asked.session, "", {}};
  if (call.session_name.empty()) call.session_name = "ecr-local";
  if (asked.service == "ecs-tasks") {
    call.source_arn = arn_of("ecs", "task/ecr-local/" + call.session_name);
  } else if (asked.service == "pods.eks") {
    call.source_arn = arn_of("eks", "cluster/ecr-local");
    call.tags = {{"eks-cluster-arn", call.source_arn},
                 {"eks-cluster-name", "ecr-local"},
                 {"kubernetes-namespace", "default"},
                 {"kubernetes-pod-name", call.session_name},
                 {"kubernetes-pod-uid", "00000000-0000-4000-8000-000000000000"},
                 {"kubernetes-service-account", "default"}};
  }
  return call;
}

OrderedJson credentials_json(const sts::ServiceCredentials& credentials,
                             const std::string& account) {
  return {{"RoleArn", credentials.role_arn},
          {"AccessKeyId", credentials.access_key},
          {"SecretAccessKey", credentials.secret},
          {"Token", credentials.token},
          {"Expiration", base::format_iso8601(credentials.expires_at)},
          {"AccountId", account}};
}

}  // namespace

bool is_container_path(std::string_view path) { return path.starts_with(kPrefix); }

// The token comes before all else: who does not have it learns nothing.
HttpResponse MetadataPlane::container(const HttpRequest& request) {
  if (options_.container_token.empty()) {
    return container_error(404, "NotFound",
                           "There are no credentials for containers: start ecr-local with "
                           "--credentials-token FILE");
  }
  const std::string_view given = request.headers.get("authorization");
  if (!model::constant_time_equal(given, options_.container_token)) {
    return container_error(401, "Unauthorized",
                           given.empty() ? "The request has no Authorization: set "
                                           "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE to the file of "
                                           "--credentials-token"
                                         : "Authorization is not the token of --credentials-token");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response =
        container_error(405, "MethodNotAllowed", "This path has the methods GET, HEAD");
    response.set("Allow", "GET, HEAD");
    return response;
  }
  const auto role = base::percent_decode(request.path().substr(kPrefix.size()));
  if (!role || !is_name(*role, 1, 64)) {
    return container_error(
        404, "NotFound", base::format("The path must be {}NAME, with the name of a role", kPrefix));
  }
  ContainerQuery asked;
  asked.account = services_.settings.account;
  if (const std::string problem = read_query(request.query(), asked); !problem.empty()) {
    return container_error(400, "InvalidRequest", problem);
  }
  try {
    const auto credentials =
        sessions_.credentials(request, call_of(asked, *role, services_.settings.region));
    HttpResponse response = text_response(200, "application/json",
                                          base::dump(credentials_json(credentials, asked.account)));
    response.set("Cache-Control", "no-store");
    response.note.principal = asked.service + ".amazonaws.com";
    response.note.action = "sts:AssumeRole";
    return response;
  } catch (...) {
    const ApiError error = to_api_error(std::current_exception());
    const bool denied = error.code() == ErrorCode::kAccessDenied;
    HttpResponse response = container_error(
        denied ? 403 : names_of(error.code()).json_status, names_of(error.code()).json_type,
        denied ? base::format("{} ({} explain {})", error.message(), "ecr-local", request.id)
               : error.message());
    response.note.denied = denied;
    response.note.principal = asked.service + ".amazonaws.com";
    response.note.action = "sts:AssumeRole";
    return response;
  }
}

}  // namespace ecr::api::metadata
