#include <set>

#include "api/admin/seed/seed.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

class EcrReferrers : public ApiTest {
 protected:
  EcrReferrers() {
    call("CreateRepository", {{"repositoryName", "app"}});
    subject_ = push_image("app", "1", "content");
  }

  // An artifact of that type whose subject is the image; its digest.
  std::string push_artifact(const std::string& type, const Json& annotations) {
    Json manifest = Json::parse(subject_);
    manifest["artifactType"] = type;
    manifest["annotations"] = annotations;
    manifest["subject"] = {{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                           {"digest", digest_of(subject_)},
                           {"size", subject_.size()}};
    text_ = manifest.dump();
    call("PutImage", {{"repositoryName", "app"}, {"imageManifest", text_}});
    return digest_of(text_);
  }
  static std::string digest_of(const std::string& bytes) { return model::Digest::of(bytes).text(); }
  Json list(const Json& filter = Json::object()) {
    return call("ListImageReferrers", {{"repositoryName", "app"},
                                       {"subjectId", {{"imageDigest", digest_of(subject_)}}},
                                       {"filter", filter}})["referrers"];
  }

  std::string subject_;
  std::string text_;  // of the artifact pushed last
};

TEST_F(EcrReferrers, AnArtifactIsDescribed) {
  const std::string digest = push_artifact("application/x.sig", {{"key", "value"}});
  EXPECT_EQ(list(), Json({{{"digest", digest},
                           {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                           {"artifactType", "application/x.sig"},
                           {"size", text_.size()},
                           {"annotations", {{"key", "value"}}},
                           {"artifactStatus", "ACTIVE"}}}));
}

TEST_F(EcrReferrers, FiltersChoose) {
  for (const char* type : {"a/1", "a/2", "a/3"}) push_artifact(type, Json::object());
  const auto types = [&](const Json& filter) {
    std::set<std::string> found;
    for (const Json& one : list(filter)) found.insert(one["artifactType"].get<std::string>());
    return found;
  };
  using Set = std::set<std::string>;
  EXPECT_EQ(types(Json::object()), (Set{"a/1", "a/2", "a/3"}));
  EXPECT_EQ(types({{"artifactTypes", Json::array()}}), (Set{"a/1", "a/2", "a/3"}));
  EXPECT_EQ(types({{"artifactTypes", {"a/1", "a/3", "a/4"}}}), (Set{"a/1", "a/3"}));
  EXPECT_EQ(types({{"artifactTypes", {"a/4"}}}), Set{});
  EXPECT_EQ(types({{"artifactStatus", "ANY"}}).size(), 3u);
  EXPECT_EQ(types({{"artifactStatus", "ARCHIVED"}}), Set{});
}

// However many are asked for: neither the answer nor the work for it grows with what was pushed.
TEST_F(EcrReferrers, LargeOnesComeInShortPages) {
  for (char c : {'a', 'b', 'c'}) push_artifact("a/1", {{"text", std::string(2u << 20, c)}});
  Json input = {{"repositoryName", "app"},
                {"subjectId", {{"imageDigest", digest_of(subject_)}}},
                {"maxResults", 50}};
  std::set<std::string> seen;
  for (int pages = 1;; ++pages) {
    const Json output = call("ListImageReferrers", input);
    EXPECT_EQ(output["referrers"].size(), 1u);
    seen.insert(output["referrers"][0]["digest"].get<std::string>());
    if (!output.contains("nextToken")) {
      EXPECT_EQ(pages, 3);
      break;
    }
    input["nextToken"] = output["nextToken"];
  }
  EXPECT_EQ(seen.size(), 3u);
}

TEST_F(EcrReferrers, AnnotationsThatAreNoTextsAreLeftOut) {
  push_artifact("a/1", {{"text", "a"}, {"number", 1}, {"list", Json::array()}});
  EXPECT_EQ(list()[0]["annotations"], Json({{"text", "a"}}));
}

TEST_F(EcrReferrers, ASubjectThatIsNotThereHasNone) {
  Json input = {{"repositoryName", "app"}, {"subjectId", {{"imageDigest", digest_of("none")}}}};
  EXPECT_EQ(call("ListImageReferrers", input)["referrers"], Json::array());
  input["subjectId"]["imageDigest"] = "none";
  EXPECT_EQ(fail("ListImageReferrers", input).first, "InvalidParameterException");
  input["repositoryName"] = "none";
  EXPECT_EQ(fail("ListImageReferrers", input).first, "RepositoryNotFoundException");
}

TEST_F(EcrReferrers, ReadingImagesIsWhatMustBeAllowed) {
  const std::string repository = "arn:aws:ecr:us-east-1:111122223333:repository/app";
  const Json input = {{"repositoryName", "app"},
                      {"subjectId", {{"imageDigest", digest_of(subject_)}}}};
  const auto asked = [&](const Json& actions) {
    admin::apply_seed(services,
                      seed_user("jane", {{"some", policy("Allow", actions, repository)}}).dump());
    const Keys before = std::exchange(keys, kSeededKeys);
    const auto response = send("ListImageReferrers", input);
    keys = before;
    return Json::parse(body_of(response)).value("__type", "");
  };
  EXPECT_EQ(asked({"ecr:ListImageReferrers"}), "AccessDeniedException");
  EXPECT_EQ(asked({"ecr:BatchGetImage"}), "RepositoryNotFoundException");
}

}  // namespace
}  // namespace ecr::api::test
