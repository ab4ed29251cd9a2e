// Manifests as they come in: their media types and their limits.
#include "api/images/manifest.h"

#include "api/core/wire/error.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

constexpr const char* kOciIndexType = "application/vnd.oci.image.index.v1+json";

TEST(ManifestMediaType, IsANameBelowApplication) {
  const std::string longest = "application/" + std::string(kMaxMediaTypeCharacters - 12, 'x');
  for (const std::string& good : {std::string("application/json"), std::string(kOciIndexType),
                                  std::string("application/vnd.a-b_c.d!#$&^+json"), longest}) {
    EXPECT_TRUE(is_manifest_media_type(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("text/html"), std::string("application/"), longest + "x",
        std::string("Application/json"), std::string("application/.json"),
        std::string("application/a/b"), std::string("application/a b"),
        std::string("application/a;b"), std::string("application/json\r\nX: y"),
        std::string("application/\xC3\xA4"), std::string("xapplication/json")}) {
    EXPECT_FALSE(is_manifest_media_type(bad)) << bad;
  }
}

// Why the manifest is refused; empty: it is not.
std::string refusal_of(const std::string& text, const std::string& type = "") {
  try {
    parse_manifest(text, type);
  } catch (const ApiError& error) {
    return error.message();
  }
  return "";
}

TEST(ManifestLimits, AreNamed) {
  const std::string descriptor =
      base::format(R"({{"digest":"{}","size":1}})", model::Digest::of("x").text());
  const auto index = [&](std::size_t entries) {
    std::string text = R"({"schemaVersion":2,"manifests":[)";
    for (std::size_t i = 0; i < entries; ++i) text += (i == 0 ? "" : ",") + descriptor;
    return text + "]}";
  };
  EXPECT_EQ(refusal_of(index(kMaxManifestEntries)), "");
  EXPECT_EQ(refusal_of(index(kMaxManifestEntries + 1)),
            "Invalid image manifest: manifests has more than 10000 entries");
  std::string values = R"({"x":[1)";
  for (std::size_t i = 0; i < kMaxManifestValues; ++i) values += ",1";
  EXPECT_EQ(refusal_of(values + "]}", kOciIndexType),
            "Invalid image manifest: the document has too many values");
}

TEST(ManifestFaults, AreTheMembersThatItsTypeAsksFor) {
  const std::string descriptor =
      base::format(R"({{"digest":"{}","size":1}})", model::Digest::of("x").text());
  const std::string image = R"("config":)" + descriptor;
  const auto fault = [](const std::string& inside, const std::string& type) {
    return parse_manifest("{" + inside + "}", type).fault;
  };
  for (const char* type : {"application/vnd.oci.image.manifest.v1+json",
                           "application/vnd.docker.distribution.manifest.v2+json"}) {
    EXPECT_EQ(fault(R"("schemaVersion":2,"layers":[],)" + image, type), "");
    EXPECT_EQ(fault(R"("schemaVersion":2,)" + image, type), "layers is missing");
    EXPECT_EQ(fault(R"("schemaVersion":2,"layers":null,)" + image, type), "layers is missing");
    EXPECT_EQ(fault(R"("layers":[],)" + image, type), "schemaVersion must be 2");
    EXPECT_EQ(fault(R"("schemaVersion":"2","layers":[],)" + image, type),
              "schemaVersion must be 2");
  }
  for (const char* type :
       {kOciIndexType, "application/vnd.docker.distribution.manifest.list.v2+json"}) {
    EXPECT_EQ(fault(R"("schemaVersion":2,"manifests":[])", type), "");
    EXPECT_EQ(fault(R"("schemaVersion":2)", type), "manifests is missing");
    EXPECT_EQ(fault(R"("manifests":[])", type), "schemaVersion must be 2");
    EXPECT_EQ(fault(R"("schemaVersion":2,"manifests":[],)" + image, type),
              "an index has neither config nor layers");
  }
  EXPECT_EQ(fault(R"("schemaVersion":2,"manifests":[])", ""),
            "neither mediaType nor its Content-Type says what it is");
  EXPECT_EQ(fault(R"("x":1)", "application/vnd.example"), "");
}

class ManifestDoors : public ApiTest {
 protected:
  ManifestDoors() { call("CreateRepository", {{"repositoryName", "app"}}); }

  inline static const std::pair<std::string, std::string> kRefused{
      "InvalidParameterException",
      "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"};
};

// ECR API Reference, "PutImage": "If you push an image manifest that does not contain the mediaType
// field, you must specify the imageManifestMediaType in the request."
TEST_F(ManifestDoors, PutImageNeedsTheTypeOfTheManifest) {
  Json image = Json::parse(push_image("app", "1", "content"));
  image.erase("mediaType");
  const Json index = {{"schemaVersion", 2}, {"manifests", Json::array()}};
  for (const auto& [manifest, type] :
       {std::pair(image, "application/vnd.oci.image.manifest.v1+json"),
        std::pair(index, kOciIndexType)}) {
    Json input = {{"repositoryName", "app"}, {"imageManifest", manifest.dump()}, {"imageTag", "x"}};
    EXPECT_EQ(fail("PutImage", input), kRefused);
    input["imageManifestMediaType"] = type;
    EXPECT_EQ(call("PutImage", input)["image"]["imageManifestMediaType"], type);
  }
}

TEST_F(ManifestDoors, ATypeThatABrowserWouldRunIsRefused) {
  const std::string page = R"({"mediaType":"text/html","x":"<script>"})";
  const std::string plain = R"({"schemaVersion":2,"x":"<script>"})";
  EXPECT_EQ(
      fail("PutImage", {{"repositoryName", "app"}, {"imageManifest", page}, {"imageTag", "x"}}),
      kRefused);
  EXPECT_EQ(fail("PutImage", {{"repositoryName", "app"},
                              {"imageManifest", plain},
                              {"imageManifestMediaType", "text/html"}}),
            kRefused);
  for (const auto& [body, sent] : {std::pair(page, "text/html"), std::pair(plain, "text/html"),
                                   std::pair(page, ""), std::pair(plain, "image/svg+xml")}) {
    const auto response = registry("PUT", "/v2/app/manifests/x", body, {{"Content-Type", sent}});
    EXPECT_EQ(response.status, 400) << body << sent;
    EXPECT_NE(body_of(response).find("MANIFEST_INVALID"), std::string::npos);
  }
  EXPECT_TRUE(call("ListImages", {{"repositoryName", "app"}})["imageIds"].empty());
}

}  // namespace
}  // namespace ecr::api::test
