// A subject with 100,000 referrers: every one is listed once, in pages of bounded size. That a page
// begins where the last one ended without reading what lies before is tests/storage/
// query_plan_test.cpp's.

#include "schemas/base/text.h"
#include "schemas/model/digest.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"
#include "tests/api/fixture.h"
#include "tests/schemas/model/names.h"

namespace ecr::api::test {
namespace {

constexpr int kReferrers = 100'000;
constexpr const char* kOciManifestType = "application/vnd.oci.image.manifest.v1+json";

class RegistryFanoutTest : public ApiTest {
 protected:
  RegistryFanoutTest() {
    call("CreateRepository", {{"repositoryName", "app"}});
    // Not by as many requests: those are pushes, which others test.
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    const auto repository = storage::find_repository(txn, {settings.account, settings.region},
                                                     model::test::name_of("app"));
    for (int i = 0; i < kReferrers; ++i) {
      const std::string manifest = base::format(
          R"({{"schemaVersion":2,"mediaType":"{}","artifactType":"example/{}","layers":[],)"
          R"("subject":{{"mediaType":"{}","digest":"{}","size":7}},"annotations":{{"n":"{}"}}}})",
          kOciManifestType, i % 10 == 0 ? "a" : "b", kOciManifestType, subject_, i);
      storage::Image image(model::Digest::of(manifest));
      image.media_type = kOciManifestType;
      image.artifact_media_type = i % 10 == 0 ? "example/a" : "example/b";
      image.subject = model::Digest::parse(subject_);
      storage::insert_image(txn, repository->id, image, manifest);
    }
    txn.commit();
  }

  // How many there are over all pages; each digest has to be above the one before.
  int count(const std::string& query) {
    int found = 0;
    std::string last;
    for (std::string next = "/v2/app/referrers/" + subject_ + query; !next.empty();) {
      const auto response = registry("GET", next);
      const std::string body = body_of(response);
      EXPECT_EQ(response.status, 200) << body;
      EXPECT_LE(body.size(), 4u << 20);
      const int before = found;
      constexpr std::string_view kDigest = "\"digest\":\"";
      for (std::size_t at = 0; (at = body.find(kDigest, at)) != body.npos; ++found) {
        at += kDigest.size();
        const std::string digest = body.substr(at, body.find('"', at) - at);
        EXPECT_LT(last, digest);
        last = digest;
      }
      if (found == before || HasFailure()) break;
      const std::string link = header_of(response, "Link");
      next = link.empty() ? "" : link.substr(1, link.find('>') - 1);
    }
    return found;
  }

  const std::string subject_ = model::Digest::of("subject").text();
};

TEST_F(RegistryFanoutTest, EveryReferrerIsListedOnce) {
  EXPECT_EQ(count(""), kReferrers);
  EXPECT_EQ(count("?artifactType=example%2Fa"), kReferrers / 10);
}

}  // namespace
}  // namespace ecr::api::test
