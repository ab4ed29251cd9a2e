#include "api/registry/pull_through.h"

#include "api/core/access/operation.h"
#include "api/core/access/target.h"
#include "api/core/wire/error.h"
#include "api/pull_through/import_jobs.h"
#include "api/pull_through/upstreams.h"
#include "api/registry/conditions.h"
#include "schemas/base/text.h"
#include "storage/rows/blobs.h"

namespace ecr::api::registry {
namespace {

// Asks the upstream. The answer is stored in a transaction of its own, after the caller was
// authorized anew: the upstream may have taken a while.
void fetch(const RequestHead& head, const pull_through::UpstreamQuery& query) {
  pull_through::fetch_manifest(
      head.services, repository_key(head), query, [&](storage::sql::Txn& txn, base::TimePoint now) {
        LogNote ignored;  // the request has its note from authorize_import()
        const auto caller = require_caller(head, txn);
        return RegistryRequest(head, txn, *caller, now, ignored).require_import();
      });
}

// A caller without the permission to import gets the cached image without a refresh.
bool may_refresh(RegistryRequest& request) {
  const auto& repository = request.find_repository();
  const Target target =
      make_repository_target(request, "ecr:BatchImportUpstreamImage", request.registry,
                             request.require_name(), repository ? &*repository : nullptr);
  return request.core.settings.enforcement != Enforcement::kEnforce || is_allowed(request, target);
}

// A layer that the upstream does not have is unknown here too; every other failure is ECR's
// UnableToGetUpstreamLayerException.
ApiError unavailable_layer(const pull_through::UpstreamError& error) {
  if (error.failure() == pull_through::UpstreamFailure::kNotFound) {
    return {ErrorCode::kBlobUnknown, "blob unknown to registry"};
  }
  return {ErrorCode::kUnableToGetUpstreamLayer,
          base::format("{}: {}", pull_through::failure_code(error.failure()), error.what())};
}

using DownloadPtr = std::shared_ptr<pull_through::Download>;

// Waits until the upstream has begun to send the layer, so that its errors can still be answered as
// errors. Several requests for one layer share one download.
DownloadPtr begin_download(const Services& services, const pull_through::DownloadRequest& order) {
  try {
    DownloadPtr download = services.upstreams->download(services, order);
    download->wait_begun();
    return download;
  } catch (const pull_through::UpstreamError& error) {
    throw unavailable_layer(error);
  }
}

}  // namespace

RepositoryKey repository_key(const RequestHead& head) {
  return {head.credentials.registry, *head.route.name};
}

// Without upstreams (the server was started without them) no rule has an effect.
bool may_be_imported(RegistryRequest& request) {
  return request.services.upstreams != nullptr &&
         pull_through::find_rule(request.txn, request.registry, request.require_name());
}

void ask_upstream(RegistryRequest& request, const pull_through::UpstreamQuery& query) {
  if (request.outside.has_value()) return;  // this request has asked already
  switch (query.kind) {
    case pull_through::UpstreamQuery::Kind::kRefresh:
      if (!may_refresh(request)) return;
      break;
    case pull_through::UpstreamQuery::Kind::kImport:
    case pull_through::UpstreamQuery::Kind::kChild:
      request.authorize_import();
      break;
  }
  throw OutsideWork{[head = request.head, query]() -> std::any {
    fetch(head, query);
    return true;
  }};
}

std::optional<HttpResponse> blob_on_its_way(RegistryRequest& request,
                                            const storage::Repository& repository,
                                            const model::Digest& digest) {
  if (request.services.upstreams == nullptr ||
      storage::find_blob(request.txn, repository.id, digest) ||
      !storage::has_imports(request.txn, repository.id)) {
    return std::nullopt;
  }
  const auto order = pull_through::wanted_blob(request.txn, repository.id, digest);
  if (!order) return std::nullopt;
  if (auto answer = answer_conditions(request.http, digest)) return answer;
  HttpResponse response;
  response.set("Content-Type", "application/octet-stream");
  response.set("Docker-Content-Digest", digest.text());
  response.set("ETag", entity_tag(digest));
  if (request.http.method == "HEAD") {
    response.head_length = order->size;
    return response;
  }
  // The size is known from the manifest. The bytes are sent on as they come; the last of them are
  // held back until the digest is known to be right.
  const auto* download = std::any_cast<DownloadPtr>(&request.outside);
  if (download == nullptr) {
    throw OutsideWork{[&services = request.services, order = *order]() -> std::any {
      return begin_download(services, order);
    }};
  }
  response.body = pull_through::stream_download(*download);
  return response;
}

}  // namespace ecr::api::registry
