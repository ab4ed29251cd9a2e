// GET, HEAD and PUT of a manifest by tag or digest; the list of tags.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "api/error.h"
#include "api/image/images.h"
#include "api/registry/handlers.h"
#include "schemas/arn.h"
#include "schemas/digest.h"
#include "schemas/encoding.h"
#include "schemas/json.h"

namespace ecr::api::registry {
namespace {

constexpr std::int64_t kMaxTagPage = 1000;

ImageIdentifier parse_reference(const std::string& reference) {
  if (reference.find(':') != std::string::npos) {
    if (!schemas::Digest::parse(reference)) {
      throw ApiError(ErrorCode::kDigestInvalid, "The digest is not valid");
    }
    return {reference, ""};
  }
  if (!schemas::is_tag(reference)) {
    throw ApiError(ErrorCode::kTagNameInvalid, "The tag is not valid");
  }
  return {"", reference};
}

void record_pull(Session& session, std::int64_t repository, const storage::Image& image,
                 AfterCommit& after) {
  if (!pull_is_worth_recording(image, session.now)) return;
  after.push_back(
      [&store = session.services.store, repository, digest = image.digest, now = session.now] {
        storage::sql::Txn txn = store.database().begin(storage::sql::Access::kWrite);
        storage::touch_image_pull(txn, repository, digest, now);
        txn.commit(storage::sql::Durability::kRelaxed);
      });
}

// Of the query's n: as many as are asked for, never more than a page.
std::int64_t page_size(const HttpRequest& request) {
  const auto text = query_value(request.query(), "n");
  if (!text) return kMaxTagPage;
  std::int64_t wanted = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), wanted);
  if (end != text->data() + text->size() || text->empty() || wanted < 0 ||
      error == std::errc::invalid_argument) {
    throw ApiError(ErrorCode::kInvalidParameter, "The parameter n must be a number");
  }
  return error == std::errc() ? std::min(wanted, kMaxTagPage) : kMaxTagPage;
}

}  // namespace

HttpResponse get_manifest(Session& session, LogNote& note, AfterCommit& after) {
  const storage::Repository repository = session.authorize_repository("ecr:BatchGetImage", note);
  const ImageIdentifier id = parse_reference(session.route.reference);
  const auto digest = resolve_image(session.txn, repository.id, id);
  if (!digest) {
    throw ApiError(ErrorCode::kImageNotFound, "Requested image not found");
  }
  const auto image = storage::find_image(session.txn, repository.id, *digest);
  HttpResponse response;
  response.set("Content-Type", image->media_type);
  response.set("Docker-Content-Digest", *digest);
  response.set("ETag", '"' + *digest + '"');
  response.body = storage::image_manifest(session.txn, repository.id, *digest).value_or("");
  if (session.request.method == "GET") record_pull(session, repository.id, *image, after);
  return response;
}

HttpResponse put_manifest(Session& session, LogNote& note) {
  const storage::Repository repository = session.authorize_repository("ecr:PutImage", note);
  const ImageIdentifier id = parse_reference(session.route.reference);
  const PutImageResult result = put_image(
      session.txn, repository,
      {session.request.body, session.request.headers.get("content-type"), id.tag, id.digest},
      session.now);
  HttpResponse response;
  response.status = 201;
  response.set("Location",
               fmt::format("/v2/{}/manifests/{}", repository.name, result.image.digest));
  response.set("Docker-Content-Digest", result.image.digest);
  return response;
}

HttpResponse list_tags(Session& session, LogNote& note) {
  const storage::Repository repository = session.authorize_repository("ecr:ListImages", note);
  const std::int64_t size = page_size(session.request);
  const std::string last = query_value(session.request.query(), "last").value_or("");
  auto tags = storage::list_tags(session.txn, repository.id, last, size + 1);
  const bool more = static_cast<std::int64_t>(tags.size()) > size;
  if (more) tags.pop_back();
  const nlohmann::json body = {{"name", repository.name}, {"tags", tags}};
  HttpResponse response = text_response(200, "application/json", schemas::dump(body));
  if (more && !tags.empty()) {
    response.set("Link", fmt::format("</v2/{}/tags/list?last={}&n={}>; rel=\"next\"",
                                     repository.name, schemas::percent_encode(tags.back()), size));
  }
  return response;
}

}  // namespace ecr::api::registry
