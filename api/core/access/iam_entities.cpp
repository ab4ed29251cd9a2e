#include "api/core/access/iam_entities.h"

#include <algorithm>
#include <array>

#include "api/core/unique_id.h"
#include "schemas/base/text.h"
#include "schemas/model/embedded.h"
#include "storage/rows/iam/managed_policies.h"

namespace ecr::api {
namespace {

// Takes what stands before `end` off the text, and `end` with it.
std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

}  // namespace

// The table is read as it stands in the program: it is asked seldom.
std::optional<ServiceLinkedRole> find_service_linked_role(std::string_view service) {
  for (std::string_view table = model::embedded::service_linked_roles(); !table.empty();) {
    std::string_view line = take_until(table, '\n');
    const std::string_view name = take_until(line, '\t');
    if (name != service || name.starts_with('#')) continue;
    ServiceLinkedRole role;
    role.service = name;
    role.name = take_until(line, '\t');
    role.policy = take_until(line, '\t');
    role.takes_suffix = line.starts_with("suffix");
    return role;
  }
  return std::nullopt;
}

// "AWSServiceRoleForAutoScaling_mine": Amazon EC2 Auto Scaling User Guide, "Service-linked roles".
std::string service_linked_name(const ServiceLinkedRole& role, std::string_view suffix) {
  return suffix.empty() ? std::string(role.name) : base::format("{}_{}", role.name, suffix);
}

std::string service_linked_path(std::string_view service) {
  return base::format("/aws-service-role/{}/", service);
}

std::optional<storage::Entity> make_service_linked_role(const Core& core, storage::sql::Txn& txn,
                                                        const model::RegistryId& place,
                                                        const ServiceLinkedRole& role,
                                                        std::optional<std::string> description,
                                                        base::TimePoint now,
                                                        std::string_view suffix) {
  storage::Entity entity;
  entity.account = place.account;
  entity.partition = place.partition();
  entity.kind = storage::EntityKind::kRole;
  entity.name = service_linked_name(role, suffix);
  entity.path = service_linked_path(role.service);
  entity.unique_id = make_unique_id(core.random, kRoleId, place.account);
  entity.created_at = now;
  entity.description = std::move(description);
  // The trust policy of a service-linked role cannot be changed, and names its service alone.
  entity.trust_policy =
      base::format(R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",)"
                   R"("Principal":{{"Service":"{}"}},"Action":"sts:AssumeRole"}}]}})",
                   role.service);
  const auto id = storage::insert_entity(txn, entity);
  if (!id) return std::nullopt;
  entity.id = *id;
  storage::attach_policy(
      txn, entity.id,
      base::format("arn:{}:iam::aws:policy/aws-service-role/{}", entity.partition, role.policy));
  return entity;
}

// IAM reads validUntil from the metadata document. The document is not parsed as XML: the attribute
// is found as text, which is enough for what IAM shows of a provider.
std::optional<base::TimePoint> saml_valid_until(std::string_view metadata, base::TimePoint now) {
  if (metadata.find("EntityDescriptor") == std::string_view::npos) return std::nullopt;
  constexpr std::chrono::hours kYears{24 * 365 * 100};
  constexpr std::string_view kAttribute = "validUntil=\"";
  const std::size_t at = metadata.find(kAttribute);
  if (at == std::string_view::npos) return now + kYears;
  const std::string_view rest = metadata.substr(at + kAttribute.size());
  const auto time = base::parse_iso8601(rest.substr(0, rest.find('"')));
  return time ? *time : now + kYears;
}

std::string make_saml_provider_uuid(base::Random& random) {
  std::array<std::uint8_t, 16> noise{};
  random.fill(noise);
  std::string uuid;
  for (const std::uint8_t byte : noise) uuid += base::format("{:02X}", byte);
  return uuid;
}

}  // namespace ecr::api
