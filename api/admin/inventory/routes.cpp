#include "api/admin/inventory/routes.h"

#include "api/admin/inventory/identities.h"
#include "api/admin/inventory/lifecycle_dry_run.h"
#include "api/admin/inventory/repositories.h"

namespace ecr::api::admin::inventory {
namespace {

constexpr std::uint64_t kTagsBody = 256u << 10;
// The details of as many images as may be given, with some tags each.
constexpr std::uint64_t kDryRunBody = 16u << 20;

}  // namespace

std::vector<AdminRoute> routes(const Services& services, const ControlPlane& control) {
  const auto with = [&services](auto* handler) {
    return [&services, handler](const HttpRequest& request) { return handler(services, request); };
  };
  return {
      {.method = "GET", .path = "/_ecr-local/identities", .handle = with(answer_identities)},
      {.method = "GET", .path = "/_ecr-local/repositories", .handle = with(answer_repositories)},
      {.method = "GET", .path = "/_ecr-local/repositories/images", .handle = with(answer_images)},
      {.method = "GET", .path = "/_ecr-local/repositories/image", .handle = with(answer_image)},
      {.method = "POST",
       .path = "/_ecr-local/repositories/delete-tags",
       .body_limit = kTagsBody,
       .handle =
           [&services, &control](const HttpRequest& request) {
             return delete_tags(services, control, request);
           }},
      {.method = "POST",
       .path = "/_ecr-local/lifecycle/dry-run",
       .body_limit = kDryRunBody,
       .handle = with(answer_lifecycle_dry_run)},
  };
}

}  // namespace ecr::api::admin::inventory
