// Between HTTP and operations: which operation a request asks for, its parameters, decoded and
// validated by the model, and its answer or error in the form of its protocol (AWS JSON 1.1, or AWS
// Query's XML). Stateless.
#pragma once

#include <cstddef>
#include <vector>

#include "api/core/access/operation.h"
#include "api/core/wire/http.h"
#include "api/core/wire/query_protocol.h"

namespace ecr::api {

class ApiError;

// The request's operation, and the form that its parameters came in.
struct MatchedOperation {
  const ServiceApi* api = nullptr;
  const model::OperationModel* model = nullptr;
  const Operation* operation = nullptr;
  FormParameters form;
};

// Far above what any operation takes; both bound the memory that decoding takes (AWS publishes no
// such number for its own).
inline constexpr std::size_t kMaxFormParameters = 8192;
inline constexpr std::size_t kMaxJsonValues = 10'000;

// The parameters of an AWS Query request: of the form in its body, or of the query string. Throws
// ApiError (kSerialization) where they are not well-formed or more than kMaxFormParameters.
FormParameters read_form(const HttpRequest& request);

// Fills `found` as far as it gets: where it throws ApiError, the error is encoded in the form of
// `found.api`, if that is known.
void find_operation(const std::vector<ServiceApi>& apis, const HttpRequest& request,
                    MatchedOperation& found);

// The input, valid by the model. Throws ApiError. REQUIRES: find_operation() found the operation.
Json decode_input(const HttpRequest& request, const MatchedOperation& found);

HttpResponse encode_output(const Json& output, const MatchedOperation& found,
                           const HttpRequest& request);
// The answer's note has the error for the access log.
HttpResponse encode_error(const ApiError& error, const MatchedOperation& found,
                          const HttpRequest& request);

}  // namespace ecr::api
