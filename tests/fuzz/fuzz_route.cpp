// The registry's reading of a request's target and headers. The first line is the target, the
// second a Range or Content-Range, the third X-Forwarded-For.
#include <string>

#include "api/core/wire/error.h"
#include "api/core/wire/http.h"
#include "api/registry/range.h"
#include "api/registry/route.h"
#include "auth/iam/match/condition_values.h"
#include "schemas/base/encoding.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace ecr::api;
using ecr::fuzz::require;

std::string path_of(const registry::Route& route) {
  const std::string base = "/v2/" + route.name_text();
  switch (route.kind) {
    case registry::RouteKind::kBase:
      return "/v2/";
    case registry::RouteKind::kCatalog:
      return "/v2/_catalog";
    case registry::RouteKind::kManifest:
      return base + "/manifests/" + route.reference;
    case registry::RouteKind::kBlob:
      return base + "/blobs/" + route.reference;
    case registry::RouteKind::kUploads:
      return base + "/blobs/uploads/";
    case registry::RouteKind::kUpload:
      return base + "/blobs/uploads/" + route.reference;
    case registry::RouteKind::kTags:
      return base + "/tags/list";
    case registry::RouteKind::kReferrers:
      return base + "/referrers/" + route.reference;
    case registry::RouteKind::kLayer:  // parse_route() reads paths of /v2/ alone
      break;
  }
  return {};
}

void check_route(std::string_view path) {
  const auto route = registry::parse_route(path);
  if (!route) return;
  require(route->reference.find('/') == std::string::npos, "a reference has no slash");
  require((route->name_text() + route->reference).find('\0') == std::string::npos, "no NUL");
  const auto again = registry::parse_route(ecr::base::percent_encode(path_of(*route), true));
  require(again && again->kind == route->kind && again->name_text() == route->name_text(),
          "a route's own path is its path");
  require(again->reference == route->reference || route->kind == registry::RouteKind::kUploads,
          "with its reference");
}

void check_query(std::string_view query) {
  for (const char* name : {"digest", "n", "last", "mount"}) {
    try {
      static_cast<void>(query_value(query, name));
    } catch (const ApiError& error) {
      require(!error.message().empty(), "a refusal has a reason");
    }
  }
}

void check_ranges(std::string_view header) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000},
                                   std::uint64_t{1} << 40, UINT64_MAX}) {
    const registry::RangeAnswer answer = registry::parse_range(header, size);
    if (answer.kind != registry::RangeKind::kPart) continue;
    require(answer.range.length > 0 && answer.range.first < size, "a part is not empty");
    require(answer.range.length <= size - answer.range.first, "a part is within the whole");
  }
  if (const auto chunk = registry::parse_chunk_range(header)) {
    require(chunk->length > 0 && chunk->first + (chunk->length - 1) >= chunk->first,
            "a chunk is not empty and ends");
  }
}

void check_proxies(std::string_view hops) {
  const HeaderView forwarded[] = {{"X-Forwarded-For", hops}, {"X-Forwarded-Proto", "https"}};
  HttpRequest request;
  request.headers = HeaderList(forwarded);
  request.peer = "10.0.0.1";
  settle_client(request, {});
  require(request.peer == "10.0.0.1" && !request.secure, "no proxy is believed unasked");
  settle_client(request, {"10.0.0.0/8", "::1"});
  require(ecr::auth::iam::IpNetwork::parse(request.peer).has_value(), "a client has an address");
}

}  // namespace

ECR_FUZZ_TARGET(route) {
  std::string_view rest = ecr::fuzz::as_text(data, size);
  std::string_view target = ecr::fuzz::take_until(rest, '\n');
  const std::string_view range = ecr::fuzz::take_until(rest, '\n');
  check_route(ecr::fuzz::take_until(target, '?'));
  check_query(target);
  check_ranges(range);
  check_proxies(rest);
  return 0;
}
