// BatchCheckLayerAvailability, GetDownloadUrlForLayer.
#include <nlohmann/json.hpp>

#include "api/core/outside_work.h"
#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/pull_through/finish.h"
#include "api/pull_through/imports.h"
#include "api/pull_through/upstreams.h"
#include "api/registry/layer_url.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"
#include "storage/collector.h"
#include "storage/rows/blobs.h"
#include "storage/rows/repositories.h"

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;

Json failure(const std::string& digest, const char* code, const char* reason) {
  return {{"layerDigest", digest}, {"failureCode", code}, {"failureReason", reason}};
}

Json availability(Call& call, const storage::Repository& repository, const std::string& digest) {
  Json layer = {{"layerDigest", digest}, {"layerAvailability", "UNAVAILABLE"}};
  const auto size = storage::claim_blob(call.services.store, call.txn, repository.id, digest,
                                        call.now, call.services.settings.gc_grace);
  if (!size) return layer;
  const bool archived = storage::blob_is_archived(call.txn, repository.id, digest);
  layer["layerAvailability"] = archived ? "ARCHIVED" : "AVAILABLE";
  layer["layerSize"] = *size;
  // Known once a manifest names the layer.
  if (auto type = storage::blob_media_type(call.txn, repository.id, digest)) {
    layer["mediaType"] = std::move(*type);
  }
  return layer;
}

// Each digest gets an entry of its own, in one of the two lists; the reasons' wording is not
// published.
Json check_availability(Call& call) {
  const storage::Repository repository = require_repository(call);
  Json output = {{"layers", Json::array()}, {"failures", Json::array()}};
  for (const Json& json : call.input.at("layerDigests")) {
    const auto& digest = json.get_ref<const std::string&>();
    if (digest.empty()) {
      output["failures"].push_back(failure(digest, "MissingLayerDigest",
                                           "Invalid request parameters: layer digest cannot be "
                                           "empty"));
    } else if (!model::Digest::parse(digest)) {
      output["failures"].push_back(failure(digest, "InvalidLayerDigest",
                                           "Invalid request parameters: layer digest should "
                                           "satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"));
    } else {
      output["layers"].push_back(availability(call, repository, digest));
    }
  }
  return output;
}

// A layer that a pull-through cache is still getting is there once it has it.
void await_upstream(const Call& call, const storage::Repository& repository,
                    const model::Digest& digest) {
  if (call.services.upstreams == nullptr || call.prepared.has_value() ||
      storage::find_blob(call.txn, repository.id, digest.text()) ||
      !storage::has_imports(call.txn, repository.id)) {
    return;
  }
  const auto order = pull_through::wanted_blob(call.txn, repository.id, digest.text());
  if (!order) return;
  throw OutsideWork{[&services = call.services, order = *order]() -> std::any {
    try {
      services.upstreams->download(services, order)->wait_stored();
    } catch (const pull_through::UpstreamError& error) {
      throw ApiError(
          ErrorCode::kUnableToGetUpstreamLayer,
          base::format("{}: {}", pull_through::event_code(error.failure()), error.what()));
    }
    return true;
  }};
}

Json download_url(Call& call) {
  const storage::Repository repository = require_repository(call);
  const std::string text = string_member(call.input, "layerDigest");
  const auto digest = model::Digest::parse(text);
  if (digest) await_upstream(call, repository, *digest);
  // Membership decides: a layer of another repository is not there.
  if (!digest || !storage::find_blob(call.txn, repository.id, digest->text())) {
    throw ApiError(ErrorCode::kLayerNotFound,
                   base::format("The layer with digest '{}' does not exist in the repository with "
                                "name '{}' in the registry with id '{}'",
                                text, repository.name, repository.account));
  }
  return {
      {"downloadUrl", registry::layer_url(call.services, call.http, repository, *digest, call.now)},
      {"layerDigest", digest->text()}};
}

constexpr Operation kLayerOperations[] = {
    {"BatchCheckLayerAvailability", "ecr:BatchCheckLayerAvailability", Access::kRead,
     repository_target, check_availability},
    {"GetDownloadUrlForLayer", "ecr:GetDownloadUrlForLayer", Access::kRead, repository_target,
     download_url},
};

}  // namespace

std::vector<const Operation*> layer_operations() { return pointers(kLayerOperations); }

}  // namespace ecr::api::ecr
