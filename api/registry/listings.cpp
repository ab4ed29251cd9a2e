// Content discovery: tags, referrers, and the repositories of a registry.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/images/referrers.h"
#include "api/registry/handlers.h"
#include "api/registry/pages.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"
#include "storage/rows/image_listing.h"
#include "storage/rows/repositories.h"

namespace ecr::api::registry {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
constexpr std::int64_t kMaxReferrers = 500;  // a page

// The page without what was read to see that there is more.
template <typename T>
bool cut(std::vector<T>& list, std::int64_t size) {
  if (static_cast<std::int64_t>(list.size()) <= size) return false;
  list.resize(static_cast<std::size_t>(size));
  return size > 0;
}

HttpResponse listing_response(const Session& session, const Json& body) {
  // ECR labels JSON as text.
  const bool strict = session.services.settings.strict_ecr;
  return text_response(200, strict ? "text/plain; charset=utf-8" : "application/json",
                       base::dump(body));
}

// OCI distribution-spec, "Listing Referrers".
Json descriptor_of(const Referrer& referrer) {
  Json descriptor = {
      {"mediaType", referrer.media_type}, {"digest", referrer.digest}, {"size", referrer.size}};
  if (!referrer.artifact_type.empty()) descriptor["artifactType"] = referrer.artifact_type;
  for (const auto& [key, value] : referrer.annotations) descriptor["annotations"][key] = value;
  return descriptor;
}

}  // namespace

HttpResponse list_tags(Session& session, LogNote& note) {
  const storage::Repository repository = session.authorize_repository("ecr:ListImages", note);
  const std::string listing = "tags\n" + repository.name;
  const Page page = read_page(session, listing);
  auto tags = storage::list_tags(session.txn, repository.id, page.last, page.size + 1);
  const bool more = cut(tags, page.size);
  const std::string last = more ? tags.back() : std::string();
  HttpResponse response =
      listing_response(session, {{"name", repository.name}, {"tags", std::move(tags)}});
  if (more) set_next(response, session, listing, page, last);
  return response;
}

HttpResponse list_repositories(Session& session, LogNote& note) {
  session.authorize_registry("ecr:DescribeRepositories", note);
  const Page page = read_page(session, "repositories");
  auto repositories =
      storage::list_repositories(session.txn, session.credentials.account,
                                 session.credentials.region, page.last, page.size + 1);
  const bool more = cut(repositories, page.size);
  Json names = Json::array();
  for (const auto& repository : repositories) names.push_back(repository.name);
  HttpResponse response = listing_response(session, {{"repositories", std::move(names)}});
  if (more) set_next(response, session, "repositories", page, repositories.back().name);
  return response;
}

HttpResponse list_referrers(Session& session, LogNote& note) {
  // ECR API Reference, "ListImageReferrers": the principal needs ecr:BatchGetImage as well.
  const storage::Repository repository = session.authorize_repository(
      std::vector<std::string_view>{"ecr:ListImageReferrers", "ecr:BatchGetImage"}, note);
  if (!model::Digest::parse(session.route.reference)) {
    throw ApiError(ErrorCode::kDigestInvalid, "The digest is not valid");
  }
  const std::string listing = "referrers\n" + repository.name + '\n' + session.route.reference;
  Page page = read_page(session, listing);
  page.size = std::min(page.size, kMaxReferrers);
  const std::string type = query_value(session.request.query(), "artifactType").value_or("");
  const auto types = type.empty() ? std::vector<std::string>() : std::vector{type};
  const ReferrerPage found = read_referrers(session.txn, repository.id, session.route.reference,
                                            types, page.last, page.size);
  Json descriptors = Json::array();
  for (const Referrer& referrer : found.referrers) descriptors.push_back(descriptor_of(referrer));
  const Json body = {
      {"schemaVersion", 2}, {"mediaType", kOciIndex}, {"manifests", std::move(descriptors)}};
  HttpResponse response = text_response(200, std::string(kOciIndex), base::dump(body));
  if (!type.empty()) response.set("OCI-Filters-Applied", "artifactType");
  if (found.more && page.size > 0) {
    const std::string filter =
        type.empty() ? std::string() : "&artifactType=" + base::percent_encode(type);
    set_next(response, session, listing, page, found.referrers.back().digest, filter);
  }
  return response;
}

}  // namespace ecr::api::registry
