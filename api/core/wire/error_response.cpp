#include "api/core/wire/error_response.h"

#include <nlohmann/json.hpp>

#include "api/core/wire/query_protocol.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api {
namespace {

using base::Json;

// S3 API Reference, "Error responses".
std::string_view s3_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kAccessDenied:
      return "AccessDenied";
    case ErrorCode::kBlobUnknown:
      return "NoSuchKey";
    case ErrorCode::kRangeNotSatisfiable:
      return "InvalidRange";
    case ErrorCode::kPreconditionFailed:
      return "PreconditionFailed";
    case ErrorCode::kUnsupported:
      return "MethodNotAllowed";
    case ErrorCode::kServiceUnavailable:
      return "ServiceUnavailable";
    default:
      return "InternalError";
  }
}

// ECR's body has the type without a namespace (captured from SDKs' test fixtures). Some errors have
// members of their own beside the message.
HttpResponse json_error(const EncodedError& error) {
  Json body = {{"__type", error.code}};
  if (!error.message.empty()) body["message"] = error.message;
  for (const auto& [name, value] : error.members) {
    std::visit([&, &key = name](const auto& member) { body[key] = member; }, value);
  }
  return text_response(error.status, "application/x-amz-json-1.1", base::dump(body));
}

// <Type> says whose fault it is: Sender below status 500, Receiver from there on.
HttpResponse query_error(const EncodedError& error, std::string_view xml_namespace,
                         std::string_view request_id) {
  return text_response(
      error.status, "text/xml",
      base::format(
          "<ErrorResponse xmlns=\"{}\"><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message>"
          "</Error><RequestId>{}</RequestId></ErrorResponse>",
          xml_namespace, error.status >= 500 ? "Receiver" : "Sender", error.code,
          xml_escape(error.message), xml_escape(request_id)));
}

// As STS answers verifiers of EKS tokens, whose requests accept JSON (kubernetes-sigs/
// aws-iam-authenticator, pkg/token).
HttpResponse query_json_error(const EncodedError& error, const std::string& request_id) {
  const Json body = {{"Error",
                      {{"Code", error.code},
                       {"Message", error.message},
                       {"Type", error.status >= 500 ? "Receiver" : "Sender"}}},
                     {"RequestId", request_id}};
  return text_response(error.status, "application/json", base::dump(body));
}

// The header says "this is a registry" to older clients; every answer of /v2/ has it, errors too.
HttpResponse oci_error(const EncodedError& error) {
  const Json body = {{"errors", {{{"code", error.code}, {"message", error.message}}}}};
  HttpResponse response =
      text_response(error.status, "application/json; charset=utf-8", base::dump(body));
  response.set("Docker-Distribution-Api-Version", "registry/2.0");
  return response;
}

HttpResponse s3_error(const EncodedError& error, std::string_view request_id) {
  return text_response(
      error.status, "application/xml",
      base::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}"
                   "</Message><RequestId>{}</RequestId></Error>",
                   error.code, xml_escape(error.message), xml_escape(request_id)));
}

HttpResponse own_error(const EncodedError& error) {
  return text_response(error.status, "application/json",
                       base::dump(Json{{"message", error.message}}) + "\n");
}

HttpResponse write_error(const EncodedError& error, ErrorForm form, const HttpRequest& request,
                         std::string_view xml_namespace) {
  switch (form) {
    case ErrorForm::kAwsJson:
      return json_error(error);
    case ErrorForm::kAwsQuery:
      return query_error(error, xml_namespace, request.id);
    case ErrorForm::kAwsQueryJson:
      return query_json_error(error, request.id);
    case ErrorForm::kOci:
      return oci_error(error);
    case ErrorForm::kS3:
      return s3_error(error, request.id);
    case ErrorForm::kOwn:
      break;
  }
  return own_error(error);
}

// CloudTrail says AccessDenied for every service, whatever the protocol's own name is. A registry
// request is recorded as a call of ECR's API, so its error has the name that this has.
std::string recorded_type(ErrorCode code, ErrorForm form) {
  if (code == ErrorCode::kAccessDenied) return "AccessDenied";
  const ErrorNames& names = names_of(code);
  const bool query = form == ErrorForm::kAwsQuery || form == ErrorForm::kAwsQueryJson;
  return std::string(query ? names.query_type : names.json_type);
}

}  // namespace

EncodedError encode_error(const ApiError& error, ErrorForm form) {
  const ErrorNames& names = names_of(error.code());
  EncodedError encoded{.message = error.message(), .headers = error.headers()};
  switch (form) {
    case ErrorForm::kAwsJson:
      encoded.status = names.json_status;
      encoded.code = names.json_type;
      encoded.members = error.members();
      break;
    case ErrorForm::kAwsQuery:
    case ErrorForm::kAwsQueryJson:
      encoded.status = names.query_status;
      encoded.code = names.query_type;
      break;
    case ErrorForm::kOci:
      encoded.status = names.oci_status;
      encoded.code = names.oci_code;
      break;
    case ErrorForm::kS3:
      encoded.status = names.oci_status;
      encoded.code = s3_code(error.code());
      break;
    case ErrorForm::kOwn:  // with HTTP's own statuses, as /v2/ has them
      encoded.status = names.oci_status;
      break;
  }
  return encoded;
}

HttpResponse error_response(const EncodedError& error, ErrorForm form, const HttpRequest& request,
                            std::string_view xml_namespace) {
  HttpResponse response = write_error(error, form, request, xml_namespace);
  for (const auto& [name, value] : error.headers) response.set(name, value);
  response.note.error =
      error.code.empty() ? error.message : base::format("{}: {}", error.code, error.message);
  return response;
}

HttpResponse error_response(const ApiError& error, ErrorForm form, const HttpRequest& request,
                            std::string_view xml_namespace) {
  HttpResponse response = error_response(encode_error(error, form), form, request, xml_namespace);
  // AWS's sentence quotes the header, with the signature in it: for the client's eyes alone.
  if (error.code() == ErrorCode::kIncompleteSignature) {
    response.note.error = names_of(error.code()).json_type;
  }
  response.note.error_type = recorded_type(error.code(), form);
  response.note.error_message = error.message();
  return response;
}

// The first media type of the header counts: no client is known that sends more.
bool accepts_query_json(const HttpRequest& request) {
  const std::string_view accept = request.headers.get("accept");
  return base::equals_ignore_case(accept.substr(0, accept.find_first_of(",; ")),
                                  "application/json");
}

ErrorForm query_form(const HttpRequest& request) {
  return accepts_query_json(request) ? ErrorForm::kAwsQueryJson : ErrorForm::kAwsQuery;
}

ErrorForm aws_form(const HttpRequest& request) {
  return request.headers.find("x-amz-target") ? ErrorForm::kAwsJson : query_form(request);
}

}  // namespace ecr::api
