#include "api/admin/inventory/repositories.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/body_node.h"
#include "api/admin/inventory/image_content.h"
#include "api/admin/operator_call.h"
#include "api/admin/what_if/targets.h"
#include "api/core/registry_host.h"
#include "api/core/wire/error.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "schemas/model/digest.h"
#include "storage/rows/image_listing.h"
#include "storage/rows/image_processing.h"
#include "storage/rows/repository_listing.h"

namespace ecr::api::admin::inventory {
namespace {

using base::Json;
using base::OrderedJson;

constexpr std::uint64_t kMostRows = 1000;
constexpr std::size_t kMostDeletedTags = 100;  // ECR API Reference, "BatchDeleteImage"

OrderedJson time_or_null(const std::optional<base::TimePoint>& time) {
  return time ? OrderedJson(base::format_iso8601(*time)) : OrderedJson();
}

std::string arn_of(const storage::Repository& repository) {
  return model::repository_arn(repository.registry, repository.name);
}

OrderedJson repository_json(const Services& services, storage::sql::Txn& txn, std::string_view host,
                            const storage::Repository& repository) {
  const auto contents = storage::contents_of(txn, repository.id);
  const bool own = repository.registry.account == services.settings.account;
  return {{"name", repository.name.text()},
          {"arn", arn_of(repository)},
          {"account", repository.registry.account},
          {"region", repository.registry.region},
          {"images", contents.images},
          {"tags", contents.tags},
          {"size", contents.bytes},
          {"uri", registry_host(services.settings, host, repository.registry, own) + "/" +
                      repository.name.text()},
          {"mutability", storage::word_of(repository.tag_mutability)},
          {"createdAt", base::format_iso8601(repository.created_at)}};
}

storage::Repository require_repository(storage::sql::Txn& txn,
                                       const std::optional<std::string>& arn) {
  if (!arn) throw ParameterError("arn", "is missing: the ARN of a repository");
  if (!what_if::repository_named(*arn))
    throw ParameterError("arn", "is not the ARN of a repository");
  auto repository = what_if::find_repository(txn, *arn);
  if (!repository) throw ParameterError("arn", "there is no repository with this ARN");
  return std::move(*repository);
}

// By ECR itself, or by an artifact that a signing tool pushed for it.
bool is_signed(storage::sql::Txn& txn, std::int64_t repository, const model::Digest& digest) {
  for (const auto& signing : storage::image_signings(txn, repository, digest)) {
    if (signing.status == storage::WorkStatus::kComplete) return true;
  }
  bool found = false;
  storage::visit_referrers(txn, repository, digest, {}, "", [&](const storage::ReferrerRow& row) {
    found = is_signature_type(row.artifact_type);
    return !found;
  });
  if (found) return true;
  // cosign's older way: a tag made of the digest.
  std::string tag = digest.text() + ".sig";
  std::replace(tag.begin(), tag.end(), ':', '-');
  return storage::find_tag(txn, repository, tag).has_value();
}

OrderedJson image_json(const Services& services, storage::sql::Txn& txn,
                       const storage::Repository& repository, const storage::Image& image,
                       std::vector<std::string> tags) {
  return {{"digest", image.digest.text()},
          {"tags", std::move(tags)},
          {"size", image.size_bytes},
          {"mediaType", image.media_type},
          {"artifactType", image.artifact_media_type},
          {"pushedAt", base::format_iso8601(image.pushed_at)},
          {"lastPulledAt", time_or_null(image.last_pulled_at)},
          {"archived", image.status != storage::ImageStatus::kActive},
          {"signed", is_signed(txn, repository.id, image.digest)},
          {"subject", image.subject ? OrderedJson(image.subject->text()) : OrderedJson()},
          {"platforms", platforms_of(services, txn, repository.id, image.digest)}};
}

// The place of "arn:...:repository/name" in the order of the listing.
storage::RepositoryPlace place_of(const std::optional<std::string>& arn) {
  if (!arn) return {};
  auto named = what_if::repository_named(*arn);
  if (!named) throw ParameterError("after", "must be the next of the page before");
  return {std::move(named->registry), std::move(named->name)};
}

}  // namespace

HttpResponse answer_repositories(const Services& services, const HttpRequest& request) {
  QueryParameters parameters(request.query());
  storage::RepositoryFilter filter;
  filter.account = parameters.take("account").value_or("");
  filter.prefix = parameters.take("prefix").value_or("");
  filter.search = parameters.take("search").value_or("");
  const auto after = parameters.take("after");
  const auto limit =
      static_cast<std::int64_t>(parameters.take_number("limit", 1, kMostRows).value_or(100));
  parameters.finish();
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  auto rows = storage::find_repositories(txn, filter, place_of(after), limit + 1);
  OrderedJson next;
  if (std::ssize(rows) > limit) {
    rows.pop_back();
    next = arn_of(rows.back());
  }
  OrderedJson list = OrderedJson::array();
  for (const auto& row : rows) list.push_back(repository_json(services, txn, request.host(), row));
  return json_response(200,
                       OrderedJson{{"repositories", std::move(list)}, {"next", std::move(next)}});
}

HttpResponse answer_images(const Services& services, const HttpRequest& request) {
  QueryParameters parameters(request.query());
  const auto arn = parameters.take("arn");
  const auto after = parameters.take("after");
  const auto limit =
      static_cast<std::int64_t>(parameters.take_number("limit", 1, kMostRows).value_or(100));
  parameters.finish();
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  const storage::Repository repository = require_repository(txn, arn);
  auto images = storage::list_images(txn, repository.id, storage::TagStatus::kAny,
                                     after.value_or(""), limit + 1);
  OrderedJson next;
  if (std::ssize(images) > limit) {
    images.pop_back();
    next = images.back().digest.text();
  }
  OrderedJson list = OrderedJson::array();
  for (const auto& image : images) {
    list.push_back(image_json(services, txn, repository, image,
                              storage::image_tags(txn, repository.id, image.digest)));
  }
  return json_response(200, OrderedJson{{"images", std::move(list)}, {"next", std::move(next)}});
}

HttpResponse answer_image(const Services& services, const HttpRequest& request) {
  QueryParameters parameters(request.query());
  const auto arn = parameters.take("arn");
  const auto digest = parameters.take("digest");
  parameters.finish();
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  const storage::Repository repository = require_repository(txn, arn);
  if (!digest) throw ParameterError("digest", "is missing");
  const auto parsed = model::Digest::parse(*digest);
  if (!parsed) throw ParameterError("digest", "is not a digest");
  const auto image = storage::find_image(txn, repository.id, *parsed);
  if (!image) return error_response(404, "There is no such image in the repository");
  OrderedJson json = image_json(services, txn, repository, *image,
                                storage::image_tags(txn, repository.id, *parsed));
  add_details(services, txn, repository, *image, json);
  return json_response(200, json);
}

HttpResponse delete_tags(const Services& services, const ControlPlane& control,
                         const HttpRequest& request) {
  const OrderedJson document = read_body(request.body);
  const BodyNode body(document, "");
  body.check_members({"arn", "tags"});
  const std::string arn = body.text("arn");
  const auto named = what_if::repository_named(arn);
  if (!named) throw ParameterError("arn", "is not the ARN of a repository");
  Json ids = Json::array();
  for (const std::string& tag : body.texts("tags", kMostDeletedTags)) {
    if (!model::is_tag(tag)) throw ParameterError("tags", "has one that is not a tag: " + tag);
    ids.push_back({{"imageTag", tag}});
  }
  const Json output =
      call_as_operator(services, control, request, {"ecr", "BatchDeleteImage", named->registry},
                       {{"registryId", named->registry.account},
                        {"repositoryName", named->name},
                        {"imageIds", std::move(ids)}});
  OrderedJson deleted = OrderedJson::array();
  for (const Json& id : output.value("imageIds", Json::array())) {
    deleted.push_back({{"tag", base::text_member(id, "imageTag")},
                       {"digest", base::text_member(id, "imageDigest")}});
  }
  OrderedJson failures = OrderedJson::array();
  for (const Json& failure : output.value("failures", Json::array())) {
    failures.push_back({{"tag", base::text_member(failure.at("imageId"), "imageTag")},
                        {"code", base::text_member(failure, "failureCode")},
                        {"reason", base::text_member(failure, "failureReason")}});
  }
  return json_response(
      200, OrderedJson{{"deleted", std::move(deleted)}, {"failures", std::move(failures)}});
}

}  // namespace ecr::api::admin::inventory
