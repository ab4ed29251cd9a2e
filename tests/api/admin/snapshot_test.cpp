// Snapshot, restore and reset: all of the state, or nothing of it.
#include <fcntl.h>
#include <filesystem>

#include "api/admin/seed/seed.h"
#include "api/admin/tar.h"
#include "schemas/model/digest.h"
#include "storage/check.h"
#include "storage/os/posix.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

class Snapshots : public ApiTest {
 protected:
  Snapshots() {
    call("CreateRepository", {{"repositoryName", "app"}});
    manifest = push_image("app", "v1", "content");
  }

  std::string save() {
    const auto response =
        admin.handle(make_request("GET", "/_ecr-local/snapshot", {{"Host", host}}, ""));
    EXPECT_EQ(response.status, 200);
    auto& pieces = *std::get<std::shared_ptr<PieceSource>>(response.body);
    const std::uint64_t length = pieces.length();
    std::string tar;
    while (const auto piece = pieces.next()) {
      if (const auto* text = std::get_if<std::string>(&*piece)) {
        tar += *text;
      } else {
        const auto& slice = std::get<FileSlice>(*piece);
        storage::read_all(
            slice.file->fd(), [&tar](std::string_view bytes) { tar += bytes; }, "piece");
      }
    }
    EXPECT_EQ(tar.size(), length) << "what Content-Length says";
    return tar;
  }

  // The status and message of a restore, its body in pieces of `step`.
  std::pair<int, std::string> restore(const std::string& tar, std::size_t step = 1000) {
    auto start = admin.open(make_request("PUT", "/_ecr-local/snapshot", {{"Host", host}}, ""));
    auto& sink = std::get<std::unique_ptr<BodySink>>(start);
    try {
      for (std::size_t at = 0; at < tar.size(); at += step) sink->write(tar.substr(at, step));
      const auto response = sink->finish();
      return {response.status, body_of(response)};
    } catch (const std::exception& error) {
      return {400, error.what()};
    }
  }

  std::vector<std::string> names() {
    std::vector<std::string> list;
    const Json found = call("DescribeRepositories", Json::object());
    for (const Json& each : found["repositories"]) {
      list.push_back(each["repositoryName"].get<std::string>());
    }
    return list;
  }
  int get_manifest(const std::string& tag) {
    return registry("GET", "/v2/app/manifests/" + tag).status;
  }
  int get_blob(const std::string& bytes) {
    return registry("GET", "/v2/app/blobs/" + model::Digest::of(bytes).text()).status;
  }
  void reset() {
    const auto response =
        admin.handle(make_request("POST", "/_ecr-local/reset", {{"Host", host}}, ""));
    ASSERT_EQ(response.status, 200) << body_of(response);
  }

  std::string manifest;
};

TEST_F(Snapshots, ARestoreBringsBackEverything) {
  const std::string tar = save();
  call("DeleteRepository", {{"repositoryName", "app"}, {"force", true}});
  call("CreateRepository", {{"repositoryName", "later"}});
  for (const std::size_t step : {tar.size(), std::size_t{333}}) {
    EXPECT_EQ(restore(tar, step).first, 200);
    EXPECT_EQ(names(), (std::vector<std::string>{"app"}));
    EXPECT_EQ(get_manifest("v1"), 200);
    EXPECT_EQ(get_blob("content"), 200);
  }
  EXPECT_TRUE(storage::check_store(*store, {}).problems.empty());
}

TEST_F(Snapshots, BlobsOfAnotherAlgorithmGoAlong) {
  const std::string digest = model::Digest::of("longer", model::DigestAlgorithm::kSha512).text();
  registry("POST", "/v2/app/blobs/uploads/?digest=" + digest, "longer");
  const std::string tar = save();
  call("DeleteRepository", {{"repositoryName", "app"}, {"force", true}});
  EXPECT_EQ(restore(tar).first, 200);
  EXPECT_EQ(registry("GET", "/v2/app/blobs/" + digest).status, 200);
}

TEST_F(Snapshots, ABrokenSnapshotChangesNothing) {
  const std::string tar = save();
  call("CreateRepository", {{"repositoryName", "later"}});
  const auto damaged = [&](const std::string& find, const std::string& put) {
    std::string copy = tar;
    copy.replace(copy.rfind(find), put.size(), put);
    return copy;
  };
  const std::string blob = model::Digest::of("content").text().substr(7);
  const std::pair<const char*, std::string> kCases[] = {
      {"cut off", tar.substr(0, tar.size() - 2000)},
      {"empty", ""},
      {"no tar", std::string(4096, 'x')},
      {"the end alone", std::string(1024, '\0')},
      {"another blob", damaged("content", "CONTENT")},
      {"another format", damaged("\"format\":1", "\"format\":9")},
      {"no database", damaged("ecr-local.db", "ecr-local.xx")},
  };
  for (const auto& [claim, text] : kCases) {
    const auto [status, message] = restore(text);
    EXPECT_EQ(status, 400) << claim;
    EXPECT_TRUE(message.find("not a snapshot") != std::string::npos) << claim << message;
    EXPECT_EQ(names(), (std::vector<std::string>{"app", "later"})) << claim;
    EXPECT_EQ(get_manifest("v1"), 200) << claim;
  }
  store->sweep_files();
  EXPECT_TRUE(storage::check_store(*store, {}).problems.empty());
  EXPECT_FALSE(std::filesystem::exists(store->directory() + "/staging") &&
               !std::filesystem::is_empty(store->directory() + "/staging"))
      << "nothing is left behind";
}

TEST_F(Snapshots, NoBlobIsCollectedWhileASnapshotIsSent) {
  const auto response =
      admin.handle(make_request("GET", "/_ecr-local/snapshot", {{"Host", host}}, ""));
  call("DeleteRepository", {{"repositoryName", "app"}, {"force", true}});
  auto& pieces = *std::get<std::shared_ptr<PieceSource>>(response.body);
  std::size_t files = 0;
  while (const auto piece = pieces.next()) files += std::holds_alternative<FileSlice>(*piece);
  EXPECT_EQ(files, 3U) << "database, config and layer";
}

TEST_F(Snapshots, AnUploadInFlightFailsCleanlyAfterARestore) {
  const std::string tar = save();
  const auto begun = registry("POST", "/v2/app/blobs/uploads/");
  const std::string at = header_of(begun, "Location");
  EXPECT_EQ(registry("PATCH", at, "abc").status, 202);
  EXPECT_EQ(restore(tar).first, 200);
  EXPECT_EQ(registry("PATCH", at, "def").status, 404);
  const std::string digest = model::Digest::of("abcdef").text();
  EXPECT_EQ(registry("PUT", at + "?digest=" + digest).status, 404);
  EXPECT_EQ(store->sweep_files(), 1);
}

TEST_F(Snapshots, AResetLeavesTheSeedAlone) {
  reset();
  EXPECT_TRUE(names().empty());
  store->sweep_if_requested();
  EXPECT_FALSE(store->blobs().open(model::Digest::of("content")));
  // And again, and the server works as before.
  call("CreateRepository", {{"repositoryName", "app"}});
  push_image("app", "v1", "content");
  reset();
  EXPECT_TRUE(names().empty());
  EXPECT_TRUE(storage::check_store(*store, {}).problems.empty());
}

TEST_F(Snapshots, AResetEmptiesTheLogOfEvents) {
  reset();
  const auto response =
      admin.handle(make_request("GET", "/_ecr-local/events", {{"Host", host}}, ""));
  EXPECT_TRUE(Json::parse(body_of(response))["events"].empty());
}

class SeededImages : public Snapshots {
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

TEST_F(SeededImages, TagsOfTheSeedTakeThePlaceOfTheLayouts) {
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

TEST_F(SeededImages, ErrorsOfASeedNameTheirPlace) {
  write("broken/oci-layout", "{}");
  const std::string repository = "accounts.000000000000.repositories[0]";
  const auto one = [](const Json& more) {
    Json each = {{"name", "app2"}};
    each.update(more);
    return Json{{"accounts", {{"000000000000", {{"repositories", Json::array({each})}}}}}}.dump();
  };
  const std::pair<std::string, std::string> kCases[] = {
      {seed(Json::array({"relative"})), repository + ".images[0]: must be an absolute path"},
      {seed(Json::array({"/nowhere"})),
       repository + ".images[0]: /nowhere/oci-layout cannot be read"},
      {seed(Json::array({(directory / "broken").string()})), repository + ".images[0]: "},
      {seed({{{"layout", directory.string()}, {"tags", {"no tag"}}}}),
       repository + ".images[0].tags[0]: is not a tag"},
      {seed({{{"layuot", "x"}}}), repository + ".images[0].layuot: is not known here"},
      {one({{"imageTagMutability", "SOMETIMES"}}), repository + ".imageTagMutability: "},
      {one({{"imageTagMutability", "MUTABLE_WITH_EXCLUSION"}}), repository + ": "},
      {one({{"imageTagMutabilityExclusionFilters", {{{"filterType", "WILDCARD"}}}}}),
       repository + ": imageTagMutabilityExclusionFilters.1.member.filter: "},
      {one({{"encryptionConfiguration", {{"encryptionType", "ROT13"}}}}),
       repository + ": encryptionConfiguration.encryptionType: "},
      {R"({"accounts":{"000000000000":{"accountSettings":{"Over There":{}}}}})",
       "accounts.000000000000.accountSettings.Over There: is not a region"},
  };
  for (const auto& [document, place] : kCases) {
    try {
      admin::apply_seed(services, document);
      ADD_FAILURE() << document;
    } catch (const admin::SeedError& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with(place)) << error.what();
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

TEST(Tar, HeadersOfAnySizeComeBack) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{511}, std::uint64_t{1} << 33,
                                   (std::uint64_t{1} << 40) + 5}) {
    const auto entry = admin::parse_tar_header(admin::tar_header("blobs/sha256/ab", size));
    ASSERT_TRUE(entry) << size;
    EXPECT_EQ(entry->size, size);
    EXPECT_EQ(entry->name, "blobs/sha256/ab");
  }
  const std::string name = "blobs/sha512/" + std::string(64, 'a') + "/" + std::string(64, 'b');
  EXPECT_EQ(admin::parse_tar_header(admin::tar_header(name, 1))->name, name);
  EXPECT_FALSE(admin::parse_tar_header(std::string(512, 'x')));
}

}  // namespace
}  // namespace ecr::api::test
