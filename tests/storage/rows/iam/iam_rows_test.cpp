// Rows of the IAM API beside users, groups and roles: identity providers, instance profiles, tags,
// versions of policies, what an account has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/rows/iam/account_access.h"
#include "storage/rows/iam/credentials.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/identity_providers.h"
#include "storage/rows/iam/instance_profiles.h"
#include "storage/rows/iam/managed_policies.h"
#include "storage/rows/tags.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr const char* kAccount = "000000000000";

class IamRows : public test::RowsTest {};

TEST_F(IamRows, AnOidcProviderIsFoundByItsIssuerHoweverItIsWritten) {
  OidcProvider provider{.account = kAccount,
                        .url = oidc_url("https://Token.example.com/Path/"),
                        .client_ids = {"sts.amazonaws.com", "other"},
                        .thumbprints = {std::string(40, 'a')},
                        .created_at = test::at(1)};
  EXPECT_EQ(provider.url, "token.example.com/Path");
  provider.id = insert_oidc_provider(txn_, provider).value();
  EXPECT_FALSE(insert_oidc_provider(txn_, provider));
  for (const char* issuer : {"https://token.example.com/Path", "token.example.com/Path",
                             "https://TOKEN.example.com/Path/"}) {
    const auto found = find_oidc_provider(txn_, kAccount, issuer);
    ASSERT_TRUE(found) << issuer;
    EXPECT_THAT(found->client_ids, ElementsAre("sts.amazonaws.com", "other"));
    EXPECT_EQ(oidc_provider_arn(*found),
              "arn:aws:iam::000000000000:oidc-provider/token.example.com/Path");
  }
  EXPECT_FALSE(find_oidc_provider(txn_, kAccount, "https://token.example.com/path"));
  EXPECT_FALSE(find_oidc_provider(txn_, "123456789012", "https://token.example.com/Path"));
  provider.client_ids = {"one"};
  provider.thumbprints.clear();
  update_oidc_provider(txn_, provider);
  EXPECT_THAT(list_oidc_providers(txn_, kAccount).at(0).client_ids, ElementsAre("one"));
  EXPECT_THAT(list_oidc_providers(txn_, kAccount).at(0).thumbprints, IsEmpty());
  delete_oidc_provider(txn_, provider.id);
  EXPECT_THAT(list_oidc_providers(txn_, kAccount), IsEmpty());
}

TEST_F(IamRows, EachIsInThePartitionInWhichItWasMade) {
  insert_entity(txn_, {.account = kAccount, .name = "jane", .partition = "aws-cn"});
  insert_entity(txn_, {.account = kAccount, .name = "joe"});
  EXPECT_EQ(find_entity(txn_, kAccount, EntityKind::kUser, "jane")->partition, "aws-cn");
  EXPECT_EQ(find_entity(txn_, kAccount, EntityKind::kUser, "joe")->partition, "aws");
  insert_instance_profile(txn_, {.account = kAccount, .name = "p", .partition = "aws-cn"});
  EXPECT_EQ(find_instance_profile(txn_, kAccount, "p")->partition, "aws-cn");
  insert_oidc_provider(txn_, {.account = kAccount, .url = "a.example", .partition = "aws-cn"});
  EXPECT_EQ(oidc_provider_arn(find_oidc_provider(txn_, kAccount, "a.example").value()),
            "arn:aws-cn:iam::000000000000:oidc-provider/a.example");
  insert_saml_provider(txn_, {.account = kAccount, .name = "idp", .partition = "aws-cn"});
  EXPECT_EQ(saml_provider_arn(find_saml_provider(txn_, kAccount, "idp").value()),
            "arn:aws-cn:iam::000000000000:saml-provider/idp");
  insert_server_certificate(txn_, {.account = kAccount, .name = "web", .partition = "aws-cn"});
  EXPECT_EQ(server_certificate_arn(find_server_certificate(txn_, kAccount, "web").value()),
            "arn:aws-cn:iam::000000000000:server-certificate/web");
}

TEST_F(IamRows, ASamlProviderByItsName) {
  SamlProvider provider{.account = kAccount, .name = "idp", .uuid = "u", .metadata = "<x/>"};
  provider.id = insert_saml_provider(txn_, provider).value();
  EXPECT_FALSE(insert_saml_provider(txn_, provider));
  provider.metadata = "<y/>";
  provider.valid_until = test::at(9);
  update_saml_provider(txn_, provider);
  EXPECT_EQ(find_saml_provider(txn_, kAccount, "idp")->metadata, "<y/>");
  EXPECT_EQ(list_saml_providers(txn_, kAccount).at(0).valid_until, test::at(9));
  delete_saml_provider(txn_, provider.id);
  EXPECT_FALSE(find_saml_provider(txn_, kAccount, "idp"));
}

TEST_F(IamRows, AnInstanceProfileOutlivesItsRole) {
  const auto role =
      insert_entity(txn_, {.account = kAccount, .kind = EntityKind::kRole, .name = "ci"}).value();
  const auto id = insert_instance_profile(txn_, {.account = kAccount, .name = "Build"}).value();
  EXPECT_FALSE(insert_instance_profile(txn_, {.account = kAccount, .name = "build"}));
  set_instance_profile_role(txn_, id, role);
  EXPECT_EQ(instance_profiles_of(txn_, role).at(0).name, "Build");
  delete_entity(txn_, role);
  EXPECT_EQ(find_instance_profile(txn_, kAccount, "BUILD")->role, std::nullopt);
  EXPECT_EQ(list_instance_profiles(txn_, kAccount, "/", "", 10).size(), 1U);
  EXPECT_THAT(list_instance_profiles(txn_, kAccount, "/", "build", 10), IsEmpty());
  EXPECT_THAT(list_instance_profiles(txn_, kAccount, "/x/", "", 10), IsEmpty());
  delete_instance_profile(txn_, id);
  EXPECT_FALSE(find_instance_profile(txn_, kAccount, "build"));
}

TEST_F(IamRows, NumbersOfPolicyVersionsAreNotUsedAgain) {
  const auto id =
      insert_managed_policy(
          txn_, {.arn = "arn:p", .account = kAccount, .name = "P", .description = "d"}, "{1}")
          .value();
  EXPECT_EQ(add_policy_version(txn_, id, "{2}", test::at(2)), 2);
  set_default_version(txn_, id, 2);
  EXPECT_EQ(managed_policy_document(txn_, "arn:p"), "{2}");
  set_default_version(txn_, id, 1);
  delete_policy_version(txn_, id, 2);
  EXPECT_EQ(add_policy_version(txn_, id, "{3}", test::at(3)), 3);
  EXPECT_EQ(policy_versions(txn_, id).at(0).document, "{3}");
  EXPECT_FALSE(find_policy_version(txn_, id, 2));
  EXPECT_EQ(find_managed_policy_named(txn_, kAccount, "p")->description, "d");
  const auto user = insert_entity(txn_, {.account = kAccount, .name = "jane"}).value();
  attach_policy(txn_, user, "arn:p");
  EXPECT_THAT(entities_with_policy(txn_, kAccount, "arn:p"), ElementsAre(user));
  EXPECT_THAT(entities_with_policy(txn_, "123456789012", "arn:p"), IsEmpty());
  insert_entity(txn_, {.account = kAccount, .name = "joe", .boundary = "arn:p"});
  const PolicyUses uses = policy_uses(txn_, kAccount);
  EXPECT_EQ(uses.size(), 1U);
  EXPECT_EQ(uses.at("arn:p").attachments, 1);
  EXPECT_EQ(uses.at("arn:p").boundaries, 1);
  EXPECT_THAT(policy_uses(txn_, "123456789012"), IsEmpty());
  EXPECT_TRUE(detach_policy(txn_, user, "arn:p"));
  EXPECT_FALSE(detach_policy(txn_, user, "arn:p"));
  delete_managed_policy(txn_, id);
  EXPECT_EQ(count_managed_policies(txn_, kAccount), 0);
}

TEST_F(IamRows, EntitiesAreListedByNameAndPath) {
  for (const char* name : {"b", "A", "c"}) {
    insert_entity(txn_, {.account = kAccount,
                         .name = name,
                         .path = *name == 'c' ? "/x/" : "/",
                         .unique_id = std::string("AIDA") + name});
  }
  const auto names = [&](const char* prefix, const char* after, int limit) {
    std::string joined;
    for (const auto& entity :
         list_entities(txn_, kAccount, EntityKind::kUser, prefix, after, limit)) {
      joined += entity.name;
    }
    return joined;
  };
  EXPECT_EQ(names("/", "", 10), "Abc");
  EXPECT_EQ(names("/", "a", 1), "b");
  EXPECT_EQ(names("/x/", "", 10), "c");
  EXPECT_EQ(count_entities(txn_, kAccount, EntityKind::kUser), 3);
  auto renamed = find_entity_by_unique_id(txn_, "AIDAb").value();
  renamed.name = "Bob";
  renamed.path = "/y/";
  renamed.boundary = "arn:b";
  update_entity(txn_, renamed);
  EXPECT_EQ(find_entity(txn_, kAccount, EntityKind::kUser, "bob")->path, "/y/");
  EXPECT_EQ(entities_with_boundary(txn_, kAccount, "arn:b").at(0).name, "Bob");
}

TEST_F(IamRows, UseOfKeysAndRolesIsNoted) {
  const auto user = insert_entity(txn_, {.account = kAccount, .name = "jane"}).value();
  insert_access_key(txn_, {"AKIA1", "s", user, true, test::at(1)});
  EXPECT_FALSE(find_access_key(txn_, "AKIA1")->last_used_at);
  note_access_key_use(txn_, "AKIA1", test::at(4), "us-east-1", "ecr");
  EXPECT_EQ(entity_access_keys(txn_, user).at(0).last_used_at, test::at(4));
  EXPECT_EQ(find_access_key(txn_, "AKIA1")->last_used_service, "ecr");
  set_access_key_active(txn_, "AKIA1", false);
  EXPECT_FALSE(find_access_key(txn_, "AKIA1")->active);
  note_entity_use(txn_, user, test::at(5), "eu-west-1", "ecr");
  EXPECT_EQ(find_entity(txn_, user)->last_used_region, "eu-west-1");
}

TEST_F(IamRows, SettingsOfAnAccountComeBack) {
  put_resource_tag(txn_, "arn:x", "k", "1");
  put_resource_tag(txn_, "arn:x", "k", "2");
  EXPECT_THAT(resource_tags(txn_, "arn:x"), ElementsAre(Pair("k", "2")));
  remove_resource_tags(txn_, "arn:x");
  EXPECT_THAT(resource_tags(txn_, "arn:x"), IsEmpty());
  EXPECT_TRUE(set_account_alias(txn_, kAccount, "acme"));
  EXPECT_FALSE(set_account_alias(txn_, "123456789012", "acme"));
  EXPECT_TRUE(set_account_alias(txn_, kAccount, "acme-2"));
  EXPECT_EQ(account_alias(txn_, kAccount), "acme-2");
  set_password_policy(txn_, kAccount, "{}");
  EXPECT_EQ(password_policy(txn_, kAccount), "{}");
  set_password_policy(txn_, kAccount, std::nullopt);
  EXPECT_FALSE(password_policy(txn_, kAccount));
  const auto user = insert_entity(txn_, {.account = kAccount, .name = "jane"}).value();
  put_login_profile(txn_, {user, true, test::at(1)});
  EXPECT_TRUE(find_login_profile(txn_, user)->reset_required);
  delete_entity(txn_, user);
  EXPECT_FALSE(find_login_profile(txn_, user));
  insert_role_deletion(txn_, kAccount, "task");
  EXPECT_TRUE(role_deletion_exists(txn_, kAccount, "task"));
  EXPECT_FALSE(role_deletion_exists(txn_, "123456789012", "task"));
}

}  // namespace
}  // namespace ecr::storage
