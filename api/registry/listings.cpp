// Content discovery: tags, referrers, and the repositories of a registry, in pages. Source: OCI
// distribution-spec, "Listing Tags" and "Listing Referrers"; _catalog is of the older Docker
// Registry HTTP API V2.
#include <charconv>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/core/wire/page_token.h"
#include "api/images/images.h"
#include "api/registry/calls.h"
#include "api/registry/handlers.h"
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
// Each referrer of a page is read with its whole manifest, for its annotations.
constexpr std::int64_t kMaxReferrers = 500;

constexpr std::int64_t kMaxPage = 1000;
// ECR's page where the request has no n.
constexpr std::int64_t kStrictPage = 100;

ApiError bad_query(std::string message) { return {ErrorCode::kBadQuery, std::move(message)}; }

// The specification lets a registry answer with fewer elements than n, so a large n gets the
// largest page. ECR refuses n above 1000 with the sentence of its API's maxResults (distribution
// issue 4844, docker_registry2 issue 34; test AThousandIsTheMost).
std::int64_t read_size(const RegistryRequest& request) {
  const bool strict = request.core.settings.strict_ecr;
  const auto text = query_value(request.http.query(), "n");
  if (!text) return strict ? kStrictPage : kMaxPage;
  std::int64_t wanted = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), wanted);
  if (end != text->data() + text->size() || text->empty() || text->starts_with('-') ||
      error == std::errc::invalid_argument) {
    throw bad_query("The parameter n must be a number");
  }
  const bool large = error != std::errc() || wanted > kMaxPage;
  if (large && strict) {
    throw bad_query(ApiError::invalid_parameter("maxResults",
                                                "Member must have value less than or equal to 1000")
                        .message());
  }
  return large ? kMaxPage : wanted;
}

// The page that the query's n and last ask for. The specification's `last` is the last element that
// the client has, which any client can write itself; ECR's is an opaque token, which does not fit
// another registry. Throws kBadQuery for an n that is no number, and, strict, for an n above ECR's
// limit or a token that is not of this listing.
Page requested_page(const RegistryRequest& request, std::string_view listing) {
  Page page(request.core.store.key(),
            base::format("{}\n{}\n{}", listing, request.registry.account, request.registry.region),
            read_size(request));
  const std::string last = query_value(request.http.query(), "last").value_or("");
  if (last.empty()) return page;
  if (!request.core.settings.strict_ecr) {
    page.start_after(last);
  } else if (!page.resume(last)) {
    throw bad_query(ApiError::invalid_parameter("nextToken", "Invalid token").message());
  }
  return page;
}

// Link: <...>; rel="next", to the rest of this listing after `last`. The specification's is
// relative, ECR's an absolute URL (docker_registry2 issue 34). `more`: further parameters of the
// query, each as "&name=value".
void set_next(HttpResponse& response, const RegistryRequest& request, const Page& page,
              const std::string& last, std::string_view more = {}) {
  const bool strict = request.core.settings.strict_ecr;
  const std::string position = strict ? page.token_after(last) : last;
  const std::string base = strict ? request.http.origin() : std::string();
  response.set("Link",
               base::format("<{}{}?last={}&n={}{}>; rel=\"next\"", base, request.http.path(),
                            base::percent_encode(position), page.size(), more));
}

HttpResponse listing_response(const RegistryRequest& request, const Json& body) {
  // ECR labels the JSON as text (ECR User Guide, "Private registry authentication", sample answer).
  const bool strict = request.core.settings.strict_ecr;
  return text_response(200, strict ? "text/plain; charset=utf-8" : "application/json",
                       base::dump(body));
}

// OCI distribution-spec, "Listing Referrers".
Json descriptor_of(const Referrer& referrer) {
  Json descriptor = {{"mediaType", referrer.media_type},
                     {"digest", referrer.digest.text()},
                     {"size", referrer.size}};
  if (!referrer.artifact_type.empty()) descriptor["artifactType"] = referrer.artifact_type;
  for (const auto& [key, value] : referrer.annotations) descriptor["annotations"][key] = value;
  return descriptor;
}

}  // namespace

// In the order of their names, as the specification wants it; ECR's own order is not sorted.
HttpResponse list_tags(RegistryRequest& request) {
  begin_plain_call(request, "ListImages");
  const storage::Repository repository = request.authorize_repository("ecr:ListImages");
  const std::string listing = "tags\n" + repository.name.text();
  const Page page = requested_page(request, listing);
  auto tags = storage::list_tags(request.txn, repository.id, page.after(), page.query_limit());
  const bool more = page.trim(tags);
  const std::string last = more ? tags.back() : std::string();
  HttpResponse response =
      listing_response(request, {{"name", repository.name.text()}, {"tags", std::move(tags)}});
  if (more) set_next(response, request, page, last);
  return response;
}

HttpResponse list_repositories(RegistryRequest& request) {
  begin_plain_call(request, "DescribeRepositories");
  request.authorize_registry("ecr:DescribeRepositories");
  const Page page = requested_page(request, "repositories");
  auto repositories =
      storage::list_repositories(request.txn, request.registry, page.after(), page.query_limit());
  const bool more = page.trim(repositories);
  Json names = Json::array();
  for (const auto& repository : repositories) names.push_back(repository.name.text());
  HttpResponse response = listing_response(request, {{"repositories", std::move(names)}});
  if (more) set_next(response, request, page, repositories.back().name.text());
  return response;
}

// An index of descriptors, with 200 and no entries where the subject does not exist (test
// ReferrersOfASubjectThatNeedNotExist). A page ends early where its manifests are large.
HttpResponse list_referrers(RegistryRequest& request) {
  begin_plain_call(request, "ListImageReferrers");
  // ECR API Reference, "ListImageReferrers": the principal needs ecr:BatchGetImage, and no action
  // has the operation's name.
  const storage::Repository repository = request.authorize_repository("ecr:BatchGetImage");
  const auto subject = model::Digest::parse(request.route.reference);
  if (!subject) {
    throw ApiError(ErrorCode::kDigestInvalid, "The digest is not valid");
  }
  const std::string listing = "referrers\n" + repository.name.text() + '\n' + subject->text();
  Page page = requested_page(request, listing);
  page.limit_to(kMaxReferrers);
  const std::string type = query_value(request.http.query(), "artifactType").value_or("");
  const auto types = type.empty() ? std::vector<std::string>() : std::vector{type};
  const ReferrerPage found =
      read_referrers(request.txn, repository.id, *subject, types, page.after(), page.size());
  Json descriptors = Json::array();
  for (const Referrer& referrer : found.referrers) descriptors.push_back(descriptor_of(referrer));
  const Json body = {
      {"schemaVersion", 2}, {"mediaType", kOciIndex}, {"manifests", std::move(descriptors)}};
  HttpResponse response = text_response(200, std::string(kOciIndex), base::dump(body));
  // The specification: a registry that filters says so, else clients filter themselves.
  if (!type.empty()) response.set("OCI-Filters-Applied", "artifactType");
  if (found.more && page.size() > 0) {
    const std::string filter =
        type.empty() ? std::string() : "&artifactType=" + base::percent_encode(type);
    set_next(response, request, page, found.referrers.back().digest.text(), filter);
  }
  return response;
}

}  // namespace ecr::api::registry
