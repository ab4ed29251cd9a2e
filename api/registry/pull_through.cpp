#include "api/registry/pull_through.h"

#include "api/core/access/operation.h"
#include "api/core/access/target.h"
#include "api/core/wire/error.h"
#include "api/pull_through/import_jobs.h"
#include "api/pull_through/upstreams.h"
#include "schemas/base/text.h"
#include "storage/rows/blobs.h"

namespace ecr::api::registry {
namespace {

// A query to the upstream, with all that it needs of the session once the transaction is over.
struct UpstreamFetch {
  const Services& services;
  const HttpRequest& request;
  Credentials credentials;
  Route route;
  pull_through::UpstreamQuery query;

  // The answer is stored in a transaction of its own, after the caller was authorized anew: the
  // upstream may have taken a while.
  void run() const {
    pull_through::fetch_manifest(services, {credentials.account, credentials.region, route.name},
                                 query, [this](storage::sql::Txn& txn, base::TimePoint now) {
                                   Session session(services, txn, request, credentials, route, now);
                                   return session.require_import();
                                 });
  }
};

// A caller without the permission to import gets the cached image without a refresh.
bool may_refresh(Session& session) {
  const auto& repository = session.find_repository();
  const Target target = make_repository_target(
      session.services, session.txn, "ecr:BatchImportUpstreamImage", session.credentials.account,
      session.credentials.region, session.route.name, repository ? &*repository : nullptr);
  return session.services.settings.enforcement != Enforcement::kEnforce ||
         is_allowed(session.services, session.caller,
                    {session.txn, session.request, session.credentials.region, session.now},
                    target);
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

RepositoryKey repository_key(const Session& session) {
  return {session.credentials.account, session.credentials.region, session.route.name};
}

// Without upstreams (the server was started without them) no rule has an effect.
bool may_be_imported(Session& session) {
  return session.services.upstreams != nullptr &&
         pull_through::find_rule(session.txn, session.credentials.account,
                                 session.credentials.region, session.route.name);
}

void ask_upstream(Session& session, const pull_through::UpstreamQuery& query, LogNote& note) {
  if (session.outside.has_value()) return;  // this request has asked already
  switch (query.kind) {
    case pull_through::UpstreamQuery::Kind::kRefresh:
      if (!may_refresh(session)) return;
      break;
    case pull_through::UpstreamQuery::Kind::kImport:
    case pull_through::UpstreamQuery::Kind::kChild:
      session.authorize_import(note);
      break;
  }
  throw OutsideWork{[fetch = UpstreamFetch{session.services, session.request, session.credentials,
                                           session.route, query}]() -> std::any {
    fetch.run();
    return true;
  }};
}

std::optional<HttpResponse> blob_on_its_way(Session& session, const storage::Repository& repository,
                                            const model::Digest& digest) {
  if (session.services.upstreams == nullptr ||
      storage::find_blob(session.txn, repository.id, digest.text()) ||
      !storage::has_imports(session.txn, repository.id)) {
    return std::nullopt;
  }
  const auto order = pull_through::wanted_blob(session.txn, repository.id, digest.text());
  if (!order) return std::nullopt;
  HttpResponse response;
  response.set("Content-Type", "application/octet-stream");
  response.set("Docker-Content-Digest", digest.text());
  if (session.request.method == "HEAD") {
    response.head_length = order->size;
    return response;
  }
  // The size is known from the manifest. The bytes are sent on as they come; the last of them are
  // held back until the digest is known to be right.
  const auto* download = std::any_cast<DownloadPtr>(&session.outside);
  if (download == nullptr) {
    throw OutsideWork{[&services = session.services, order = *order]() -> std::any {
      return begin_download(services, order);
    }};
  }
  response.body = pull_through::stream_download(*download);
  return response;
}

}  // namespace ecr::api::registry
