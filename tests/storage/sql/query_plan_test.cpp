// Every statement of the row functions uses an index. SQLite reports the statements it runs to a
// trace that this program installs on each new connection; each is then explained.
#include <memory>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "storage/rows/blobs.h"
#include "storage/rows/events.h"
#include "storage/rows/iam/account_access.h"
#include "storage/rows/iam/credentials.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/identity_providers.h"
#include "storage/rows/iam/instance_profiles.h"
#include "storage/rows/iam/managed_policies.h"
#include "storage/rows/iam/mfa_devices.h"
#include "storage/rows/iam/organizations.h"
#include "storage/rows/iam/sessions.h"
#include "storage/rows/image_listing.h"
#include "storage/rows/image_processing.h"
#include "storage/rows/images.h"
#include "storage/rows/jobs.h"
#include "storage/rows/lifecycle.h"
#include "storage/rows/pull_through.h"
#include "storage/rows/registry_settings.h"
#include "storage/rows/replication_backfills.h"
#include "storage/rows/repositories.h"
#include "storage/rows/server_state.h"
#include "storage/rows/tags.h"
#include "storage/rows/uploads.h"
#include "tests/schemas/model/names.h"
#include "tests/storage/fixtures.h"
#include "tests/storage/sql/traced_database.h"

namespace ecr::storage::test {
namespace {

void use_repositories(sql::Txn& txn) {
  const auto id = add_repository(txn, "app");
  find_repository(txn, {"000000000000", "us-east-1"}, model::test::name_of("app"));
  find_repository(txn, id);
  list_repositories(txn, {"000000000000", "us-east-1"}, "", 10);
  find_repositories_named(txn, model::test::name_of("app"), 10);
  set_repository_policy(txn, id, "{}");
  set_repository_settings(txn, id, {});
  put_repository_tag(txn, id, "k", "v");
  repository_tags(txn, id);
  remove_repository_tag(txn, id, "k");
  insert_upload(txn, {upload_id(1), id, "arn", at(1)});
  find_upload(txn, upload_id(1));
  add_upload_part(txn, upload_id(1), true, at(2));
  touch_upload(txn, upload_id(1), at(3));
  upload_parts(txn, upload_id(1));
  abandoned_uploads(txn, at(9), {}, 10);
  delete_abandoned_upload(txn, upload_id(1), at(2));
  repository_uploads(txn, id);
  delete_upload(txn, upload_id(1));
  delete_repository(txn, id);
}

void use_images(sql::Txn& txn) {
  const auto id = add_repository(txn, "app");
  const auto blob = model::Digest::of("blob");
  add_blob(txn, id, blob, 4, at(1));
  find_blob(txn, id, blob);
  blob_is_known(txn, blob);
  blob_is_in_use(txn, id, blob);
  blob_is_archived(txn, id, blob);
  add_blob(txn, id, model::Digest::of("other"), 5, at(1));
  remove_blob(txn, id, model::Digest::of("other"));
  blob_media_type(txn, id, blob);
  Image image = image_of("manifest");
  image.blobs = {{blob, "type"}};
  image.children = {blob};
  insert_image(txn, id, image, "manifest");
  find_image(txn, id, image.digest);
  image_manifest(txn, id, image.digest);
  put_tag(txn, id, "v1", image.digest);
  find_tag(txn, id, "v1");
  image_tags(txn, id, image.digest);
  image_children(txn, id, image.digest);
  count_tags(txn, id, image.digest);
  tags_between(txn, id, blob, blob);
  tags_between(txn, id, blob, blob, ImageStatus::kActive);
  image_parents(txn, id, image.digest);
  find_parent(txn, id, image.digest, ImageStatus::kActive);
  touch_image_pull(txn, id, image.digest, at(2));
  archive_image(txn, id, image.digest, at(3));
  activate_image(txn, id, image.digest);
  restore_image(txn, id, image.digest, at(4));
  has_images(txn, id);
  for (const auto status : {TagStatus::kAny, TagStatus::kTagged, TagStatus::kUntagged}) {
    for (const auto image_status :
         {std::optional<ImageStatus>(), std::optional(ImageStatus::kActive)}) {
      list_images(txn, id, status, "", 10, image_status);
      list_image_ids(txn, id, status, "", "", 10, image_status);
    }
  }
  list_tags(txn, id, "", 10);
  visit_referrers(txn, id, image.digest, {}, "", [](const ReferrerRow&) { return true; });
  delete_tag(txn, id, "v1");
  delete_image(txn, id, image.digest, at(5));
  unreferenced_blobs(txn, at(9), {}, 10);
  remove_unreferenced_blob(txn, {id, blob.text()}, at(9));
  delete_repository(txn, id);
  orphan_blobs(txn, 10);
  delete_orphan_blob(txn, blob);
}

void use_identities(sql::Txn& txn) {
  Entity entity;
  entity.name = "jane";
  const auto id = insert_entity(txn, entity).value();
  find_entity(txn, "", EntityKind::kUser, "jane");
  find_entity(txn, id);
  find_entity_by_unique_id(txn, "AIDA1");
  list_entities(txn, "", EntityKind::kUser, "/", "", 10);
  count_entities(txn, "", EntityKind::kUser);
  entities_with_boundary(txn, "", "arn");
  note_entity_use(txn, id, at(1), "r", "ecr");
  note_service_use(txn, id, "ecr", at(1), "r");
  service_uses(txn, id);
  remove_entity_tag(txn, id, "k");
  put_entity_tag(txn, id, "k", "v");
  entity_tags(txn, id);
  remove_entity_tags(txn, id);
  insert_access_key(txn, {"AKIA1", "secret", id, true, at(1)});
  find_access_key(txn, "AKIA1");
  entity_access_keys(txn, id);
  set_access_key_active(txn, "AKIA1", false);
  note_access_key_use(txn, "AKIA1", at(1), "r", "ecr");
  delete_access_key(txn, "AKIA1");
  put_inline_policy(txn, id, "p", "{}");
  inline_policies(txn, id);
  inline_policy(txn, id, "p");
  delete_inline_policy(txn, id, "p");
  update_entity(txn, entity);
  has_entities(txn, "");
  add_to_group(txn, id, id);
  groups_of(txn, id);
  users_in(txn, id);
  remove_from_group(txn, id, id);
  remove_from_groups(txn, id);
  delete_entity(txn, id);
}

void use_credentials(sql::Txn& txn) {
  Entity entity;
  entity.name = "sue";
  const auto user = insert_entity(txn, entity).value();
  MfaDevice device{.serial = "arn"};
  device.id = insert_mfa_device(txn, device).value();
  find_mfa_device(txn, "arn");
  mfa_devices_of_account(txn, "");
  mfa_devices_of_user(txn, user);
  device.entity = user;
  update_mfa_device(txn, device);
  UserCredential key{.id = "APKA", .entity = user};
  insert_user_credential(txn, key);
  find_user_credential(txn, "APKA");
  user_credentials(txn, user, CredentialKind::kSshKey);
  update_user_credential(txn, key);
  delete_user_credential(txn, "APKA");
  ServerCertificate certificate{.name = "web"};
  certificate.id = insert_server_certificate(txn, certificate).value();
  find_server_certificate(txn, "", "web");
  server_certificates(txn, "");
  update_server_certificate(txn, certificate);
  delete_server_certificate(txn, certificate.id);
  set_account_setting(txn, "", "n", "v");
  account_setting(txn, "", "n");
  insert_access_report(txn, {"id", "", "kind", at(1), "{}"});
  find_access_report(txn, "", "id");
  count_access_reports(txn, "");
  delete_access_reports(txn, "", at(2));
  delete_entity(txn, user);
  delete_mfa_device(txn, device.id);
}

void use_policies_and_sessions(sql::Txn& txn) {
  Entity entity;
  entity.name = "joe";
  const auto id = insert_entity(txn, entity).value();
  const auto policy = insert_managed_policy(txn, {.arn = "arn"}, "{}").value();
  find_managed_policy(txn, "arn");
  managed_policy_document(txn, "arn");
  set_managed_policy_document(txn, policy, "{}");
  attach_policy(txn, id, "arn");
  attached_policies(txn, id);
  entities_with_policy(txn, "", "arn");
  policy_uses(txn, "");
  detach_policy(txn, id, "arn");
  detach_all_policies(txn, id);
  find_managed_policy_named(txn, "", "name");
  list_managed_policies(txn, "", "/", "", 10);
  count_managed_policies(txn, "");
  const auto version = add_policy_version(txn, policy, "{}", at(1));
  policy_versions(txn, policy);
  find_policy_version(txn, policy, version);
  set_default_version(txn, policy, version);
  delete_policy_version(txn, policy, 1);
  delete_managed_policy(txn, policy);
  Session session;
  session.access_key = "ASIA";
  session.entity = id;
  put_session(txn, session);
  find_session(txn, "ASIA");
  delete_expired_sessions(txn, at(1));
}

void use_providers_and_profiles(sql::Txn& txn) {
  Entity entity;
  entity.kind = EntityKind::kRole;
  entity.name = "ci";
  const auto role = insert_entity(txn, entity).value();
  OidcProvider oidc{.url = "example.com"};
  oidc.id = insert_oidc_provider(txn, oidc).value();
  find_oidc_provider(txn, "", "https://example.com");
  list_oidc_providers(txn, "");
  update_oidc_provider(txn, oidc);
  delete_oidc_provider(txn, oidc.id);
  SamlProvider saml{.name = "idp"};
  saml.id = insert_saml_provider(txn, saml).value();
  find_saml_provider(txn, "", "idp");
  list_saml_providers(txn, "");
  update_saml_provider(txn, saml);
  delete_saml_provider(txn, saml.id);
  const auto profile = insert_instance_profile(txn, {.name = "p"}).value();
  find_instance_profile(txn, "", "p");
  list_instance_profiles(txn, "", "/", "", 10);
  set_instance_profile_role(txn, profile, role);
  instance_profiles_of(txn, role);
  delete_instance_profile(txn, profile);
  put_resource_tag(txn, "arn", "k", "v");
  resource_tags(txn, "arn");
  remove_resource_tag(txn, "arn", "k");
  remove_resource_tags(txn, "arn");
  set_account_alias(txn, "1", "alias");
  account_alias(txn, "1");
  remove_account_alias(txn, "1");
  set_password_policy(txn, "1", "{}");
  password_policy(txn, "1");
  put_login_profile(txn, {role, false, at(1)});
  find_login_profile(txn, role);
  delete_login_profile(txn, role);
  insert_role_deletion(txn, "1", "task");
  role_deletion_exists(txn, "1", "task");
}

void use_organizations(sql::Txn& txn) {
  insert_organization(txn, {"o", "1"});
  insert_organization_target(txn, "o", "root", std::nullopt);
  insert_control_policy(txn, "o", ControlPolicyKind::kService, {"p", "n", "{}"});
  has_control_policy(txn, "p");
  has_organization_target(txn, "root");
  attach_control_policy(txn, "root", "p");
  organization_of(txn, "root");
  OrganizationTarget unit;
  unit.id = "ou-1";
  unit.organization = "o";
  unit.parent = "root";
  insert_organization_target(txn, unit);
  find_organization_target(txn, "o", "ou-1");
  organization_targets(txn, "o");
  move_organization_target(txn, "ou-1", "root");
  ControlPolicyRow row;
  row.id = "p-2";
  insert_control_policy(txn, "o", row);
  find_control_policy(txn, "o", "p-2");
  control_policies_of(txn, "o", ControlPolicyKind::kService);
  update_control_policy(txn, row);
  targets_of_control_policy(txn, "p-2");
  control_policies_at(txn, "ou-1");
  detach_control_policy(txn, "ou-1", "p-2");
  delete_control_policy(txn, "p-2");
  for (const auto kind : {ControlPolicyKind::kService, ControlPolicyKind::kResource}) {
    set_policy_type(txn, "o", kind, true);
    policy_type_enabled(txn, "o", kind);
  }
  control_policies(txn, "root", ControlPolicyKind::kService);
  set_registry_policy(txn, {"1", "r"}, "{}");
  registry_policy(txn, {"1", "r"});
}

void use_jobs(sql::Txn& txn) {
  put_job(txn, {.kind = "k", .key = "a", .due = at(1)});
  first_job(txn);
  first_job_of(txn, {"k"});
  first_job_besides(txn, {"k"});
  find_job(txn, 1);
  list_jobs(txn, 0, 10);
  note_job_attempt(txn, 1);
  set_job_failure(txn, 1, JobState::kFailed, at(2), "error");
  make_jobs_due(txn, "k", at(1));
  shift_jobs(txn, std::chrono::seconds(1));
  delete_job(txn, "k", "a");
  delete_job(txn, 1, 1);
  const auto id = add_repository(txn, "lifecycle");
  put_lifecycle_policy(txn, id, "{}");
  find_lifecycle_policy(txn, id);
  set_lifecycle_evaluated(txn, id, at(1));
  delete_lifecycle_policy(txn, id);
  start_lifecycle_preview(txn, id, "{}");
  find_lifecycle_preview(txn, id);
  add_lifecycle_preview_result(txn, id, {.digest = model::Digest::of("d"), .position = 1});
  finish_lifecycle_preview(txn, id, {});
  for (const auto status : {TagStatus::kAny, TagStatus::kTagged, TagStatus::kUntagged}) {
    list_lifecycle_preview_results(txn, id, status, 0, 10);
  }
  find_lifecycle_preview_result(txn, id, model::Digest::of("d"));
  lifecycle_images(txn, id);
  save_clock(txn, {.offset = std::chrono::seconds(1)});
  load_clock(txn);
}

void use_events(sql::Txn& txn) {
  insert_event(txn, {.sequence = 1,
                     .kind = EventKind::kEvent,
                     .type = "t",
                     .source = "s",
                     .account = "1",
                     .region = "r",
                     .time = at(1),
                     .request_id = "",
                     .body = "{}"});
  events_after(txn, 0, 10);
  events_after(txn, EventKind::kEvent, 0, 10);
  events_before(txn, 9, 0, 10);
  newest_event(txn);
  set_event_position(txn, "reader", 1);
  event_position(txn, "reader");
  prune_events(txn, EventKind::kEvent, 0);
}

void use_registry_settings(sql::Txn& txn) {
  set_registry_setting(txn, {"1", "r"}, "n", "v");
  registry_setting(txn, {"1", "r"}, "n");
  remove_registry_setting(txn, {"1", "r"}, "n");
  add_pull_exclusion(txn, {"1", "r"}, "arn", at(1));
  has_pull_exclusion(txn, {"1", "r"}, "arn");
  list_pull_exclusions(txn, {"1", "r"}, "", 10);
  remove_pull_exclusion(txn, {"1", "r"}, "arn");
}

void use_registry_behaviours(sql::Txn& txn) {
  const auto id = add_repository(txn, "behaviours");
  const Image image = image_of("scanned");
  insert_image(txn, id, image, "manifest");
  put_scan(txn, id, image.digest, {ScanType::kBasic, ScanStatus::kComplete});
  find_scan(txn, id, image.digest);
  add_scan_finding(txn, id, image.digest, {1, "{}"});
  list_scan_findings(txn, id, image.digest, 0, 10);
  insert_creation_template(txn, {"1", "r"}, {"p", "{}"});
  update_creation_template(txn, {"1", "r"}, {"p", "{}"});
  find_creation_template(txn, {"1", "r"}, "p");
  list_creation_templates(txn, {"1", "r"}, "", 10);
  delete_creation_template(txn, {"1", "r"}, "p");
  put_image_signing(txn, id, image.digest, {"arn", WorkStatus::kComplete});
  image_signings(txn, id, image.digest);
  signing_key(txn);
  insert_signing_key(txn, {"k", "c"});
}

void use_replication_backfills(sql::Txn& txn) {
  insert_replication_backfill(txn, {.id = "a", .source = {"1", "r"}});
  auto backfill = find_replication_backfill(txn, "a").value();
  insert_replication_backfill_result(
      txn, backfill.number,
      {.repository = model::test::name_of("app"), .digest = model::Digest::of("d"), .position = 1});
  update_replication_backfill_result(txn, backfill.number,
                                     {.repository = model::test::name_of("app"),
                                      .digest = model::Digest::of("d"),
                                      .position = 1,
                                      .status = BackfillResultStatus::kComplete});
  for (const auto status :
       {std::optional<BackfillResultStatus>(), std::optional(BackfillResultStatus::kComplete)}) {
    list_replication_backfill_results(txn, backfill.number, status, 0, 10);
  }
  running_replication_backfills(txn, {"1", "r"});
  list_replication_backfills(txn, {"1", "r"}, at(0), 100, 10);
  backfill.ended_at = at(2);
  update_replication_backfill(txn, backfill);
  ended_replication_backfill(txn, at(3));
  delete_replication_backfill_results(txn, backfill.number, 10);
  delete_replication_backfill(txn, backfill.number);
}

void use_pull_through(sql::Txn& txn) {
  const auto id = add_repository(txn, "cached");
  insert_pull_through_rule(txn, {"1", "r"}, {"p", "{}"});
  update_pull_through_rule(txn, {"1", "r"}, {"p", "{}"});
  find_pull_through_rule(txn, {"1", "r"}, "p");
  count_pull_through_rules(txn, {"1", "r"});
  list_pull_through_rules(txn, {"1", "r"}, "", 10);
  delete_pull_through_rule(txn, {"1", "r"}, "p");
  const auto digest = model::Digest::of("manifest");
  const auto child = model::Digest::of("child");
  put_cached_tag(txn, id, {"v1", digest, at(1)});
  find_cached_tag(txn, id, "v1");
  has_cached_tags(txn, id);
  cached_tags(txn, id, digest);
  delete_cached_tag(txn, id, "v1");
  const auto blob = model::Digest::of("blob");
  put_import(txn, {id, digest, "type", "{}", false, "manifest", {{blob, 1}}, {child}});
  find_import(txn, id, digest);
  has_imports(txn, id);
  is_importing(txn, id, digest);
  import_children(txn, id, digest);
  origin_of_child(txn, id, child);
  find_pending_blob(txn, id, blob);
  is_left_over_import(txn, id, digest);
  delete_import(txn, id, digest);
}

TEST(QueryPlans, UseIndexesAndSortNothing) {
  const TracedDatabase traced_database([](sql::Txn& txn) {
    use_repositories(txn);
    use_images(txn);
    use_identities(txn);
    use_credentials(txn);
    use_policies_and_sessions(txn);
    use_providers_and_profiles(txn);
    use_organizations(txn);
    use_jobs(txn);
    use_events(txn);
    use_registry_settings(txn);
    use_registry_behaviours(txn);
    use_pull_through(txn);
    use_replication_backfills(txn);
  });
  EXPECT_GT(traced_database.statements.size(), 70U) << "the trace sees nothing";
  for (const auto& sql : traced_database.statements) {
    for (const auto& step : slow_steps(traced_database.db.get(), sql)) {
      // The collector looks at every blob; it reads their index alone.
      if (sql.find("NOT EXISTS (SELECT 1 FROM repository_blobs") != std::string::npos &&
          step == "SCAN blobs USING COVERING INDEX sqlite_autoindex_blobs_1") {
        continue;
      }
      ADD_FAILURE() << step << "\nin " << sql;
    }
  }
}

// The rows that a page steps over do not depend on how many there are of other kinds: everything
// that a filter asks for is in the index, down to the digest where the page begins.
TEST(QueryPlans, PagesOfFilteredImagesReadWhatTheyShow) {
  std::set<std::string> seen;
  for (const auto status : {TagStatus::kTagged, TagStatus::kUntagged}) {
    const TracedDatabase traced_database([&](sql::Txn& txn) {
      const auto id = add_repository(txn, "app");
      traced->clear();
      list_images(txn, id, status, "", 10, ImageStatus::kArchived);
      list_image_ids(txn, id, status, "", "", 10, ImageStatus::kArchived);
    });
    EXPECT_EQ(traced_database.statements.size(), 2U);
    for (const auto& sql : traced_database.statements) {
      seen.insert(plan_of(traced_database.db.get(), sql).front());
    }
  }
  for (const std::string& step : seen) {
    EXPECT_NE(step.find("images_by_state (repository=? AND status=? AND tagged=? AND digest>?)"),
              std::string::npos)
        << step;
  }
}

}  // namespace
}  // namespace ecr::storage::test
