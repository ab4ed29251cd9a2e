// Live streams of the admin API, as server-sent events (WHATWG HTML, "Server-sent events").
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/core/wire/http.h"

namespace ecr::api::admin {

// One event: "id: <sequence>", "data: <json>", an empty line. REQUIRES: json is one line.
std::string stream_entry(std::uint64_t sequence, std::string_view json);

// The answer that sends what `source` polls for as long as the client stays.
HttpResponse live_stream(std::shared_ptr<BodySource> source);

}  // namespace ecr::api::admin
