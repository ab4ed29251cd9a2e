// Every error that an operation of the ECR API may return by the model, each provoked once, with
// its type and, where ECR's text is known, its text. What is missing must be in a list that says
// why.
#include <functional>
#include <map>
#include <set>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "storage/rows/uploads.h"
#include "tests/api/pull_through/fixture.h"

namespace ecr::api::test {
namespace {

using Names = std::set<std::string>;

// Errors that nothing here can cause, by what would.
const Names kNever = {"ServerException",      // a failing disk: tests/storage
                      "KmsException",         // KMS: there is none
                      "ValidationException",  // InvalidParameterException says the same
                      // declarative policies of an organization: there are none
                      "BlockedByOrganizationPolicyException",
                      // an upstream registry: the tests of pull-through caches
                      "UnableToGetUpstreamImageException", "UnableToGetUpstreamLayerException",
                      // referrers are not fetched from upstreams
                      "UnableToListUpstreamImageReferrersException", "LayerInaccessibleException"};

// Limits of ECR's quotas that are not enforced (COMPATIBILITY.md).
const std::map<std::string, Names> kNotLimited = {
    {"CreateRepository", {"LimitExceededException"}},
    {"BatchGetImage", {"LimitExceededException"}},
    {"PutAccountSetting", {"LimitExceededException"}},
    {"DeregisterPullTimeUpdateExclusion", {"LimitExceededException"}},
    {"ListPullTimeUpdateExclusions", {"LimitExceededException"}},
    {"CreateRepositoryCreationTemplate", {"LimitExceededException"}},
    // It says so among its failures.
    {"BatchGetRepositoryScanningConfiguration", {"RepositoryNotFoundException"}},
    // Taking tags away cannot make them too many.
    {"UntagResource", {"InvalidTagParameterException", "TooManyTagsException"}},
};

struct Case {
  std::string operation;
  Json input;
  std::string type;
  std::string message = {};  // empty: ECR's is not known
};

class EcrErrors : public PullThroughTest {
 protected:
  EcrErrors() {
    call("CreateRepository", {{"repositoryName", "app"}});
    call("CreateRepository", {{"repositoryName", "fixed"}, {"imageTagMutability", "IMMUTABLE"}});
    manifest = push_image("app", "1", "one");
    push_image("fixed", "1", "one");
    other = push_image("fixed", "2", "two");
  }

  static Json in(const char* repository, Json more = Json::object()) {
    more["repositoryName"] = repository;
    return more;
  }
  static std::string no_repository() {
    return "The repository with name 'none' does not exist in the registry with id '000000000000'";
  }
  std::string begin_upload(const std::string& bytes) {
    const std::string id = call("InitiateLayerUpload", in("app"))["uploadId"].get<std::string>();
    if (!bytes.empty()) call("UploadLayerPart", part(id, 0, bytes));
    return id;
  }
  static Json part(const std::string& upload, int first, const std::string& bytes) {
    return in("app", {{"uploadId", upload},
                      {"partFirstByte", first},
                      {"partLastByte", first + static_cast<int>(bytes.size()) - 1},
                      {"layerPartBlob", base::base64_encode(bytes)}});
  }
  static Json completion(const std::string& upload, const std::string& bytes) {
    return in("app", {{"uploadId", upload}, {"layerDigests", {model::Digest::of(bytes).text()}}});
  }

  void check(const std::vector<Case>& cases) {
    for (const Case& test : cases) {
      const auto [type, message] = fail(test.operation, test.input);
      EXPECT_EQ(type, test.type) << test.operation << test.input.dump().substr(0, 300);
      if (!test.message.empty()) {
        EXPECT_EQ(message, test.message) << test.operation;
      }
      EXPECT_FALSE(message.empty()) << test.operation << type;
      seen_[test.operation].insert(type);
    }
  }

  std::vector<Case> missing_repository();
  std::vector<Case> repositories();
  std::vector<Case> images();
  std::vector<Case> layers();
  std::vector<Case> registries();
  std::vector<Case> behaviours();
  std::vector<Case> pull_through();
  std::vector<Case> backfills();

  std::string manifest;
  std::string other;
  std::map<std::string, Names> seen_;
};

// A valid input of every operation on a repository, but for the repository.
std::vector<Case> EcrErrors::missing_repository() {
  const std::string digest = model::Digest::of("x").text();
  const Json ids = {{"imageIds", {{{"imageTag", "1"}}}}};
  const Json digests = {{"layerDigests", {digest}}};
  const Json id = {{"imageId", {{"imageTag", "1"}}}};
  const std::string upload = "12345678-1234-1234-1234-123456789012";
  Json upload_part = part(upload, 0, "x");
  Json complete = completion(upload, "x");
  upload_part["repositoryName"] = complete["repositoryName"] = "none";
  const Json arn = {{"resourceArn", "arn:aws:ecr:us-east-1:000000000000:repository/none"}};
  Json tags = arn;
  tags["tags"] = {{{"Key", "k"}, {"Value", "v"}}};
  Json keys_of = arn;
  keys_of["tagKeys"] = {"k"};
  const std::vector<std::pair<const char*, Json>> inputs = {
      {"DescribeRepositories", {{"repositoryNames", {"none"}}}},
      {"DeleteRepository", in("none")},
      {"SetRepositoryPolicy", in("none", {{"policyText", "{}"}})},
      {"GetRepositoryPolicy", in("none")},
      {"DeleteRepositoryPolicy", in("none")},
      {"TagResource", tags},
      {"UntagResource", keys_of},
      {"ListTagsForResource", arn},
      {"PutImage", in("none", {{"imageManifest", manifest}})},
      {"ListImages", in("none")},
      {"DescribeImages", in("none")},
      {"BatchGetImage", in("none", ids)},
      {"BatchDeleteImage", in("none", ids)},
      {"InitiateLayerUpload", in("none")},
      {"UploadLayerPart", upload_part},
      {"CompleteLayerUpload", complete},
      {"BatchCheckLayerAvailability", in("none", digests)},
      {"GetDownloadUrlForLayer", in("none", {{"layerDigest", digest}})},
      {"ListImageReferrers", in("none", {{"subjectId", {{"imageDigest", digest}}}})},
      {"PutImageTagMutability", in("none", {{"imageTagMutability", "MUTABLE"}})},
      {"PutImageScanningConfiguration",
       in("none", {{"imageScanningConfiguration", Json::object()}})},
      {"StartImageScan", in("none", id)},
      {"DescribeImageScanFindings", in("none", id)},
      {"DescribeImageSigningStatus", in("none", id)},
      {"UpdateImageStorageClass",
       in("none", {{"imageId", id["imageId"]}, {"targetStorageClass", "ARCHIVE"}})}};
  std::vector<Case> cases;
  for (const auto& [operation, input] : inputs) {
    cases.push_back({operation, input, "RepositoryNotFoundException", no_repository()});
  }
  return cases;
}

std::vector<Case> EcrErrors::repositories() {
  const Json wild = {{{"filterType", "WILDCARD"}, {"filter", "v*"}}};
  Json many = Json::array();
  for (int i = 0; i <= 50; ++i) many.push_back({{"Key", base::format("k{}", i)}, {"Value", "v"}});
  const Json empty_key = {{{"Key", ""}, {"Value", "v"}}};
  const std::string arn = "arn:aws:ecr:us-east-1:000000000000:repository/app";
  const std::string tag_text = "Tag parameters are invalid";
  return {
      {"CreateRepository", in("app"), "RepositoryAlreadyExistsException",
       "The repository with name 'app' already exists in the registry with id '000000000000'"},
      {"CreateRepository", in("new", {{"tags", empty_key}}), "InvalidTagParameterException",
       tag_text},
      {"CreateRepository", in("new", {{"tags", many}}), "TooManyTagsException"},
      {"CreateRepository", in("new", {{"imageTagMutability", "MUTABLE_WITH_EXCLUSION"}}),
       "InvalidParameterException",
       "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: "
       "'ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as "
       "MUTABLE_WITH_EXCLUSION'"},
      {"CreateRepository", in("new", {{"imageTagMutabilityExclusionFilters", wild}}),
       "InvalidParameterException"},
      {"CreateRepository",
       in("new", {{"encryptionConfiguration", {{"encryptionType", "AES256"}, {"kmsKey", "k"}}}}),
       "InvalidParameterException"},
      {"PutImageTagMutability", in("app", {{"imageTagMutability", "IMMUTABLE_WITH_EXCLUSION"}}),
       "InvalidParameterException"},
      {"PutImageTagMutability",
       in("app",
          {{"imageTagMutability", "IMMUTABLE"}, {"imageTagMutabilityExclusionFilters", wild}}),
       "InvalidParameterException"},
      {"PutImageTagMutability",
       in("app", {{"imageTagMutability", "IMMUTABLE_WITH_EXCLUSION"},
                  {"imageTagMutabilityExclusionFilters",
                   {{{"filterType", "WILDCARD"}, {"filter", "*a*b*"}}}}}),
       "InvalidParameterException"},
      {"DescribeRepositories",
       {{"repositoryNames", {"app"}}, {"maxResults", 1}},
       "InvalidParameterException"},
      {"DeleteRepository", in("app"), "RepositoryNotEmptyException",
       "The repository with name 'app' in registry with id '000000000000' cannot be deleted "
       "because it still contains images"},
      {"SetRepositoryPolicy", in("app", {{"policyText", "{}"}}), "InvalidParameterException",
       "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy "
       "provided'"},
      {"GetRepositoryPolicy", in("app"), "RepositoryPolicyNotFoundException",
       "Repository policy does not exist for the repository with name 'app' in the registry with "
       "id '000000000000'"},
      {"DeleteRepositoryPolicy", in("app"), "RepositoryPolicyNotFoundException"},
      {"TagResource",
       {{"resourceArn", "arn"}, {"tags", many}},
       "InvalidParameterException",
       "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'"},
      {"TagResource",
       {{"resourceArn", arn}, {"tags", empty_key}},
       "InvalidTagParameterException",
       tag_text},
      {"TagResource", {{"resourceArn", arn}, {"tags", many}}, "TooManyTagsException"},
      {"UntagResource", {{"resourceArn", "arn"}, {"tagKeys", {"k"}}}, "InvalidParameterException"},
      {"ListTagsForResource", {{"resourceArn", "arn"}}, "InvalidParameterException"},
  };
}

std::vector<Case> EcrErrors::images() {
  const std::string digest = model::Digest::of(manifest).text();
  const Json index = {{"schemaVersion", 2},
                      {"mediaType", "application/vnd.oci.image.index.v1+json"},
                      {"manifests",
                       {{{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                         {"digest", model::Digest::of("none").text()},
                         {"size", 1}}}}};
  const Json put = {{"imageManifest", manifest}, {"imageTag", "1"}};
  return {
      {"PutImage", in("app", put), "ImageAlreadyExistsException",
       "Image with digest '" + digest +
           "' and tag '1' already exists in the repository with name 'app' in registry with id "
           "'000000000000'"},
      {"PutImage", in("fixed", {{"imageManifest", other}, {"imageTag", "1"}}),
       "ImageTagAlreadyExistsException",
       "The image tag '1' already exists in the 'fixed' repository and cannot be overwritten "
       "because the tag is immutable."},
      {"PutImage", in("app", {{"imageManifest", other}}), "LayersNotFoundException"},
      {"PutImage", in("app", {{"imageManifest", index.dump()}}),
       "ReferencedImagesNotFoundException"},
      {"PutImage",
       in("app", {{"imageManifest", manifest}, {"imageDigest", model::Digest::of("x").text()}}),
       "ImageDigestDoesNotMatchException"},
      {"PutImage", in("app", {{"imageManifest", "no manifest"}}), "InvalidParameterException"},
      {"PutImage", in("app", {{"imageManifest", manifest}, {"imageTag", "no tag"}}),
       "InvalidParameterException"},
      {"DescribeImages", in("app", {{"imageIds", {{{"imageTag", "t"}}}}}), "ImageNotFoundException",
       "The image with imageId {imageDigest:'null', imageTag:'t'} does not exist within the "
       "repository with name 'app' in the registry with id '000000000000'"},
      {"DescribeImages", in("app", {{"imageIds", {Json::object()}}}), "InvalidParameterException"},
      {"ListImages", in("app", {{"nextToken", "no token"}}), "InvalidParameterException"},
      {"ListImageReferrers", in("app", {{"subjectId", {{"imageDigest", "no digest"}}}}),
       "InvalidParameterException"},
  };
}

std::vector<Case> EcrErrors::layers() {
  const std::string id = begin_upload("abc");
  const std::string shorts = begin_upload("abc");
  call("UploadLayerPart", part(shorts, 3, "def"));
  const std::string none = "12345678-1234-1234-1234-123456789012";
  const std::string full = begin_upload("");
  {
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    for (int i = 0; i < 4200; ++i) {
      storage::add_upload_part(txn, full, false, clock.now());
    }
    txn.commit();
  }
  return {
      {"UploadLayerPart", part(full, 0, "abc"), "LimitExceededException"},
      {"UploadLayerPart", part(none, 0, "abc"), "UploadNotFoundException"},
      {"UploadLayerPart", part(id, 7, "abc"), "InvalidLayerPartException"},
      {"CompleteLayerUpload", completion(none, "abc"), "UploadNotFoundException"},
      {"CompleteLayerUpload", completion(begin_upload(""), "abc"), "EmptyUploadException"},
      {"CompleteLayerUpload", completion(shorts, "abcdef"), "LayerPartTooSmallException",
       "All layer parts except the last part should be at least 5MB"},
      {"CompleteLayerUpload", completion(id, "abd"), "InvalidLayerException"},
      {"CompleteLayerUpload", completion(begin_upload("one"), "one"),
       "LayerAlreadyExistsException"},
      {"GetDownloadUrlForLayer", in("app", {{"layerDigest", model::Digest::of("none").text()}}),
       "LayersNotFoundException"},
  };
}

std::vector<Case> EcrErrors::registries() {
  const Json nothing = Json::object();
  const Json role = {{"principalArn", "arn:aws:iam::000000000000:role/r"}};
  call("RegisterPullTimeUpdateExclusion", role);
  const std::string no_policy =
      "Registry policy does not exist in the registry with id '000000000000'";
  return {
      {"GetRegistryPolicy", nothing, "RegistryPolicyNotFoundException", no_policy},
      {"DeleteRegistryPolicy", nothing, "RegistryPolicyNotFoundException", no_policy},
      {"PutRegistryPolicy",
       {{"policyText", "{}"}},
       "InvalidParameterException",
       "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid registry policy "
       "provided'"},
      {"PutAccountSetting",
       {{"name", "BLOB_MOUNTING"}, {"value", "V1"}},
       "InvalidParameterException"},
      {"GetAccountSetting", {{"name", "NONE"}}, "InvalidParameterException"},
      {"RegisterPullTimeUpdateExclusion", role, "ExclusionAlreadyExistsException"},
      {"DeregisterPullTimeUpdateExclusion",
       {{"principalArn", "arn:aws:iam::000000000000:role/none"}},
       "ExclusionNotFoundException"},
      {"ListPullTimeUpdateExclusions", {{"nextToken", "no token"}}, "InvalidParameterException"},
  };
}

std::vector<Case> EcrErrors::behaviours() {
  const auto image = [](const char* tag, Json more = Json::object()) {
    more["imageId"] = {{"imageTag", tag}};
    return in("app", std::move(more));
  };
  const std::string absent =
      "The image with imageId {imageDigest:'null', imageTag:'none'} does not exist within the "
      "repository with name 'app' in the registry with id '000000000000'";
  push_image("app", "scanned", "scanned");
  push_image("app", "archived", "archived");
  call("StartImageScan", image("scanned"));
  call("UpdateImageStorageClass", image("archived", {{"targetStorageClass", "ARCHIVE"}}));
  Json chart = Json::parse(manifest);
  chart["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json";
  call("PutImage", in("app", {{"imageManifest", chart.dump()}, {"imageTag", "chart"}}));
  push_image("app", "restored", "restored");
  call("UpdateImageStorageClass", image("restored", {{"targetStorageClass", "ARCHIVE"}}));
  call("UpdateImageStorageClass", image("restored", {{"targetStorageClass", "STANDARD"}}));
  const Json made = {{"prefix", "team"}, {"appliedFor", {"REPLICATION"}}};
  call("CreateRepositoryCreationTemplate", made);
  const Json to_archive = {{"targetStorageClass", "ARCHIVE"}};
  return {
      {"StartImageScan", image("none"), "ImageNotFoundException", absent},
      {"StartImageScan", image("chart"), "UnsupportedImageTypeException",
       "The operating system and/or package manager are not supported"},
      {"StartImageScan", image("scanned"), "LimitExceededException",
       "The scan quota per image has been exceeded. Wait and try again."},
      {"StartImageScan", image("archived"), "ImageArchivedException"},
      {"DescribeImageScanFindings", image("none"), "ImageNotFoundException", absent},
      {"DescribeImageScanFindings", image("1"), "ScanNotFoundException"},
      {"DescribeImageSigningStatus", image("none"), "ImageNotFoundException", absent},
      {"UpdateImageStorageClass", image("none", to_archive), "ImageNotFoundException", absent},
      {"UpdateImageStorageClass", image("restored", to_archive),
       "ImageStorageClassUpdateNotSupportedException"},
      {"CreateRepositoryCreationTemplate", made, "TemplateAlreadyExistsException"},
      {"UpdateRepositoryCreationTemplate", {{"prefix", "none"}}, "TemplateNotFoundException"},
      {"DeleteRepositoryCreationTemplate", {{"prefix", "none"}}, "TemplateNotFoundException"},
      {"GetSigningConfiguration", Json::object(), "SigningConfigurationNotFoundException"},
      {"DeleteSigningConfiguration", Json::object(), "SigningConfigurationNotFoundException"},
      {"PutRegistryScanningConfiguration",
       Json::parse(R"({"rules": [{"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": []}]})"),
       "InvalidParameterException"},
      {"DescribeRepositoryCreationTemplates",
       {{"nextToken", "no token"}},
       "InvalidParameterException"},
  };
}

std::vector<Case> EcrErrors::pull_through() {
  const auto with = [](const char* prefix, const char* secret) {
    return Json{
        {"ecrRepositoryPrefix", prefix},
        {"upstreamRegistryUrl", "ghcr.io"},
        {"credentialArn", std::string("arn:aws:secretsmanager:us-east-1:000000000000:secret:"
                                      "ecr-pullthroughcache/") +
                              secret}};
  };
  const auto changed = [&](const char* prefix, const char* secret) {
    Json input = with(prefix, secret);
    input.erase("upstreamRegistryUrl");
    return input;
  };
  call("CreatePullThroughCacheRule", with("made", "hub"));
  for (int i = 1; i < 50; ++i) {
    call("CreatePullThroughCacheRule",
         {{"ecrRepositoryPrefix", base::format("p{}", i)}, {"upstreamRegistryUrl", "quay.io"}});
  }
  const Json none = {{"ecrRepositoryPrefix", "none"}};
  return {
      {"CreatePullThroughCacheRule", with("made", "hub"),
       "PullThroughCacheRuleAlreadyExistsException"},
      {"CreatePullThroughCacheRule",
       {{"ecrRepositoryPrefix", "new"}, {"upstreamRegistryUrl", "registry.example.org"}},
       "UnsupportedUpstreamRegistryException"},
      {"CreatePullThroughCacheRule", with("new", "none"), "SecretNotFoundException"},
      {"CreatePullThroughCacheRule", with("new", "locked"), "UnableToAccessSecretException"},
      {"CreatePullThroughCacheRule", with("new", "empty"), "UnableToDecryptSecretValueException"},
      {"CreatePullThroughCacheRule", with("new", "hub"), "LimitExceededException"},
      {"UpdatePullThroughCacheRule", none, "PullThroughCacheRuleNotFoundException"},
      {"UpdatePullThroughCacheRule", changed("made", "none"), "SecretNotFoundException"},
      {"UpdatePullThroughCacheRule", changed("made", "locked"), "UnableToAccessSecretException"},
      {"UpdatePullThroughCacheRule", changed("made", "empty"),
       "UnableToDecryptSecretValueException"},
      {"DeletePullThroughCacheRule", none, "PullThroughCacheRuleNotFoundException"},
      {"ValidatePullThroughCacheRule", none, "PullThroughCacheRuleNotFoundException"},
      {"DescribePullThroughCacheRules",
       {{"ecrRepositoryPrefixes", {"none"}}},
       "PullThroughCacheRuleNotFoundException"},
  };
}

// Ten that run, one of which is about to stop.
std::vector<Case> EcrErrors::backfills() {
  const auto to = [](int number) {
    return Json{{"region", base::format("eu-west-{}", number)}, {"registryId", "000000000000"}};
  };
  Json destinations = Json::array();
  for (int i = 1; i <= 11; ++i) destinations.push_back(to(i));
  call("PutReplicationConfiguration",
       {{"replicationConfiguration", {{"rules", {{{"destinations", destinations}}}}}}});
  Json stopped;
  for (int i = 1; i <= 10; ++i) {
    stopped = {{"replicationBackfillId", call("StartReplicationBackfill",
                                              {{"destination", to(i)}})["replicationBackfillId"]}};
  }
  call("StopReplicationBackfill", stopped);
  const Json none = {{"replicationBackfillId", "none"}};
  return {
      {"StartReplicationBackfill", {{"destination", to(12)}}, "InvalidParameterException"},
      {"StartReplicationBackfill",
       {{"destination", to(1)}},
       "ReplicationBackfillInProgressException"},
      {"StartReplicationBackfill", {{"destination", to(11)}}, "LimitExceededException"},
      {"StopReplicationBackfill", none, "ReplicationBackfillNotFoundException"},
      {"StopReplicationBackfill", stopped, "ReplicationBackfillInvalidStatusException"},
      {"DescribeReplicationBackfillResults", none, "ReplicationBackfillNotFoundException"},
  };
}

// Operations without a case above.
const Names kElsewhere = {
    // no state, and no input but what the model checks (ecr_constraints_test.cpp)
    "GetAuthorizationToken", "DescribeRegistry", "GetRegistryScanningConfiguration",
    "BatchGetRepositoryScanningConfiguration", "PutSigningConfiguration",
    // the tests of replication
    "PutReplicationConfiguration", "DescribeImageReplicationStatus",
    // the tests of lifecycle policies
    "PutLifecyclePolicy", "GetLifecyclePolicy", "DeleteLifecyclePolicy",
    "StartLifecyclePolicyPreview", "GetLifecyclePolicyPreview",
    // paged, without an error of its own: the tests of paging
    "ListReplicationBackfills"};

TEST_F(EcrErrors, EachThatAnOperationMayReturnIsReturned) {
  check(missing_repository());
  check(repositories());
  check(images());
  check(layers());
  check(registries());
  check(behaviours());
  check(pull_through());
  check(backfills());
  // The thousand-and-first tag of an image.
  for (int i = 1; i < 1000; ++i) {
    call("PutImage",
         in("app", {{"imageManifest", manifest}, {"imageTag", base::format("t{}", i)}}));
  }
  check({{"PutImage", in("app", {{"imageManifest", manifest}, {"imageTag", "last"}}),
          "LimitExceededException"}});
  // A hundred exclusions, some of which may be there already.
  const auto exclusion = [](int i) {
    return Json{{"principalArn", base::format("arn:aws:iam::000000000000:role/{}", i)}};
  };
  for (int i = 0; i < 100; ++i) send("RegisterPullTimeUpdateExclusion", exclusion(i));
  check({{"RegisterPullTimeUpdateExclusion", exclusion(100), "LimitExceededException"}});
  for (const auto& [operation, types] : seen_) {
    const auto* model = model::ServiceModel::ecr().find(operation);
    const Names declared(model->errors.begin(), model->errors.end());
    for (const std::string& type : types) {
      EXPECT_TRUE(declared.count(type)) << operation << " has no " << type;
    }
    const auto unlimited = kNotLimited.find(operation);
    for (const std::string& type : declared) {
      const bool excused =
          kNever.count(type) || (unlimited != kNotLimited.end() && unlimited->second.count(type));
      // ecr_constraints_test.cpp provokes it for every constraint of the model.
      if (excused || type == "InvalidParameterException") continue;
      EXPECT_TRUE(types.count(type)) << operation << " was not made to answer " << type;
    }
  }
  for (const ServiceApi& api : control.apis()) {
    if (api.signing_name != "ecr") continue;
    for (const Operation* operation : api.operations) {
      const std::string name(operation->name);
      EXPECT_TRUE(seen_.count(name) || kElsewhere.count(name)) << name << " has no case";
    }
  }
}

}  // namespace
}  // namespace ecr::api::test
