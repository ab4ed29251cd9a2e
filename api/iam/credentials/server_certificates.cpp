// Server certificates. In AWS they serve load balancers; here they are stored and shown, without
// their private keys: the key is checked and not kept. Sources: AWS IAM API Reference; IAM User
// Guide, "Manage server certificates in IAM". The texts of errors are inferred.
#include <nlohmann/json.hpp>

#include "api/core/unique_id.h"
#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"
#include "api/iam/credentials/public_keys.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/tags.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/credentials.h"

namespace ecr::api::iam {
namespace {

using storage::ServerCertificate;
using storage::sql::Access;

constexpr std::size_t kServerCertificates = 20;  // of an account; "IAM and AWS STS quotas"
constexpr std::string_view kServerCertificateId = "ASCA";

Json certificate_metadata(const ServerCertificate& certificate) {
  return {{"Path", certificate.path},
          {"ServerCertificateName", certificate.name},
          {"ServerCertificateId", certificate.unique_id},
          {"Arn", storage::server_certificate_arn(certificate)},
          {"UploadDate", iso_time(certificate.uploaded_at)},
          {"Expiration", iso_time(certificate.expires_at)}};
}

[[noreturn]] void refuse_certificate_name(const std::string& name) {
  throw already_exists(base::format("The Server Certificate with name {} already exists.", name));
}

Resolved<ServerCertificate> new_certificate_target(const ApiRequest& request) {
  ServerCertificate certificate;
  certificate.account = request.caller.account;
  certificate.partition = request.registry.partition();
  certificate.name = text_member(request.input, "ServerCertificateName");
  certificate.path = path_of(request.input);
  return {new_resource_target(request, storage::server_certificate_arn(certificate),
                              "iam:TagServerCertificate"),
          std::move(certificate)};
}

// The guide: a certificate must be valid when it is uploaded.
Json upload_server_certificate(ApiRequest& request, ServerCertificate& certificate) {
  certificate.body = text_member(request.input, "CertificateBody");
  certificate.chain = text_member(request.input, "CertificateChain");
  const auto read = read_one_certificate(certificate.body);
  if (!certificate.chain.empty()) check_certificate_chain(certificate.chain);
  check_private_key(text_member(request.input, "PrivateKey"), read.get());
  certificate.expires_at = valid_until(read.get());
  if (certificate.expires_at < request.now || valid_from(read.get()) > request.now) {
    throw ApiError(ErrorCode::kMalformedCertificate, "The certificate is not valid at this time.");
  }
  const storage::Tags tags = requested_resource_tags(request.input);
  if (storage::find_server_certificate(request.txn, certificate.account, certificate.name)) {
    refuse_certificate_name(certificate.name);
  }
  if (storage::server_certificates(request.txn, certificate.account).size() >=
      kServerCertificates) {
    throw limit_exceeded(base::format("Cannot exceed quota for ServerCertificatesPerAccount: {}",
                                      kServerCertificates));
  }
  certificate.unique_id =
      make_unique_id(request.core.random, kServerCertificateId, certificate.account);
  certificate.uploaded_at = request.now;
  storage::insert_server_certificate(request.txn, certificate);
  tag_resource(request, storage::server_certificate_arn(certificate));
  Json output = {{"ServerCertificateMetadata", certificate_metadata(certificate)}};
  add_tags(tags, output);
  return output;
}

struct NamedServerCertificate : Named<ServerCertificate> {
  std::string name;

  [[noreturn]] void missing() const {
    throw no_such_entity(
        base::format("The Server Certificate with name {} cannot be found.", name));
  }
};

NamedServerCertificate requested_certificate(const ApiRequest& request) {
  NamedServerCertificate named;
  named.name = text_member(request.input, "ServerCertificateName");
  named.row = storage::find_server_certificate(request.txn, request.caller.account, named.name);
  if (named.row && named.row->name != named.name) named.row.reset();
  return named;
}

// A missing one is authorized by the ARN that it would have.
ServerCertificate certificate_or_unstored(const ApiRequest& request,
                                          const NamedServerCertificate& named) {
  if (named.row) return *named.row;
  ServerCertificate certificate;
  certificate.account = request.caller.account;
  certificate.partition = request.registry.partition();
  certificate.name = named.name;
  return certificate;
}

Resolved<NamedServerCertificate> certificate_target(const ApiRequest& request) {
  NamedServerCertificate named = requested_certificate(request);
  Target target = target_of_arn(
      request, storage::server_certificate_arn(certificate_or_unstored(request, named)));
  add_request_tags(request, target);
  return {{std::move(target)}, std::move(named)};
}

void apply_new_names(const ApiRequest& request, ServerCertificate& certificate) {
  if (request.input.contains("NewServerCertificateName")) {
    certificate.name = text_member(request.input, "NewServerCertificateName");
  }
  if (request.input.contains("NewPath")) certificate.path = path_of(request.input, "NewPath");
}

// The permission is asked on both ARNs, as for users (API Reference, "UpdateServerCertificate").
Resolved<NamedServerCertificate> renamed_certificate_target(const ApiRequest& request) {
  Resolved<NamedServerCertificate> found = certificate_target(request);
  ServerCertificate future = certificate_or_unstored(request, found.subject);
  apply_new_names(request, future);
  Target target = target_of_arn(request, storage::server_certificate_arn(future));
  if (target.resource != found.targets.front().resource) found.targets.push_back(std::move(target));
  return found;
}

Json get_server_certificate(ApiRequest& request, const ServerCertificate& certificate) {
  Json shown = {{"ServerCertificateMetadata", certificate_metadata(certificate)},
                {"CertificateBody", certificate.body}};
  if (!certificate.chain.empty()) shown["CertificateChain"] = certificate.chain;
  add_tags(storage::resource_tags(request.txn, storage::server_certificate_arn(certificate)),
           shown);
  return {{"ServerCertificate", std::move(shown)}};
}

// The tags are stored by ARN, so they go along.
Json update_server_certificate(ApiRequest& request, ServerCertificate& certificate) {
  const std::string old_arn = storage::server_certificate_arn(certificate);
  const std::string old_name = certificate.name;
  apply_new_names(request, certificate);
  const auto other =
      storage::find_server_certificate(request.txn, certificate.account, certificate.name);
  if (other && other->id != certificate.id) refuse_certificate_name(certificate.name);
  storage::update_server_certificate(request.txn, certificate);
  const std::string arn = storage::server_certificate_arn(certificate);
  if (arn == old_arn) return Json::object();
  for (const auto& [key, value] : storage::resource_tags(request.txn, old_arn)) {
    storage::put_resource_tag(request.txn, arn, key, value);
  }
  storage::remove_resource_tags(request.txn, old_arn);
  return Json::object();
}

Json delete_server_certificate(ApiRequest& request, const ServerCertificate& certificate) {
  storage::remove_resource_tags(request.txn, storage::server_certificate_arn(certificate));
  storage::delete_server_certificate(request.txn, certificate.id);
  return Json::object();
}

Json tag_server_certificate(ApiRequest& request, const ServerCertificate& certificate) {
  tag_resource(request, storage::server_certificate_arn(certificate));
  return Json::object();
}
Json untag_server_certificate(ApiRequest& request, const ServerCertificate& certificate) {
  untag_resource(request, storage::server_certificate_arn(certificate));
  return Json::object();
}
Json list_server_certificate_tags(ApiRequest& request, const ServerCertificate& certificate) {
  return list_tags(
      request, storage::resource_tags(request.txn, storage::server_certificate_arn(certificate)));
}

Json list_server_certificates(ApiRequest& request) {
  const Pager pager(request);
  const std::string prefix = text_member(request.input, "PathPrefix");
  std::vector<Listed> items;
  for (const ServerCertificate& certificate :
       storage::server_certificates(request.txn, request.caller.account)) {
    if (!certificate.path.starts_with(prefix)) continue;
    items.emplace_back(base::to_lower(certificate.name), certificate_metadata(certificate));
  }
  return pager.page("ServerCertificateMetadataList", std::move(items));
}

constexpr Operation kServerCertificateOperations[] = {
    {"UploadServerCertificate", "iam:UploadServerCertificate", Access::kWrite,
     on<new_certificate_target, upload_server_certificate>},
    {"GetServerCertificate", "iam:GetServerCertificate", Access::kRead,
     on<certificate_target, get_server_certificate>},
    {"ListServerCertificates", "iam:ListServerCertificates", Access::kRead,
     on<account_target, list_server_certificates>},
    {"UpdateServerCertificate", "iam:UpdateServerCertificate", Access::kWrite,
     on<renamed_certificate_target, update_server_certificate>},
    {"DeleteServerCertificate", "iam:DeleteServerCertificate", Access::kWrite,
     on<certificate_target, delete_server_certificate>},
    {"TagServerCertificate", "iam:TagServerCertificate", Access::kWrite,
     on<certificate_target, tag_server_certificate>},
    {"UntagServerCertificate", "iam:UntagServerCertificate", Access::kWrite,
     on<certificate_target, untag_server_certificate>},
    {"ListServerCertificateTags", "iam:ListServerCertificateTags", Access::kRead,
     on<certificate_target, list_server_certificate_tags>},
};

}  // namespace

std::vector<const Operation*> server_certificate_operations() {
  return pointers(kServerCertificateOperations);
}

}  // namespace ecr::api::iam
