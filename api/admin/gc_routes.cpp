#include "api/admin/gc_routes.h"

#include <nlohmann/json.hpp>

#include "api/admin/duration.h"
#include "api/admin/query_parameters.h"
#include "schemas/base/json.h"
#include "storage/collector.h"

namespace ecr::api::admin {
namespace {

std::chrono::milliseconds read_grace(const Services& services, const HttpRequest& request) {
  QueryParameters parameters(request.query());
  const auto text = parameters.take("grace");
  parameters.finish();
  if (!text) return services.settings.gc_grace;
  const auto grace = parse_duration(*text);
  if (!grace) throw QueryError("grace", "must be a duration, as \"1h\" or \"0s\"");
  return *grace;
}

}  // namespace

HttpResponse answer_gc(const Services& services, const HttpRequest& request) {
  const auto grace = read_grace(services, request);
  // "Before now" would spare what was needed in this very millisecond.
  const auto before = services.clock.now() - grace + std::chrono::milliseconds(1);
  const storage::Collected collected = storage::collect_garbage(services.store, before);
  const base::Json json = {{"uploads", collected.uploads},
                           {"unnamedBlobs", collected.unreferenced},
                           {"blobs", collected.blobs},
                           {"bytes", collected.bytes}};
  return text_response(200, "application/json", base::dump(json) + "\n");
}

}  // namespace ecr::api::admin
