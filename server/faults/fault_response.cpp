#include "server/faults/fault_response.h"

#include <nlohmann/json.hpp>

#include "api/core/wire/query_protocol.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::server {
namespace {

struct Names {
  int status;
  std::string_view code;
  std::string_view message;
};

// AWS's sentence for throttling (ECR user guide, common errors). The wording of the other two is
// inferred.
constexpr std::string_view kThrottled = "Rate exceeded";
constexpr std::string_view kFailed = "The service has encountered an internal failure";
constexpr std::string_view kUnavailable = "The service is temporarily unavailable";

// AWS JSON: ThrottlingException is among the errors that every service has, with status 400.
// Source: ECR API reference, "Common errors".
Names json_names(const Fault& fault) {
  if (fault.kind == FaultKind::kThrottle) return {400, "ThrottlingException", kThrottled};
  if (fault.status == 503) return {503, "ServiceUnavailableException", kUnavailable};
  // ServerException is the only modelled server error of ECR (its API model).
  return {fault.status, "ServerException", kFailed};
}

// AWS Query. Source: IAM API reference, "Common errors".
Names query_names(const Fault& fault) {
  if (fault.kind == FaultKind::kThrottle) return {400, "Throttling", kThrottled};
  if (fault.status == 503) return {503, "ServiceUnavailable", kUnavailable};
  return {fault.status, "InternalFailure", kFailed};
}

// Source: OCI distribution specification, "Error codes"; ECR answers 429 when it throttles.
Names registry_names(const Fault& fault) {
  if (fault.kind == FaultKind::kThrottle) return {429, "TOOMANYREQUESTS", kThrottled};
  return {fault.status, "UNKNOWN", fault.status == 503 ? kUnavailable : kFailed};
}

// SDKs read the code from __type; the status alone makes them retry a 5xx
// (integration/test_faults.py, test_boto3_retries_through_throttling).
api::HttpResponse json_response(const Names& names) {
  const base::Json body = {{"__type", std::string(names.code)},
                           {"message", std::string(names.message)}};
  return api::text_response(names.status, "application/x-amz-json-1.1", base::dump(body));
}

// The <Type> says whose fault it is: Sender for 4xx, Receiver for 5xx.
api::HttpResponse query_response(const Names& names, const std::string& id) {
  return api::text_response(
      names.status, "text/xml",
      base::format("<ErrorResponse><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message>"
                   "</Error><RequestId>{}</RequestId></ErrorResponse>\n",
                   names.status < 500 ? "Sender" : "Receiver", names.code, names.message,
                   api::xml_escape(id)));
}

api::HttpResponse registry_response(const Names& names) {
  const base::Json body = {
      {"errors", {{{"code", std::string(names.code)}, {"message", std::string(names.message)}}}}};
  api::HttpResponse response =
      api::text_response(names.status, "application/json; charset=utf-8", base::dump(body));
  // Seen on ECR's 401 answers, and inferred for the others. Old docker engines look for it.
  response.set("Docker-Distribution-Api-Version", "registry/2.0");
  return response;
}

}  // namespace

api::HttpResponse fault_response(const Fault& fault, std::string_view operation,
                                 const api::HttpRequest& request) {
  api::HttpResponse response;
  Names names{};
  // The operation decides for the registry, and the header for the two protocols of AWS, which
  // share "POST /".
  if (operation.starts_with("registry:")) {
    names = registry_names(fault);
    response = registry_response(names);
  } else if (request.headers.find("x-amz-target")) {
    names = json_names(fault);
    response = json_response(names);
  } else {
    names = query_names(fault);
    response = query_response(names, request.id);
  }
  // HEAD has the Content-Length of GET and no body (RFC 9110, 9.3.2).
  if (request.method == "HEAD") {
    response.head_length = std::get<std::string>(response.body).size();
    response.body = std::string();
  }
  response.note.error = base::format("{}: {} (/_ecr-local/faults)", names.code, names.message);
  return response;
}

}  // namespace ecr::server
