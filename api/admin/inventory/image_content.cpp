#include "api/admin/inventory/image_content.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "api/admin/inventory/lifecycle_dry_run.h"
#include "api/core/access/stored_principals.h"
#include "api/images/images.h"
#include "api/images/lifecycle/lifecycle_jobs.h"
#include "schemas/model/digest.h"
#include "storage/os/posix.h"
#include "storage/rows/blobs.h"
#include "storage/rows/image_processing.h"
#include "storage/rows/lifecycle.h"
#include "storage/rows/repository_listing.h"

namespace ecr::api::admin::inventory {
namespace {

using base::OrderedJson;

constexpr std::uint64_t kMostConfigBytes = 1u << 20;
constexpr std::int64_t kMostReferrers = 100;
constexpr std::int64_t kMostFindings = 1000;

constexpr base::JsonLimits kContentLimits{.max_depth = 32, .max_values = 200'000};

struct ImageContent {
  std::string manifest;  // as it was pushed
  OrderedJson parsed;    // null: it cannot be read
  OrderedJson config;    // null: there is none, it is no JSON, or it is larger than 1 MB
  bool is_index = false;
};

// The member, if it is of the type that the function reads; else nothing.
const OrderedJson* member_of(const OrderedJson& json, const char* name) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(name);
  return found == json.end() ? nullptr : &*found;
}

const OrderedJson& list_of(const OrderedJson& json, const char* name) {
  static const OrderedJson empty = OrderedJson::array();
  const OrderedJson* const list = member_of(json, name);
  return list != nullptr && list->is_array() ? *list : empty;
}

void copy_text(const OrderedJson& from, const char* name, OrderedJson& to) {
  const std::string text = base::text_member(from, name);
  if (!text.empty()) to[name] = text;
}

void copy_number(const OrderedJson& from, const char* name, OrderedJson& to) {
  const OrderedJson* const number = member_of(from, name);
  if (number != nullptr && number->is_number()) to[name] = *number;
}

// Only of what the repository holds: a manifest may name any digest.
std::optional<std::string> read_small_blob(const Services& services, storage::sql::Txn& txn,
                                           std::int64_t repository, const std::string& text) {
  const auto digest = model::Digest::parse(text);
  const auto size = digest ? storage::find_blob(txn, repository, *digest) : std::nullopt;
  if (!size || static_cast<std::uint64_t>(*size) > kMostConfigBytes) return std::nullopt;
  const auto file = services.store.blobs().open(*digest);
  if (!file) return std::nullopt;
  std::string bytes;
  storage::read_all(
      file->fd(), [&](std::string_view some) { bytes += some; }, "a config");
  return bytes;
}

// One entry of the config's history for each layer: those that made no layer are passed over.
std::vector<std::string> layer_commands(const OrderedJson& config) {
  std::vector<std::string> commands;
  for (const OrderedJson& entry : list_of(config, "history")) {
    const OrderedJson* const empty = member_of(entry, "empty_layer");
    if (empty != nullptr && empty->is_boolean() && empty->get<bool>()) continue;
    commands.push_back(base::text_member(entry, "created_by"));
  }
  return commands;
}

OrderedJson layers_json(const ImageContent& content) {
  OrderedJson layers = OrderedJson::array();
  const auto commands = layer_commands(content.config);
  const OrderedJson& list = list_of(content.parsed, "layers");
  for (std::size_t i = 0; i < list.size(); ++i) {
    OrderedJson layer = OrderedJson::object();
    copy_text(list[i], "digest", layer);
    copy_number(list[i], "size", layer);
    copy_text(list[i], "mediaType", layer);
    layer["createdBy"] = i < commands.size() ? OrderedJson(commands[i]) : OrderedJson();
    layers.push_back(std::move(layer));
  }
  return layers;
}

OrderedJson referrers_json(storage::sql::Txn& txn, std::int64_t repository,
                           const model::Digest& digest) {
  OrderedJson list = OrderedJson::array();
  const auto page = read_referrers(txn, repository, digest, {}, "", kMostReferrers);
  for (const Referrer& one : page.referrers) {
    OrderedJson annotations = OrderedJson::object();
    for (const auto& [key, value] : one.annotations) annotations[key] = value;
    list.push_back({{"digest", one.digest.text()},
                    {"mediaType", one.media_type},
                    {"artifactType", one.artifact_type},
                    {"size", one.size},
                    {"signature", is_signature_type(one.artifact_type)},
                    {"annotations", std::move(annotations)}});
  }
  return list;
}

OrderedJson scan_json(storage::sql::Txn& txn, std::int64_t repository,
                      const model::Digest& digest) {
  const auto scan = storage::find_scan(txn, repository, digest);
  if (!scan) return {};
  OrderedJson counts = OrderedJson::object();
  for (const auto& [name, count] : scan->severities) counts[name] = count;
  OrderedJson findings = OrderedJson::array();
  for (const auto& row : storage::list_scan_findings(txn, repository, digest, 0, kMostFindings)) {
    const auto body = base::parse_ordered_json(row.body);
    OrderedJson finding = OrderedJson::object();
    if (body) {
      for (const char* name : {"name", "severity", "description", "uri"}) {
        copy_text(*body, name, finding);
      }
    }
    findings.push_back(std::move(finding));
  }
  return {
      {"type", storage::word_of(scan->type)},
      {"status", storage::word_of(scan->status)},
      {"description", scan->description},
      {"completedAt",
       scan->completed_at ? OrderedJson(base::format_iso8601(*scan->completed_at)) : OrderedJson()},
      {"counts", std::move(counts)},
      {"findings", std::move(findings)}};
}

OrderedJson replication_json(storage::sql::Txn& txn, std::int64_t repository,
                             const model::Digest& digest) {
  OrderedJson list = OrderedJson::array();
  for (const auto& one : storage::image_replications(txn, repository, digest)) {
    OrderedJson json = {{"registryId", one.destination.account},
                        {"region", one.destination.region},
                        {"status", storage::word_of(one.status)}};
    if (!one.failure_code.empty()) json["failureCode"] = one.failure_code;
    list.push_back(std::move(json));
  }
  return list;
}

// What the repository's policy says about the image now, by the evaluation that acts on it. Where
// the repository has very many images it is not asked, as each of them has to be looked at.
OrderedJson lifecycle_json(const Services& services, storage::sql::Txn& txn,
                           std::int64_t repository, const model::Digest& digest) {
  const auto stored = storage::find_lifecycle_policy(txn, repository);
  if (!stored) return {};
  OrderedJson json = {
      {"policy", stored->text},
      {"lastEvaluatedAt", stored->last_evaluated_at
                              ? OrderedJson(base::format_iso8601(*stored->last_evaluated_at))
                              : OrderedJson()}};
  const auto policy = lifecycle::parse_policy(stored->text);
  const bool is_large =
      storage::contents_of(txn, repository).images > static_cast<std::int64_t>(kMostDryRunImages);
  if (!policy || is_large) return json;
  std::vector<lifecycle::Image> images;
  for (const auto& row : storage::lifecycle_images(txn, repository)) {
    images.push_back(lifecycle_image(row));
  }
  const auto evaluation = lifecycle::evaluate(*policy, images, services.clock.now());
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (images[i].digest == digest.text()) {
      json.update(lifecycle_verdict_json(*policy, images[i], evaluation.images[i]));
    }
  }
  return json;
}

ImageContent read_content(const Services& services, storage::sql::Txn& txn, std::int64_t repository,
                          const model::Digest& digest) {
  ImageContent content;
  content.manifest = storage::image_manifest(txn, repository, digest).value_or("");
  if (auto parsed = base::parse_ordered_json(content.manifest, kContentLimits)) {
    content.parsed = std::move(*parsed);
  }
  content.is_index = member_of(content.parsed, "manifests") != nullptr;
  const OrderedJson* const config = member_of(content.parsed, "config");
  if (config == nullptr) return content;
  const auto bytes =
      read_small_blob(services, txn, repository, base::text_member(*config, "digest"));
  if (!bytes) return content;
  if (auto parsed = base::parse_ordered_json(*bytes, kContentLimits)) {
    content.config = std::move(*parsed);
  }
  return content;
}

OrderedJson platforms_json(const ImageContent& content) {
  OrderedJson list = OrderedJson::array();
  for (const OrderedJson& one : list_of(content.parsed, "manifests")) {
    OrderedJson json = OrderedJson::object();
    if (const OrderedJson* const platform = member_of(one, "platform")) {
      for (const char* name : {"os", "architecture", "variant"}) copy_text(*platform, name, json);
    }
    copy_text(one, "digest", json);
    copy_number(one, "size", json);
    copy_text(one, "mediaType", json);
    list.push_back(std::move(json));
  }
  if (content.is_index || !content.config.is_object()) return list;
  OrderedJson own = OrderedJson::object();
  for (const char* name : {"os", "architecture", "variant"}) copy_text(content.config, name, own);
  if (!own.empty()) list.push_back(std::move(own));
  return list;
}

}  // namespace

bool is_signature_type(std::string_view artifact_type) {
  constexpr std::array<std::string_view, 3> kTypes = {
      "application/vnd.cncf.notary.signature", "application/vnd.dev.cosign.artifact.sig.v1+json",
      "application/vnd.dev.sigstore.bundle.v0.3+json"};
  return std::find(kTypes.begin(), kTypes.end(), artifact_type) != kTypes.end();
}

OrderedJson platforms_of(const Services& services, storage::sql::Txn& txn, std::int64_t repository,
                         const model::Digest& digest) {
  return platforms_json(read_content(services, txn, repository, digest));
}

void add_details(const Services& services, storage::sql::Txn& txn,
                 const storage::Repository& repository, const storage::Image& image,
                 OrderedJson& json) {
  const ImageContent content = read_content(services, txn, repository.id, image.digest);
  json["manifest"] = content.manifest;
  json["config"] = content.config;
  json["layers"] = layers_json(content);
  json["referrers"] = referrers_json(txn, repository.id, image.digest);
  json["scan"] = scan_json(txn, repository.id, image.digest);
  json["replication"] = replication_json(txn, repository.id, image.digest);
  json["lifecycle"] = lifecycle_json(services, txn, repository.id, image.digest);
  json["policy"] = OrderedJson();
  if (!repository.policy) return;
  if (auto policy = base::parse_ordered_json(shown_principals(txn, *repository.policy))) {
    json["policy"] = std::move(*policy);
  }
}

}  // namespace ecr::api::admin::inventory
