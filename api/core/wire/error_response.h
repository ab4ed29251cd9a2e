// An error as an answer: the one encoder of each form in which this server writes errors. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/core/wire/error.h"
#include "api/core/wire/http.h"

namespace ecr::api {

enum class ErrorForm {
  kAwsJson,       // {"__type": "RepositoryNotFoundException", "message": ...}: ECR, Organizations
  kAwsQuery,      // <ErrorResponse><Error><Code>...: IAM, STS
  kAwsQueryJson,  // {"Error": {"Code": ...}}: the same, where the client accepts JSON
  kOci,           // {"errors": [{"code": "DENIED", "message": ...}]}: /v2/
  kS3,            // <Error><Code>...: layers by signed URL
  kOwn            // {"message": ...}: the emulator's own API
};

// An error as a form writes it.
struct EncodedError {
  int status = 500;
  std::string code = {};  // in the form's own names; kOwn has none
  std::string message = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  // Beside code and message, in AWS JSON alone.
  std::vector<std::pair<std::string, ApiError::Member>> members = {};
};

EncodedError encode_error(const ApiError& error, ErrorForm form);

// The answer, with the error in its note for the logs. `xml_namespace`: of the service, in AWS
// Query.
HttpResponse error_response(const EncodedError& error, ErrorForm form, const HttpRequest& request,
                            std::string_view xml_namespace = {});
HttpResponse error_response(const ApiError& error, ErrorForm form, const HttpRequest& request,
                            std::string_view xml_namespace = {});

// Whether an answer of AWS Query is to be JSON: the request says "Accept: application/json".
bool accepts_query_json(const HttpRequest& request);
ErrorForm query_form(const HttpRequest& request);
// The form of "POST /" while the request's service is not known: AWS JSON names its operation in a
// header, AWS Query has no such header.
ErrorForm aws_form(const HttpRequest& request);

}  // namespace ecr::api
