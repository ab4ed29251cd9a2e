// Signing: which profiles sign what, and the signatures that are stored.
#include "api/admin/seed/seed.h"
#include "api/ecr/ecr_api.h"
#include "schemas/base/encoding.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using Error = std::pair<std::string, std::string>;

const std::string kProfile = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/one";
const std::string kOther = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/two";

class EcrSigning : public ApiTest {
 protected:
  EcrSigning() { call("CreateRepository", {{"repositoryName", "team/app"}}); }

  static Json rule(const std::string& profile, const std::vector<std::string>& filters) {
    Json json = {{"signingProfileArn", profile}};
    for (const std::string& filter : filters) {
      json["repositoryFilters"].push_back({{"filter", filter}, {"filterType", "WILDCARD_MATCH"}});
    }
    return json;
  }
  static Json configuration(const std::vector<Json>& rules) {
    return {{"signingConfiguration", {{"rules", rules}}}};
  }
  Json statuses(const std::string& tag) {
    return call(
        "DescribeImageSigningStatus",
        {{"repositoryName", "team/app"}, {"imageId", {{"imageTag", tag}}}})["signingStatuses"];
  }
  Json referrers(const std::string& manifest) {
    return call(
        "ListImageReferrers",
        {{"repositoryName", "team/app"},
         {"subjectId", {{"imageDigest", model::Digest::of(manifest).text()}}}})["referrers"];
  }

  JobRunner runner{services, ecr::job_kinds()};
};

TEST_F(EcrSigning, TheConfigurationIsPutReadAndDeleted) {
  const auto missing = fail("GetSigningConfiguration", Json::object()).first;
  EXPECT_EQ(missing, "SigningConfigurationNotFoundException");
  EXPECT_EQ(fail("DeleteSigningConfiguration", Json::object()).first, missing);
  const Json wanted = configuration({rule(kProfile, {"team/*"}), rule(kOther, {})});
  EXPECT_EQ(call("PutSigningConfiguration", wanted), wanted);
  Json stored = wanted;
  stored["registryId"] = "000000000000";
  EXPECT_EQ(call("GetSigningConfiguration", Json::object()), stored);
  EXPECT_EQ(call("DeleteSigningConfiguration", Json::object()), stored);
  EXPECT_EQ(fail("GetSigningConfiguration", Json::object()).first, missing);
}

TEST_F(EcrSigning, BadInputsAreRefused) {
  const Json bad[] = {configuration({rule("arn:aws:signer:us-east-1:1:/signing-profiles/a", {})}),
                      configuration({rule(kProfile, {"Team"})}),
                      configuration(std::vector<Json>(11, rule(kProfile, {}))), Json::object()};
  for (const Json& input : bad) {
    EXPECT_EQ(fail("PutSigningConfiguration", input).first, "InvalidParameterException") << input;
  }
  const Json none = {{"repositoryName", "none"}, {"imageId", {{"imageTag", "x"}}}};
  EXPECT_EQ(fail("DescribeImageSigningStatus", none).first, "RepositoryNotFoundException");
  const Json absent = {{"repositoryName", "team/app"}, {"imageId", {{"imageTag", "x"}}}};
  EXPECT_EQ(fail("DescribeImageSigningStatus", absent).first, "ImageNotFoundException");
  const Json empty = {{"repositoryName", "team/app"}, {"imageId", Json::object()}};
  EXPECT_EQ(fail("DescribeImageSigningStatus", empty).first, "InvalidParameterException");
}

TEST_F(EcrSigning, APushIsSignedAndTheSignatureIsAReferrer) {
  call("PutSigningConfiguration", configuration({rule(kProfile, {"team/*"}), rule(kOther, {"x"})}));
  const std::string manifest = push_image("team/app", "v1", "content");
  EXPECT_EQ(statuses("v1"),
            Json::array({{{"signingProfileArn", kProfile}, {"status", "IN_PROGRESS"}}}));
  runner.run_due(10);
  EXPECT_EQ(statuses("v1"),
            Json::array({{{"signingProfileArn", kProfile}, {"status", "COMPLETE"}}}));
  const Json found = referrers(manifest);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]["artifactType"], "application/vnd.cncf.notary.signature");
  EXPECT_EQ(found[0]["annotations"]["com.amazonaws.signer.signingProfile"], kProfile);
  // The image's descriptor is signed.
  const auto stored =
      registry("GET", "/v2/team/app/manifests/" + found[0]["digest"].get<std::string>());
  const Json signature = Json::parse(body_of(stored));
  const std::string layer = signature["layers"][0]["digest"].get<std::string>();
  EXPECT_EQ(signature["layers"][0]["mediaType"], "application/jose+json");
  EXPECT_EQ(registry("HEAD", "/v2/team/app/blobs/" + layer).status, 200);
  const auto certificate =
      admin.handle(make_request("GET", "/_ecr-local/signing-certificate", {{"Host", host}}, ""));
  EXPECT_EQ(certificate.status, 200);
  EXPECT_TRUE(body_of(certificate).starts_with("-----BEGIN CERTIFICATE-----"));
  // The signature itself is not signed, nor is a new tag of the image.
  push_image("team/app", "v2", "content");
  EXPECT_TRUE(runner.run_due(10).outcomes.empty());
  EXPECT_EQ(referrers(manifest).size(), 1u);
}

TEST_F(EcrSigning, OneKeySignsThemAll) {
  call("PutSigningConfiguration", configuration({rule(kProfile, {}), rule(kOther, {})}));
  const std::string manifest = push_image("team/app", "v1", "content");
  runner.run_due(10);
  const Json found = referrers(manifest);
  ASSERT_EQ(found.size(), 2u);
  const auto thumbprint = [](const Json& referrer) {
    return referrer["annotations"]["io.cncf.notary.x509chain.thumbprint#S256"];
  };
  EXPECT_EQ(thumbprint(found[0]), thumbprint(found[1]));
  EXPECT_EQ(statuses("v1").size(), 2u);
}

TEST_F(EcrSigning, NothingIsSignedWithoutARule) {
  push_image("team/app", "v1", "content");
  EXPECT_EQ(statuses("v1"), Json::array());
  EXPECT_TRUE(runner.run_due(10).outcomes.empty());
  EXPECT_EQ(
      admin.handle(make_request("GET", "/_ecr-local/signing-certificate", {{"Host", host}}, ""))
          .status,
      404);
}

TEST_F(EcrSigning, ThePusherNeedsSignPayload) {
  keys = {"111122223333", "test"};
  const std::string profile = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/one";
  call("CreateRepository", {{"repositoryName", "team/app"}});
  call("PutSigningConfiguration", configuration({rule(profile, {})}));
  admin::apply_seed(services, seed_user("jane", {{"ecr", policy("Allow", "ecr:*", "*")}}).dump());
  keys = kSeededKeys;
  push_image("team/app", "v1", "content");
  const Json status = statuses("v1")[0];
  EXPECT_EQ(status["status"], "FAILED");
  EXPECT_NE(status["failureReason"].get<std::string>().find("signer:SignPayload"),
            std::string::npos);
  EXPECT_TRUE(runner.run_due(10).outcomes.empty());
  const Json both = {"ecr:*", "signer:SignPayload"};
  admin::apply_seed(services, seed_user("jane", {{"ecr", policy("Allow", both, "*")}}).dump());
  push_image("team/app", "v2", "content");  // a push again, a chance again
  runner.run_due(10);
  EXPECT_EQ(statuses("v2")[0]["status"], "COMPLETE");
}

TEST_F(EcrSigning, AnImageThatGoesIsNotSigned) {
  call("PutSigningConfiguration", configuration({rule(kProfile, {})}));
  push_image("team/app", "v1", "content");
  call("BatchDeleteImage", {{"repositoryName", "team/app"}, {"imageIds", {{{"imageTag", "v1"}}}}});
  EXPECT_EQ(runner.run_due(10).outcomes.front().result, JobOutcome::Result::kDone);
  EXPECT_EQ(call("ListImages", {{"repositoryName", "team/app"}})["imageIds"], Json::array());
}

}  // namespace
}  // namespace ecr::api::test
