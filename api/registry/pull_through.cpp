#include "api/registry/pull_through.h"

#include "api/core/access/target.h"
#include "api/core/outside_work.h"
#include "api/pull_through/finish.h"
#include "api/pull_through/upstreams.h"
#include "schemas/base/text.h"
#include "storage/rows/blobs.h"

namespace ecr::api::registry {
namespace {

// What the work outside of the transaction keeps of the session.
struct Errand {
  const Services& services;
  const HttpRequest& request;
  Credentials credentials;
  Route route;
  pull_through::Question question;

  // The answer is kept for who asks as he is then.
  void run() const {
    pull_through::fetch(services, {credentials.account, credentials.region, route.name}, question,
                        [this](storage::sql::Txn& txn, base::TimePoint now) {
                          Session session(services, txn, request, credentials, route, now);
                          return session.require_import();
                        });
  }
};

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

ApiError unavailable_layer(const pull_through::UpstreamError& error) {
  if (error.failure() == pull_through::UpstreamFailure::kNotFound) {
    return {ErrorCode::kBlobUnknown, "blob unknown to registry"};
  }
  return {ErrorCode::kUnableToGetUpstreamLayer,
          base::format("{}: {}", pull_through::event_code(error.failure()), error.what())};
}

using DownloadPtr = std::shared_ptr<pull_through::Download>;

DownloadPtr begin_download(const Services& services, const pull_through::DownloadOrder& order) {
  try {
    DownloadPtr download = services.upstreams->download(services, order);
    download->wait_begun();
    return download;
  } catch (const pull_through::UpstreamError& error) {
    throw unavailable_layer(error);
  }
}

}  // namespace

pull_through::Place place_of(const Session& session) {
  return {session.credentials.account, session.credentials.region, session.route.name};
}

bool may_be_imported(Session& session) {
  return session.services.upstreams != nullptr &&
         pull_through::find_rule(session.txn, session.credentials.account,
                                 session.credentials.region, session.route.name);
}

void ask_upstream(Session& session, const pull_through::Question& question, LogNote& note) {
  if (session.outside.has_value()) return;
  switch (question.kind) {
    case pull_through::Question::Kind::kRefresh:
      if (!may_refresh(session)) return;
      break;
    case pull_through::Question::Kind::kImport:
    case pull_through::Question::Kind::kChild:
      session.authorize_import(note);
      break;
  }
  throw OutsideWork{[errand = Errand{session.services, session.request, session.credentials,
                                     session.route, question}]() -> std::any {
    errand.run();
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
  const auto* download = std::any_cast<DownloadPtr>(&session.outside);
  if (download == nullptr) {
    throw OutsideWork{[&services = session.services, order = *order]() -> std::any {
      return begin_download(services, order);
    }};
  }
  response.body = pull_through::follow(*download);
  return response;
}

}  // namespace ecr::api::registry
