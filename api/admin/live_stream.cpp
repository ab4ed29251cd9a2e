#include "api/admin/live_stream.h"

#include "schemas/base/text.h"

namespace ecr::api::admin {

std::string stream_entry(std::uint64_t sequence, std::string_view json) {
  return base::format("id: {}\ndata: {}\n\n", sequence, json);
}

HttpResponse live_stream(std::shared_ptr<BodySource> source) {
  HttpResponse response;
  response.set("Content-Type", "text/event-stream");
  response.set("Cache-Control", "no-store");
  response.body = std::move(source);
  return response;
}

}  // namespace ecr::api::admin
