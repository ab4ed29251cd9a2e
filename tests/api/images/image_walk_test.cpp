// The walk over images that name images.
#include "api/images/image_walk.h"

#include <map>

#include "api/core/wire/error.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using Digests = std::vector<std::string>;

// 0 is named by 1, which is named by 2, ... up to `count`, each of them `times`.
ChildrenOf chain(std::size_t& calls, std::size_t times) {
  return [&calls, times](const std::string& name) {
    ++calls;
    const int at = std::stoi(name);
    return at == 0 ? Digests() : Digests(times, std::to_string(at - 1));
  };
}

TEST(ImageWalk, ComesToEachImageOnceChildrenFirst) {
  const std::map<std::string, Digests> kImages = {
      {"root", {"b", "a", "b"}}, {"a", {"c"}}, {"b", {"c", "d"}}, {"c", {}}, {"d", {}}};
  const auto order =
      children_first("root", 100, [&](const std::string& name) { return kImages.at(name); });
  EXPECT_EQ(order, (Digests{"c", "d", "b", "a", "root"}));
}

TEST(ImageWalk, DoesNotFollowEveryPath) {
  std::size_t calls = 0;
  const auto order = children_first("27", 100, chain(calls, 2));  // 2^27 paths
  EXPECT_EQ(order.size(), 28u);
  EXPECT_EQ(calls, 28u);
}

TEST(ImageWalk, TakesNoStackForDepth) {
  std::size_t calls = 0;
  EXPECT_EQ(children_first("100000", 200'000, chain(calls, 1)).size(), 100'001u);
}

TEST(ImageWalk, EndsInACircle) {
  const std::map<std::string, Digests> kCircle = {{"a", {"b"}}, {"b", {"a"}}};
  EXPECT_EQ(children_first("a", 100, [&](const auto& name) { return kCircle.at(name); }).size(),
            2u);
}

TEST(ImageWalk, HasALimit) {
  std::size_t calls = 0;
  EXPECT_EQ(children_first("9", 10, chain(calls, 1)).size(), 10u);
  try {
    children_first("10", 10, chain(calls, 1));
    FAIL();
  } catch (const ApiError& error) {
    EXPECT_EQ(error.code(), ErrorCode::kLimitExceeded);
    EXPECT_EQ(error.message(), "The image 10 names more than 9 other images");
  }
}

// An index with so many entries, all of one image.
std::string manifest_with(std::size_t entries) {
  const Json one = {{"digest", model::Digest::of("x").text()}, {"size", 1}};
  return Json{{"schemaVersion", 2}, {"manifests", Json(entries, one)}}.dump();
}

TEST(ImageWalk, StepsAreBounded) {
  Digests order;
  for (int i = 0; i < 10; ++i) order.push_back(std::to_string(i));
  ManifestSteps steps(order, [](const std::string& name) -> std::unique_ptr<LoadedManifest> {
    if (name == "3") return nullptr;
    return std::make_unique<LoadedManifest>(manifest_with(kWalkRowsAtOnce / 2), "", "");
  });
  std::vector<std::size_t> sizes;
  for (auto step = steps.next(); !step.empty(); step = steps.next()) sizes.push_back(step.size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 2, 2, 2, 1}));
  EXPECT_TRUE(steps.next().empty());
}

constexpr const char* kNestedType = "application/vnd.oci.image.index.v1+json";

class NestedIndexes : public ApiTest {
 protected:
  NestedIndexes() { call("CreateRepository", {{"repositoryName", "app"}}); }

  // An index that names the image twice.
  static std::string index_of(const std::string& digest) {
    const Json entry = {{"mediaType", kNestedType}, {"digest", digest}, {"size", 1}};
    return Json{{"schemaVersion", 2}, {"mediaType", kNestedType}, {"manifests", {entry, entry}}}
        .dump();
  }
};

TEST_F(NestedIndexes, IndexesNestEightLevelsDeep) {
  std::string digest = model::Digest::of(push_image("app", "0", "content")).text();
  for (int level = 1; level <= kMaxIndexNesting; ++level) {
    const std::string index = index_of(digest);
    const std::string by = "/v2/app/manifests/" + std::to_string(level);
    EXPECT_EQ(registry("PUT", by, index, {{"Content-Type", kNestedType}}).status, 201) << level;
    digest = model::Digest::of(index).text();
  }
  const std::string index = index_of(digest);
  const auto response =
      registry("PUT", "/v2/app/manifests/9", index, {{"Content-Type", kNestedType}});
  EXPECT_EQ(response.status, 403);
  const auto [type, message] =
      fail("PutImage", {{"repositoryName", "app"}, {"imageManifest", index}, {"imageTag", "9"}});
  EXPECT_EQ(type, "LimitExceededException");
  EXPECT_EQ(message, "An image index can nest at most 8 levels deep, and this one has 9");
}

}  // namespace
}  // namespace ecr::api::test
