#include "api/registry/pull_through.h"

#include <fmt/format.h>

#include "api/cache/finish.h"
#include "api/cache/upstreams.h"
#include "api/outside_work.h"
#include "api/target.h"

namespace ecr::api::registry {
namespace {

// What the work outside of the transaction keeps of the session.
struct Errand {
  const Services& services;
  const HttpRequest& request;
  Credentials credentials;
  Route route;
  cache::Question question;

  // The answer is kept for who asks as he is then.
  void run() const {
    cache::fetch(services, {credentials.account, credentials.region, route.name}, question,
                 [this](storage::sql::Txn& txn, schemas::TimePoint now) {
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

ApiError unavailable_layer(const cache::UpstreamError& error) {
  if (error.failure() == cache::UpstreamFailure::kNotFound) {
    return {ErrorCode::kBlobUnknown, "blob unknown to registry"};
  }
  return {ErrorCode::kUnableToGetUpstreamLayer,
          fmt::format("{}: {}", cache::event_code(error.failure()), error.what())};
}

using DownloadPtr = std::shared_ptr<cache::Download>;

DownloadPtr begin_download(const Services& services, const cache::DownloadOrder& order) {
  try {
    DownloadPtr download = services.upstreams->download(services, order);
    download->wait_begun();
    return download;
  } catch (const cache::UpstreamError& error) {
    throw unavailable_layer(error);
  }
}

}  // namespace

cache::Place place_of(const Session& session) {
  return {session.credentials.account, session.credentials.region, session.route.name};
}

bool may_be_imported(Session& session) {
  return session.services.upstreams != nullptr &&
         cache::find_rule(session.txn, session.credentials.account, session.credentials.region,
                          session.route.name);
}

void ask_upstream(Session& session, const cache::Question& question, LogNote& note) {
  if (session.outside.has_value()) return;
  switch (question.kind) {
    case cache::Question::Kind::kRefresh:
      if (!may_refresh(session)) return;
      break;
    case cache::Question::Kind::kImport:
    case cache::Question::Kind::kChild:
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
                                            const schemas::Digest& digest) {
  if (session.services.upstreams == nullptr ||
      storage::find_blob(session.txn, repository.id, digest.text()) ||
      !storage::has_imports(session.txn, repository.id)) {
    return std::nullopt;
  }
  const auto order = cache::wanted_blob(session.txn, repository.id, digest.text());
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
  response.body = cache::follow(*download);
  return response;
}

}  // namespace ecr::api::registry
