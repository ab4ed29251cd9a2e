// Snapshot, restore and reset: they apply to all of the state, or to nothing.
#include "api/admin/snapshot/tar.h"
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

TEST_F(Snapshots, IncludesBlobsOfOtherAlgorithms) {
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

TEST_F(Snapshots, NoBlobIsCollectedWhileASnapshotArrives) {
  const std::string tar = save();
  reset();
  auto start = admin.open(make_request("PUT", "/_ecr-local/snapshot", {{"Host", host}}, ""));
  auto& sink = std::get<std::unique_ptr<BodySink>>(start);
  // All but the end of the file: every blob is there, and no row names one.
  sink->write(tar.substr(0, tar.size() - 512));
  store->sweep_if_requested();
  store->sweep_files();
  EXPECT_EQ(
      admin.handle(make_request("POST", "/_ecr-local/gc?grace=0s", {{"Host", host}}, "")).status,
      200);
  sink->write(tar.substr(tar.size() - 512));
  EXPECT_EQ(sink->finish().status, 200);
  EXPECT_EQ(get_blob("content"), 200);
}

TEST_F(Snapshots, WhatARefusedSnapshotBroughtIsSwept) {
  const std::string tar = save();
  reset();
  store->sweep_if_requested();
  EXPECT_EQ(restore(tar.substr(0, tar.size() - 2000)).first, 400);
  EXPECT_TRUE(store->blobs().open(model::Digest::of("content")));
  store->sweep_if_requested();
  EXPECT_FALSE(store->blobs().open(model::Digest::of("content")));
}

TEST_F(Snapshots, AResetLeavesOnlyTheSeed) {
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

TEST(Tar, HeadersOfAnySizeAreReadBack) {
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
