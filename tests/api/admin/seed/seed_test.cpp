// The seed: its errors, applying it again, and images from OCI image layouts.
#include "api/admin/seed/seed.h"

#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>

#include "api/admin/seed/layout_files.h"
#include "schemas/model/digest.h"
#include "storage/check.h"
#include "storage/os/posix.h"
#include "storage/rows/iam/identities.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using Seed = ApiTest;

TEST_F(Seed, ErrorsNameThePathAndChangeNothing) {
  const std::pair<const char*, const char*> kCases[] = {
      {"{", "line 1: "},
      {R"({"acounts":{}})", "the document: unknown key acounts, did you mean accounts?"},
      {R"({"accounts":{"12":{}}})", "accounts.12: an account id has 12 digits"},
      {R"({"accounts":{"111122223333":{"users":[{}]}}})",
       "accounts.111122223333.users[0].name: is missing"},
      {R"({"accounts":{"111122223333":{"users":[{"name":"a b"}]}}})",
       "accounts.111122223333.users[0].name: does not match"},
      {R"({"accounts":{"111122223333":{"users":[{"name":"a","accessKeys":[{"accessKeyId":"test",
          "secretAccessKey":"x"}]}]}}})",
       "accounts.111122223333.users[0].accessKeys[0].accessKeyId: "},
      {R"({"accounts":{"111122223333":{"users":[{"name":"a","accessKeys":[
          {"accessKeyId":"AKIA0000000000000001","secretAccessKey":""}]}]}}})",
       "accounts.111122223333.users[0].accessKeys[0].secretAccessKey: must not be empty"},
      {R"({"accounts":{"111122223333":{"repositories":[{"name":"good"},{"name":"Bad"}]}}})",
       "accounts.111122223333.repositories[1].name: is not a repository name"},
      {R"({"accounts":{"111122223333":{"users":[{"name":"a","policies":{"p":{}}}]}}})",
       "accounts.111122223333.users[0].policies.p: "},
      {R"({"accounts":{"111122223333":{"users":[{"name":"a","polices":{}}]}}})",
       "accounts.111122223333.users[0]: unknown key polices, did you mean policies?"},
      {R"({"accounts":{"111122223333":{"users":[{"name":"a","policies":{"p":{
          "Version":"2012-10-17","Statement":[{"Effect":"Maybe","Action":"*","Resource":"*"}]}}}]}}})",
       "accounts.111122223333.users[0].policies.p: Statement[0].Effect: Syntax errors in policy. "
       "(neither Allow nor Deny)"},
  };
  for (const auto& [document, path] : kCases) {
    const auto response =
        admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}}, document));
    EXPECT_EQ(response.status, 400) << document;
    const auto message = Json::parse(body_of(response))["message"].get<std::string>();
    EXPECT_TRUE(message.starts_with(path)) << message;
  }
  keys = {"111122223333", "test"};
  EXPECT_TRUE(call("DescribeRepositories", Json::object())["repositories"].empty());
}

TEST_F(Seed, SaysWhatItAppliedAndWarnsOfActionsThatDoNotExist) {
  const auto response = admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}},
                                                  R"({"accounts":{"111122223333":{
      "users":[{"name":"a","policies":{"p":{"Version":"2012-10-17","Statement":[
          {"Effect":"Allow","Action":["ecr:PutImage","ecr:PutImge"],"Resource":"*"}]}}}],
      "repositories":[{"name":"one"},{"name":"two"}]}}})"));
  const Json answer = Json::parse(body_of(response));
  EXPECT_EQ(answer["applied"], (Json{{"users", 1}, {"repositories", 2}}));
  ASSERT_EQ(answer["warnings"].size(), 1U);
  const auto warning = answer["warnings"][0].get<std::string>();
  EXPECT_TRUE(
      warning.starts_with("accounts.111122223333.users[0].policies.p: Statement[0].Action[1]: "))
      << warning;
}

// The export of a real account has the documents of AWS's policies, some newer than this program.
TEST_F(Seed, APolicyOfAwsThatIsNotHereCanBeGiven) {
  const std::string arn = "arn:aws:iam::aws:policy/service-role/NewerThanThis";
  const Json user = {
      {"name", "a"},
      {"accessKeys", {{{"accessKeyId", "AKIA0000000000000001"}, {"secretAccessKey", "s"}}}},
      {"attachedPolicies", {arn}}};
  const auto seed = [&](const Json& managed) {
    const Json document = {{"accounts",
                            {{"111122223333",
                              {{"managedPolicies", managed},
                               {"users", Json::array({user})},
                               {"repositories", {{{"name", "app"}}}}}}}}};
    return admin.handle(
        make_request("POST", "/_ecr-local/seed", {{"Host", host}}, document.dump()));
  };
  const auto message = [](const HttpResponse& response) {
    return Json::parse(body_of(response)).value("message", "");
  };
  EXPECT_TRUE(message(seed(Json::array()))
                  .starts_with("accounts.111122223333.users[0].attachedPolicies[0]: there is no "
                               "policy " +
                               arn + ". If AWS has it, give its document: "));
  const auto policy = [](const std::string& of, const char* action) {
    return Json{{"arn", of},
                {"document",
                 {{"Version", "2012-10-17"},
                  {"Statement", {{{"Effect", "Allow"}, {"Action", action}, {"Resource", "*"}}}}}}};
  };
  for (const char* other :
       {"arn:aws:iam::111122223333:policy/a", "arn:aws:iam::aws:policy/", "a"}) {
    EXPECT_TRUE(message(seed(Json::array({policy(other, "ecr:ListImages")})))
                    .starts_with("accounts.111122223333.managedPolicies[0].arn: must be of a "))
        << other;
  }
  // Twice is as once; the document is the newest.
  for (const char* action : {"ecr:DescribeImages", "ecr:ListImages"}) {
    EXPECT_EQ(seed(Json::array({policy(arn, action)})).status, 200);
  }
  keys = {"AKIA0000000000000001", "s"};
  EXPECT_TRUE(call("ListImages", {{"repositoryName", "app"}})["imageIds"].empty());
  fail("DescribeImages", {{"repositoryName", "app"}});

  const auto known =
      seed(Json::array({policy("arn:aws:iam::aws:policy/AdministratorAccess", "ecr:ListImages")}));
  ASSERT_EQ(known.status, 200);
  EXPECT_EQ(Json::parse(body_of(known))["warnings"],
            Json::array({"accounts.111122223333.managedPolicies[0]: "
                         "arn:aws:iam::aws:policy/AdministratorAccess is here with another "
                         "document (v1), and stays as it is"}));
}

// Policies may name an id of the account that the seed was made of.
TEST_F(Seed, UsersAndRolesMayHaveTheirIds) {
  const auto apply = [&](const std::string& users) {
    const auto response =
        admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}},
                                  R"({"accounts":{"111122223333":{"users":[)" + users + "]}}}"));
    return response.status == 200 ? std::string()
                                  : Json::parse(body_of(response))["message"].get<std::string>();
  };
  const std::string id = R"("uniqueId":"AIDAEXAMPLE0000000001"})";
  EXPECT_EQ(apply(R"({"name":"a",)" + id), "");
  EXPECT_EQ(apply(R"({"name":"a",)" + id), "");
  EXPECT_EQ(apply(R"({"name":"b",)" + id),
            "accounts.111122223333.users[0].uniqueId: belongs to another principal");
  auto txn = store->database().begin(storage::sql::Access::kRead);
  const auto found = storage::find_entity_by_unique_id(txn, "AIDAEXAMPLE0000000001");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->name, "a");
}

TEST_F(Seed, UnitsNestNoDeeperThanPoliciesAreLookedFor) {
  Json units = Json::array({{{"id", "ou-1"}}});
  const auto document = [&] {
    return Json{
        {"organization", {{"id", "o-x"}, {"managementAccount", "999999999999"}, {"units", units}}}}
        .dump();
  };
  for (int level = 2; level <= 5; ++level) {
    units.push_back(
        {{"id", "ou-" + std::to_string(level)}, {"parent", "ou-" + std::to_string(level - 1)}});
  }
  admin::apply_seed(services, document());
  units.push_back({{"id", "ou-6"}, {"parent", "ou-5"}});
  EXPECT_THROW(admin::apply_seed(services, document()), admin::SeedError);
}

TEST_F(Seed, ApplyingASeedTwiceIsTheSameAsOnce) {
  const Json seed = {
      {"accounts",
       {{"000000000000",
         {{"repositories",
           {{{"name", "app"}, {"tags", {{"k", "v"}}}, {"imageTagMutability", "IMMUTABLE"}}}}}}}}};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}}, seed.dump()))
                  .status,
              200);
    if (i == 0) push_image("app", "1", "content");
  }
  EXPECT_EQ(call("ListImages", {{"repositoryName", "app"}})["imageIds"].size(), 1u);
  EXPECT_EQ(call("DescribeRepositories", Json::object())["repositories"][0]["imageTagMutability"],
            "IMMUTABLE");
}

class SeededImages : public ApiTest {
 protected:
  SeededImages() : directory(std::filesystem::temp_directory_path() / "ecr-local-layout-XXXXXX") {
    std::string path = directory.string();
    directory = mkdtemp(path.data());
    write("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    const std::string config = "{}";
    const Json image = {{"schemaVersion", 2},
                        {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                        {"config",
                         {{"mediaType", "application/vnd.oci.image.config.v1+json"},
                          {"digest", write_blob(config)},
                          {"size", config.size()}}},
                        {"layers",
                         {{{"mediaType", "application/vnd.oci.image.layer.v1.tar"},
                           {"digest", write_blob("layer")},
                           {"size", 5}}}}};
    const Json index = {{"schemaVersion", 2},
                        {"mediaType", "application/vnd.oci.image.index.v1+json"},
                        {"manifests",
                         {{{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                           {"digest", write_blob(image.dump())},
                           {"size", image.dump().size()}}}}};
    write("index.json",
          Json{{"schemaVersion", 2},
               {"manifests",
                {{{"mediaType", "application/vnd.oci.image.index.v1+json"},
                  {"digest", write_blob(index.dump())},
                  {"size", index.dump().size()},
                  {"annotations", {{"org.opencontainers.image.ref.name", "localhost/x:stable"}}}}}}}
              .dump());
  }
  ~SeededImages() override { std::filesystem::remove_all(directory); }

  void write(const std::string& name, const std::string& bytes) {
    const auto path = directory / name;
    std::filesystem::create_directories(path.parent_path());
    const storage::Fd file =
        storage::open_file(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, path.string());
    storage::write_all(file.get(), bytes, 0, path.string());
  }
  std::string write_blob(const std::string& bytes) {
    const std::string digest = model::Digest::of(bytes).text();
    write("blobs/sha256/" + digest.substr(7), bytes);
    return digest;
  }
  std::string seed(const Json& images) {
    return Json{
        {"accounts",
         {{"000000000000", {{"repositories", {{{"name", "seeded"}, {"images", images}}}}}}}}}
        .dump();
  }

  std::filesystem::path directory;
};

TEST_F(SeededImages, AnImageLayoutBecomesImages) {
  const std::string document = seed(Json::array({directory.filename().string()}));
  for (int i = 0; i < 2; ++i) {
    admin::apply_seed(services, document, directory.parent_path().string());
    EXPECT_EQ(call("ListImages", {{"repositoryName", "seeded"}})["imageIds"].size(), 2U);
    EXPECT_EQ(registry("GET", "/v2/seeded/manifests/stable").status, 200);
    EXPECT_EQ(registry("GET", "/v2/seeded/blobs/" + model::Digest::of("layer").text()).status, 200);
  }
  EXPECT_TRUE(storage::check_store(*store, {}).problems.empty());
}

TEST_F(SeededImages, TagsOfTheSeedReplaceThoseOfTheLayout) {
  admin::apply_seed(services, seed({{{"layout", directory.string()}, {"tags", {"a", "b"}}}}));
  EXPECT_EQ(registry("GET", "/v2/seeded/manifests/a").status, 200);
  EXPECT_EQ(registry("GET", "/v2/seeded/manifests/b").status, 200);
  EXPECT_EQ(registry("GET", "/v2/seeded/manifests/stable").status, 404);
}

TEST_F(SeededImages, AResetBringsSeededImagesBackEvenIfTheirBlobsWereCollected) {
  admin::Baseline seeded(services, seed(Json::array({directory.string()})), "");
  seeded.prepare();
  seeded.reset();
  EXPECT_EQ(registry("GET", "/v2/seeded/manifests/stable").status, 200);
  call("DeleteRepository", {{"repositoryName", "seeded"}, {"force", true}});
  store->remove_orphan_blobs();
  ASSERT_FALSE(store->blobs().open(model::Digest::of("layer")));
  seeded.reset();
  EXPECT_EQ(registry("GET", "/v2/seeded/blobs/" + model::Digest::of("layer").text()).status, 200);
  EXPECT_TRUE(storage::check_store(*store, {}).problems.empty());
}

// Of what is at fault; the seed must be refused.
std::string seed_refusal(const Services& services, const std::string& document,
                         const std::string& directory) {
  try {
    admin::apply_seed(services, document, directory);
  } catch (const admin::SeedError& error) {
    return error.what();
  }
  return "it was applied";
}

TEST_F(SeededImages, OnlyRegularFilesAreReadAndNoLinkIsFollowed) {
  const std::string layer = model::Digest::of("layer").text().substr(7);
  const auto blobs = directory / "blobs";
  const auto parent = directory.parent_path().string();
  const std::string document = seed(Json::array({directory.filename().string()}));
  const auto refused = [&](const char* why) {
    const std::string reason = seed_refusal(services, document, parent);
    EXPECT_NE(reason.find(why), std::string::npos) << reason;
  };
  // A link to the very bytes: what it leads to is not the layout's.
  std::filesystem::rename(blobs / "sha256" / layer, directory / "elsewhere");
  std::filesystem::create_symlink(directory / "elsewhere", blobs / "sha256" / layer);
  refused("is a symbolic link");
  std::filesystem::remove(blobs / "sha256" / layer);
  ASSERT_EQ(mkfifo((blobs / "sha256" / layer).c_str(), 0600), 0);
  refused("is no regular file");
  std::filesystem::remove(blobs / "sha256" / layer);
  std::filesystem::rename(directory / "elsewhere", blobs / "sha256" / layer);
  for (const char* folder : {"blobs", "blobs/sha256"}) {
    std::filesystem::rename(directory / folder, directory / "moved");
    std::filesystem::create_directory_symlink(directory / "moved", directory / folder);
    refused("is a symbolic link");
    std::filesystem::remove(directory / folder);
    std::filesystem::rename(directory / "moved", directory / folder);
  }
  std::filesystem::remove(directory / "index.json");
  ASSERT_EQ(mkfifo((directory / "index.json").c_str(), 0600), 0);
  refused("is no regular file");
  const auto link = directory / "layout";
  std::filesystem::create_directory_symlink(directory, link);
  const std::string reason = seed_refusal(services, seed(Json::array({link.string()})), "");
  EXPECT_NE(reason.find("is a symbolic link"), std::string::npos) << reason;
}

TEST_F(SeededImages, ATypeThatABrowserWouldRunIsRefused) {
  const std::string page = R"({"mediaType":"text/html","x":"<script>"})";
  write("index.json",
        Json{{"manifests",
              {{{"mediaType", "text/html"}, {"digest", write_blob(page)}, {"size", page.size()}}}}}
            .dump());
  const std::string reason = seed_refusal(services, seed(Json::array({directory.string()})), "");
  EXPECT_NE(reason.find("must be a media type application/..."), std::string::npos) << reason;
}

TEST(SeedBudget, HasALimitForTheManifestsOfASeed) {
  admin::SeedBudget bytes;
  bytes.take(admin::SeedBudget::kMaxManifestBytes);
  EXPECT_THROW(bytes.take(1), std::runtime_error);
  admin::SeedBudget manifests;
  for (std::size_t i = 0; i < admin::SeedBudget::kMaxManifests; ++i) manifests.take(1);
  EXPECT_THROW(manifests.take(1), std::runtime_error);
}

TEST_F(SeededImages, ErrorsNameThePath) {
  write("broken/oci-layout", "{}");
  const std::string repository = "accounts.000000000000.repositories[0]";
  const auto one = [](const Json& more) {
    Json each = {{"name", "app2"}};
    each.update(more);
    return Json{{"accounts", {{"000000000000", {{"repositories", Json::array({each})}}}}}}.dump();
  };
  const std::pair<std::string, std::string> kCases[] = {
      {seed(Json::array({"relative"})), repository + ".images[0]: must be an absolute path"},
      {seed(Json::array({"/nowhere"})), repository + ".images[0]: /nowhere cannot be read"},
      {seed(Json::array({(directory / "broken").string()})), repository + ".images[0]: "},
      {seed({{{"layout", directory.string()}, {"tags", {"no tag"}}}}),
       repository + ".images[0].tags[0]: is not a tag"},
      {seed({{{"layuot", "x"}}}),
       repository + ".images[0]: unknown key layuot, did you mean layout?"},
      {one({{"imageTagMutability", "SOMETIMES"}}), repository + ".imageTagMutability: "},
      {one({{"imageTagMutability", "MUTABLE_WITH_EXCLUSION"}}), repository + ": "},
      {one({{"imageTagMutabilityExclusionFilters", {{{"filterType", "WILDCARD"}}}}}),
       repository + ": imageTagMutabilityExclusionFilters.1.member.filter: "},
      {one({{"encryptionConfiguration", {{"encryptionType", "ROT13"}}}}),
       repository + ": encryptionConfiguration.encryptionType: "},
      {R"({"accounts":{"000000000000":{"accountSettings":{"Over There":{}}}}})",
       "accounts.000000000000.accountSettings.Over There: is not a region"},
  };
  for (const auto& [document, path] : kCases) {
    try {
      admin::apply_seed(services, document);
      ADD_FAILURE() << document;
    } catch (const admin::SeedError& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with(path)) << error.what();
    }
  }
}

TEST_F(SeededImages, EveryFormOfMutabilityIsSeededAndChanged) {
  for (const char* form :
       {"IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE"}) {
    Json each = {{"name", "app2"}, {"imageTagMutability", form}};
    const Json filters = {{{"filterType", "WILDCARD"}, {"filter", "dev-*"}}};
    const bool excludes = std::string_view(form).ends_with("EXCLUSION");
    if (excludes) each["imageTagMutabilityExclusionFilters"] = filters;
    admin::apply_seed(
        services,
        Json{{"accounts", {{"000000000000", {{"repositories", Json::array({each})}}}}}}.dump());
    const Json found = call("DescribeRepositories",
                            {{"repositoryNames", Json::array({"app2"})}})["repositories"][0];
    EXPECT_EQ(found["imageTagMutability"], form);
    EXPECT_EQ(found.contains("imageTagMutabilityExclusionFilters"), excludes);
  }
}

}  // namespace
}  // namespace ecr::api::test
