#include "server/faults/fault_response.h"

#include "api/core/wire/error_response.h"

namespace ecr::server {
namespace {

using api::EncodedError;
using api::ErrorForm;

// AWS's sentence for throttling (ECR user guide, common errors). The wording of the other two is
// inferred.
constexpr const char* kThrottled = "Rate exceeded";
constexpr const char* kFailed = "The service has encountered an internal failure";
constexpr const char* kUnavailable = "The service is temporarily unavailable";

// AWS JSON: ThrottlingException is among the errors that every service has, with status 400.
// Source: ECR API reference, "Common errors".
EncodedError json_names(const Fault& fault) {
  if (fault.kind == FaultKind::kThrottle) return {400, "ThrottlingException", kThrottled};
  if (fault.status == 503) return {503, "ServiceUnavailableException", kUnavailable};
  // ServerException is the only modelled server error of ECR (its API model).
  return {fault.status, "ServerException", kFailed};
}

// AWS Query. Source: IAM API reference, "Common errors".
EncodedError query_names(const Fault& fault) {
  if (fault.kind == FaultKind::kThrottle) return {400, "Throttling", kThrottled};
  if (fault.status == 503) return {503, "ServiceUnavailable", kUnavailable};
  return {fault.status, "InternalFailure", kFailed};
}

// Source: OCI distribution specification, "Error codes"; ECR answers 429 when it throttles.
EncodedError registry_names(const Fault& fault) {
  if (fault.kind == FaultKind::kThrottle) return {429, "TOOMANYREQUESTS", kThrottled};
  return {fault.status, "UNKNOWN", fault.status == 503 ? kUnavailable : kFailed};
}

}  // namespace

// The plane decides, and the header for the two protocols of AWS, which share "POST /". SDKs read
// the code, and the status alone makes them retry a 5xx (integration/test_faults.py,
// test_boto3_retries_through_throttling).
api::HttpResponse fault_response(const Fault& fault, const api::HttpRequest& request) {
  const bool registry = request.plane != api::Plane::kApi;
  const ErrorForm form = registry ? ErrorForm::kOci : api::aws_form(request);
  const EncodedError error = registry                      ? registry_names(fault)
                             : form == ErrorForm::kAwsJson ? json_names(fault)
                                                           : query_names(fault);
  api::HttpResponse response = api::error_response(error, form, request);
  if (request.method == "HEAD") api::drop_body(response);
  response.note.error += " (/_ecr-local/faults)";
  return response;
}

}  // namespace ecr::server
