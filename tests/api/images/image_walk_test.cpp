// The walk over images that name images.
#include "api/images/image_walk.h"

#include <map>

#include "api/core/wire/error.h"
#include "schemas/base/text.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using model::Digest;
using Digests = std::vector<Digest>;

// The image of that number: its digest has the number in it.
Digest image(int number) { return *Digest::parse(base::format("sha256:{:064}", number)); }
int number_of(const Digest& digest) { return std::stoi(std::string(digest.hex())); }

// 0 is named by 1, which is named by 2, and so on, each of them `times`.
ChildrenOf chain(std::size_t& calls, std::size_t times) {
  return [&calls, times](const Digest& digest) {
    ++calls;
    const int at = number_of(digest);
    return at == 0 ? Digests() : Digests(times, image(at - 1));
  };
}

// Those that this image names.
using Images = std::map<int, std::vector<int>>;
Digests images_of(const std::vector<int>& numbers) {
  Digests digests;
  for (const int number : numbers) digests.push_back(image(number));
  return digests;
}
ChildrenOf children_in(const Images& images) {
  return [&images](const Digest& digest) { return images_of(images.at(number_of(digest))); };
}

TEST(ImageWalk, ComesToEachImageOnceChildrenFirst) {
  const Images kImages = {{9, {2, 1, 2}}, {1, {3}}, {2, {3, 4}}, {3, {}}, {4, {}}};
  EXPECT_EQ(children_first(image(9), 100, children_in(kImages)), images_of({3, 4, 2, 1, 9}));
}

TEST(ImageWalk, DoesNotFollowEveryPath) {
  std::size_t calls = 0;
  const auto order = children_first(image(27), 100, chain(calls, 2));  // 2^27 paths
  EXPECT_EQ(order.size(), 28u);
  EXPECT_EQ(calls, 28u);
}

TEST(ImageWalk, TakesNoStackForDepth) {
  std::size_t calls = 0;
  EXPECT_EQ(children_first(image(100'000), 200'000, chain(calls, 1)).size(), 100'001u);
}

TEST(ImageWalk, EndsInACircle) {
  const Images kCircle = {{1, {2}}, {2, {1}}};
  EXPECT_EQ(children_first(image(1), 100, children_in(kCircle)).size(), 2u);
}

TEST(ImageWalk, HasALimit) {
  std::size_t calls = 0;
  EXPECT_EQ(children_first(image(9), 10, chain(calls, 1)).size(), 10u);
  try {
    children_first(image(10), 10, chain(calls, 1));
    FAIL();
  } catch (const ApiError& error) {
    EXPECT_EQ(error.code(), ErrorCode::kLimitExceeded);
    EXPECT_EQ(error.message(),
              base::format("The image {} names more than 9 other images", image(10).text()));
  }
}

// An index with so many entries, all of one image.
std::string manifest_with(std::size_t entries) {
  const Json one = {{"digest", model::Digest::of("x").text()}, {"size", 1}};
  return Json{{"schemaVersion", 2}, {"manifests", Json(entries, one)}}.dump();
}

TEST(ImageWalk, StepsAreBounded) {
  Digests order;
  for (int i = 0; i < 10; ++i) order.push_back(image(i));
  ManifestSteps steps(order, [](const Digest& digest) -> std::unique_ptr<LoadedManifest> {
    if (number_of(digest) == 3) return nullptr;
    const std::string manifest = manifest_with(kWalkRowsAtOnce / 2);
    return std::make_unique<LoadedManifest>(manifest, "", Digest::of(manifest));
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
