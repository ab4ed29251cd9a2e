// Previews of lifecycle policies.
#include "tests/api/ecr/lifecycle_fixture.h"

namespace ecr::api::test::lifecycle_policies {
namespace {

TEST_F(LifecycleTest, APreviewShowsWhatWouldGoAndChangesNothing) {
  push_image("app", "first", "1");
  clock.time += minutes(1);
  push_image("app", "second", "2");
  clock.time += minutes(1);
  push_image("app", "third", "3");
  const std::string text = text_of({rule(7, more_than(1))});
  const Json started = call("StartLifecyclePolicyPreview", in_app({{"lifecyclePolicyText", text}}));
  EXPECT_EQ(started["status"], "IN_PROGRESS");
  EXPECT_EQ(started["lifecyclePolicyText"], text);
  EXPECT_EQ(fail("StartLifecyclePolicyPreview", in_app({{"lifecyclePolicyText", text}})).first,
            "LifecyclePolicyPreviewInProgressException");
  const Json waiting = call("GetLifecyclePolicyPreview", in_app());
  EXPECT_EQ(waiting["status"], "IN_PROGRESS");
  EXPECT_TRUE(waiting["previewResults"].empty());
  runner.run_due(10);
  const Json done = call("GetLifecyclePolicyPreview", in_app());
  EXPECT_EQ(done["status"], "COMPLETE");
  EXPECT_EQ(done["summary"], (Json{{"expiringImageTotalCount", 2}}));
  ASSERT_EQ(done["previewResults"].size(), 2u);
  const Json& first = done["previewResults"][0];
  EXPECT_EQ(first["imageTags"], (Json::array({"first"})));
  EXPECT_EQ(first["imageDigest"], digest_of("first"));
  EXPECT_EQ(first["action"], (Json{{"type", "EXPIRE"}}));
  EXPECT_EQ(first["appliedRulePriority"], 7);
  EXPECT_EQ(first["storageClass"], "STANDARD");
  EXPECT_EQ(done["previewResults"][1]["imageTags"], (Json::array({"second"})));
  EXPECT_EQ(tags(), (TagList{"first", "second", "third"}));
  EXPECT_EQ(fail("GetLifecyclePolicy", in_app()).first, "LifecyclePolicyNotFoundException");
  EXPECT_EQ(preview({rule(1, more_than(5))})["summary"], (Json{{"expiringImageTotalCount", 0}}));
}

TEST_F(LifecycleTest, APreviewOfThePolicyInForceNeedsNoText) {
  push_image("app", "1", "one");
  put({rule(1, since_pushed(1))});
  clock.time += 2 * kDay;
  EXPECT_EQ(call("StartLifecyclePolicyPreview", in_app())["status"], "IN_PROGRESS");
}

TEST_F(LifecycleTest, APreviewOfTransitionsCountsThem) {
  push_image("app", "1", "one");
  clock.time += 3 * kDay;
  const Json done = preview({rule(1, since_pushed(2), kToArchive)});
  EXPECT_EQ(done["summary"],
            (Json{{"expiringImageTotalCount", 0},
                  {"transitioningImageTotalCounts",
                   {{{"targetStorageClass", "ARCHIVE"}, {"imageTotalCount", 1}}}}}));
  EXPECT_EQ(done["previewResults"][0]["action"],
            (Json{{"type", "TRANSITION"}, {"targetStorageClass", "ARCHIVE"}}));
}

TEST_F(LifecycleTest, APreviewIsFilteredAndPaged) {
  for (int i = 0; i < 5; ++i) {
    const auto number = std::to_string(i);
    push_image("app", i < 3 ? "t" + number : "moved", "content" + number);
    clock.time += minutes(1);
  }
  push_image("app", "moved", "newest");
  clock.time += 2 * kDay;
  EXPECT_EQ(preview({rule(1, since_pushed(1))})["previewResults"].size(), 6u);
  const auto with = [&](const Json& input) {
    return call("GetLifecyclePolicyPreview", in_app(input))["previewResults"].size();
  };
  EXPECT_EQ(with({{"filter", {{"tagStatus", "TAGGED"}}}}), 4u);
  EXPECT_EQ(with({{"filter", {{"tagStatus", "UNTAGGED"}}}}), 2u);
  EXPECT_EQ(with({{"filter", {{"tagStatus", "ANY"}}}}), 6u);
  EXPECT_EQ(with({{"imageIds", {{{"imageTag", "t1"}}, {{"imageTag", "none"}}}}}), 1u);
  EXPECT_EQ(with({{"imageIds", {{{"imageDigest", digest_of("t2")}}}}}), 1u);
  std::set<std::string> seen;
  Json input = {{"maxResults", 2}};
  for (int pages = 1;; ++pages) {
    const Json page = call("GetLifecyclePolicyPreview", in_app(input));
    for (const Json& result : page["previewResults"]) {
      EXPECT_TRUE(seen.insert(result["imageDigest"].get<std::string>()).second);
    }
    EXPECT_EQ(page["summary"]["expiringImageTotalCount"], 6);
    if (!page.contains("nextToken")) {
      EXPECT_EQ(pages, 3);
      break;
    }
    input["nextToken"] = page["nextToken"];
  }
  EXPECT_EQ(seen.size(), 6u);
  for (const Json& bad :
       {Json{{"nextToken", "forged"}},
        Json{{"nextToken", input["nextToken"]}, {"filter", {{"tagStatus", "TAGGED"}}}},
        Json{{"imageIds", {{{"imageTag", "t1"}}}}, {"maxResults", 5}}}) {
    EXPECT_EQ(fail("GetLifecyclePolicyPreview", in_app(bad)).first, "InvalidParameterException");
  }
}

}  // namespace
}  // namespace ecr::api::test::lifecycle_policies
