#include "api/core/wire/transport.h"

namespace ecr::api {

// Where the transport ignores the limit (a fake does), it holds all the same.
ExchangeAnswer fetch(Transport& transport, const ExchangeRequest& request) {
  ExchangeAnswer answer;
  transport.exchange(
      request,
      [&answer](const ExchangeHead& head) {
        answer.head = head;
        return true;
      },
      [&](std::string_view bytes) {
        if (answer.body.size() + bytes.size() > request.most_bytes.value()) {
          throw TransportError("its answer is too large");
        }
        answer.body += bytes;
      });
  return answer;
}

}  // namespace ecr::api
