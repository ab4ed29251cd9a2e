// Virtual MFA devices: real ones, whose codes STS takes (GetSessionToken, AssumeRole). Hardware
// devices, passkeys and devices of the root user are not here. Sources: AWS IAM API Reference; IAM
// User Guide, "Assign MFA devices in the AWS CLI or AWS API". Where no source is named, the texts
// of errors are inferred.
#include "storage/rows/iam/mfa_devices.h"

#include <nlohmann/json.hpp>

#include "api/core/access/mfa.h"
#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/tags.h"
#include "api/iam/shared/targets.h"
#include "auth/totp.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
namespace {

using storage::MfaDevice;
using storage::sql::Access;

// IAM User Guide, "IAM and AWS STS quotas": MFA devices in use by a user.
constexpr std::size_t kMfaDevicesPerUser = 8;
constexpr std::size_t kSeedBytes = 40;  // 64 characters of base32, as AWS's seeds have
// How far a device's clock may be off, in steps of 30 seconds (inferred). ResyncMFADevice is for
// clocks that are off by more than the sign-in allows.
constexpr std::int64_t kEnableSteps = 1;
constexpr std::int64_t kResyncSteps = 20;

std::string make_seed(base::Random& random) {
  std::string bytes(kSeedBytes, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  return auth::base32_encode(bytes);
}

// The path is part of the ARN, and the name is unique together with it.
Resolved<MfaDevice> new_mfa_target(const ApiRequest& request) {
  MfaDevice device;
  device.account = request.caller.account;
  device.serial =
      base::format("arn:{}:iam::{}:mfa{}{}", request.registry.partition(), device.account,
                   path_of(request.input), text_member(request.input, "VirtualMFADeviceName"));
  return {new_resource_target(request, device.serial, "iam:TagMFADevice"), std::move(device)};
}

// The seed is in this answer alone. The picture of it for an app's camera (QRCodePNG) is left out:
// programs read the seed.
Json create_virtual_mfa_device(ApiRequest& request, MfaDevice& device) {
  device.seed = make_seed(request.core.random);
  device.created_at = request.now;
  const storage::Tags tags = requested_resource_tags(request.input);
  if (!storage::insert_mfa_device(request.txn, device)) {
    throw already_exists("MFADevice entity at the same path and name already exists.");
  }
  tag_resource(request, device.serial);
  Json shown = {{"SerialNumber", device.serial},
                {"Base32StringSeed", base::base64_encode(device.seed)}};
  add_tags(tags, shown);
  return {{"VirtualMFADevice", std::move(shown)}};
}

struct NamedMfaDevice : Named<MfaDevice> {
  std::string serial;

  [[noreturn]] void missing() const {
    throw no_such_entity(
        base::format("VirtualMFADevice with serial number {} doesn't exist.", serial));
  }
};

NamedMfaDevice requested_device(const ApiRequest& request) {
  NamedMfaDevice named;
  named.serial = text_member(request.input, "SerialNumber");
  named.row = storage::find_mfa_device(request.txn, named.serial);
  if (named.row && named.row->account != request.caller.account) named.row.reset();
  return named;
}

Resolved<NamedMfaDevice> mfa_device_target(const ApiRequest& request) {
  NamedMfaDevice named = requested_device(request);
  Target target = target_of_given_arn(request, named.serial, "mfa/");
  return {{std::move(target)}, std::move(named)};
}

Json delete_virtual_mfa_device(ApiRequest& request, const MfaDevice& device) {
  if (device.entity) throw delete_conflict("MFA VirtualDevice in use. Must deactivate first.");
  storage::remove_resource_tags(request.txn, device.serial);
  storage::delete_mfa_device(request.txn, device.id);
  return Json::object();
}

Json tag_mfa_device(ApiRequest& request, const MfaDevice& device) {
  tag_resource(request, device.serial);
  return Json::object();
}
Json untag_mfa_device(ApiRequest& request, const MfaDevice& device) {
  untag_resource(request, device.serial);
  return Json::object();
}
Json list_mfa_device_tags(ApiRequest& request, const MfaDevice& device) {
  return list_tags(request, storage::resource_tags(request.txn, device.serial));
}

void require_two_codes(const ApiRequest& request, MfaDevice& device, std::int64_t most_steps) {
  if (!synchronize_mfa_device(device, text_member(request.input, "AuthenticationCode1"),
                              text_member(request.input, "AuthenticationCode2"), most_steps,
                              request.core.machine_clock.now())) {
    throw ApiError(ErrorCode::kInvalidAuthenticationCode,
                   "Authentication code for device is not valid.");
  }
}

// The resource of this and the following operations is the user (Service Authorization Reference).
// The codes are used up: the user's first session needs the next one.
Json enable_mfa_device(ApiRequest& request, const storage::Entity& user) {
  NamedMfaDevice named = requested_device(request);
  MfaDevice& device = required(named);
  if (device.entity) throw already_exists("MFADevice is already in use.");
  if (storage::mfa_devices_of_user(request.txn, user.id).size() >= kMfaDevicesPerUser) {
    throw limit_exceeded(
        base::format("Cannot exceed quota for MFADevicesPerUser: {}", kMfaDevicesPerUser));
  }
  require_two_codes(request, device, kEnableSteps);
  device.entity = user.id;
  device.enabled_at = request.now;
  storage::update_mfa_device(request.txn, device);
  return Json::object();
}

// A device of another user is reported like one that does not exist.
MfaDevice require_device_of(const ApiRequest& request, const storage::Entity& user) {
  NamedMfaDevice named = requested_device(request);
  if (!named.row || named.row->entity != user.id) {
    throw no_such_entity("MFA Device invalid for user.");
  }
  return *named.row;
}

Json resync_mfa_device(ApiRequest& request, const storage::Entity& user) {
  MfaDevice device = require_device_of(request, user);
  require_two_codes(request, device, kResyncSteps);
  storage::update_mfa_device(request.txn, device);
  return Json::object();
}

// The device keeps its seed and its tags, and may be enabled again.
Json deactivate_mfa_device(ApiRequest& request, const storage::Entity& user) {
  MfaDevice device = require_device_of(request, user);
  device.entity.reset();
  device.enabled_at.reset();
  storage::update_mfa_device(request.txn, device);
  return Json::object();
}

// Without UserName the device may be of any user of the account: the root user's is not here.
Json get_mfa_device(ApiRequest& request, NamedEntity& named) {
  NamedMfaDevice device = requested_device(request);
  if (request.input.contains("UserName")) {
    require_device_of(request, required(named));
  }
  const MfaDevice& found = required(device);
  Json shown = {{"SerialNumber", found.serial}};
  if (found.entity) {
    shown["UserName"] = storage::find_entity(request.txn, *found.entity).value().name;
    shown["EnableDate"] = iso_time(*found.enabled_at);
  }
  return shown;
}

// Without UserName: those of the calling user. The root user has none.
Json list_mfa_devices(ApiRequest& request, NamedEntity& named) {
  const Pager pager(request);
  std::vector<Listed> items;
  const bool own_root = !request.input.contains("UserName") &&
                        request.caller.principal.kind == auth::iam::PrincipalKind::kRoot;
  if (!own_root) {
    const storage::Entity& user = required(named);
    for (const MfaDevice& device : storage::mfa_devices_of_user(request.txn, user.id)) {
      items.emplace_back(device.serial, Json{{"UserName", user.name},
                                             {"SerialNumber", device.serial},
                                             {"EnableDate", iso_time(*device.enabled_at)}});
    }
  }
  return pager.page("MFADevices", std::move(items));
}

// Neither seed nor tags are shown.
Json list_virtual_mfa_devices(ApiRequest& request) {
  const Pager pager(request);
  const std::string status = text_member(request.input, "AssignmentStatus");
  std::vector<Listed> items;
  for (const MfaDevice& device :
       storage::mfa_devices_of_account(request.txn, request.caller.account)) {
    if (status == (device.entity ? "Unassigned" : "Assigned")) continue;
    Json shown = {{"SerialNumber", device.serial}};
    if (device.entity) {
      const auto user = storage::find_entity(request.txn, *device.entity);
      shown["User"] = short_entity_json(request, *user);
      shown["EnableDate"] = iso_time(*device.enabled_at);
    }
    items.emplace_back(device.serial, std::move(shown));
  }
  return pager.page("VirtualMFADevices", std::move(items));
}

constexpr Operation kMfaOperations[] = {
    {"CreateVirtualMFADevice", "iam:CreateVirtualMFADevice", Access::kWrite,
     on<new_mfa_target, create_virtual_mfa_device>},
    {"DeleteVirtualMFADevice", "iam:DeleteVirtualMFADevice", Access::kWrite,
     on<mfa_device_target, delete_virtual_mfa_device>},
    {"EnableMFADevice", "iam:EnableMFADevice", Access::kWrite,
     on<entity_target, enable_mfa_device>},
    {"ResyncMFADevice", "iam:ResyncMFADevice", Access::kWrite,
     on<entity_target, resync_mfa_device>},
    {"DeactivateMFADevice", "iam:DeactivateMFADevice", Access::kWrite,
     on<entity_target, deactivate_mfa_device>},
    {"GetMFADevice", "iam:GetMFADevice", Access::kRead, on<entity_target, get_mfa_device>},
    {"ListMFADevices", "iam:ListMFADevices", Access::kRead, on<entity_target, list_mfa_devices>},
    {"ListVirtualMFADevices", "iam:ListVirtualMFADevices", Access::kRead,
     on<account_target, list_virtual_mfa_devices>},
    {"TagMFADevice", "iam:TagMFADevice", Access::kWrite, on<mfa_device_target, tag_mfa_device>},
    {"UntagMFADevice", "iam:UntagMFADevice", Access::kWrite,
     on<mfa_device_target, untag_mfa_device>},
    {"ListMFADeviceTags", "iam:ListMFADeviceTags", Access::kRead,
     on<mfa_device_target, list_mfa_device_tags>},
};

}  // namespace

std::vector<const Operation*> mfa_device_operations() { return pointers(kMfaOperations); }

}  // namespace ecr::api::iam
