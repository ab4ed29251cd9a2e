// Walks through every listing of the ECR API, in pages of several sizes, while things come and go.
#include <functional>
#include <set>

#include "api/core/access/operation.h"
#include "api/pull_through/rules.h"
#include "schemas/base/text.h"
#include "storage/rows/image_processing.h"
#include "storage/rows/images.h"
#include "storage/rows/lifecycle.h"
#include "storage/rows/registry_settings.h"
#include "storage/rows/replication_backfills.h"
#include "storage/rows/repositories.h"
#include "tests/api/fixture.h"
#include "tests/schemas/model/names.h"

namespace ecr::api::test {
namespace {

using storage::sql::Access;
using storage::sql::Txn;
using Items = std::set<std::string>;

constexpr int kItems = 2500;
constexpr const char* kAccount = "000000000000";
constexpr const char* kRegion = "us-east-1";

// A listing: how it is asked for, what names an item, and how items come and go.
struct Listing {
  std::string operation;
  Json input;
  std::string member;
  std::function<std::string(const Json&)> key;
  // The item of that number, as `key` gives it; `there` false: it goes.
  std::function<std::string(Txn&, int number, bool there)> put;
  int most = 1000;
  std::string parent = {};  // of the member; empty: the output itself
};

model::Digest digest_of(int number) { return model::Digest::of(base::format("item {}", number)); }

class EcrPaging : public ApiTest {
 protected:
  EcrPaging() {
    Txn txn = store->database().begin(Access::kWrite);
    repository_ = add_repository(txn, model::test::name_of("app"));
    txn.commit();
  }

  static std::int64_t add_repository(Txn& txn, const model::RepositoryName& name) {
    return *storage::insert_repository(txn, {{kAccount, kRegion}, name});
  }

  void put_image(Txn& txn, int number, bool there, bool tagged,
                 const std::optional<model::Digest>& subject = {}) {
    if (!there) return storage::delete_image(txn, repository_, digest_of(number), clock.now());
    storage::Image image(digest_of(number));
    image.media_type = "application/vnd.oci.image.manifest.v1+json";
    image.subject = subject;
    storage::insert_image(txn, repository_, image, "{}");
    if (!tagged) return;
    for (const char* tag : {"a", "b"}) {
      storage::put_tag(txn, repository_, base::format("{}{}", tag, number), image.digest);
    }
  }

  Listing repositories() {
    return {"DescribeRepositories", Json::object(), "repositories",
            [](const Json& item) { return item["repositoryName"].get<std::string>(); },
            [](Txn& txn, int number, bool there) {
              const auto name = model::test::name_of(base::format("r{}", number * 7919 % 10007));
              if (there) {
                add_repository(txn, name);
              } else {
                storage::delete_repository(
                    txn, storage::find_repository(txn, {kAccount, kRegion}, name)->id);
              }
              return name.text();
            }};
  }
  Listing images(const char* status) {
    const bool tagged = status != std::string("UNTAGGED");
    return {"DescribeImages",
            {{"repositoryName", "app"}, {"filter", {{"tagStatus", status}}}},
            "imageDetails",
            [](const Json& item) { return item["imageDigest"].get<std::string>(); },
            [this, tagged](Txn& txn, int number, bool there) {
              put_image(txn, number, there, tagged);
              return digest_of(number).text();
            }};
  }
  Listing image_ids() {
    return {"ListImages",
            {{"repositoryName", "app"}},
            "imageIds",
            [](const Json& item) { return item["imageTag"].get<std::string>(); },
            [this](Txn& txn, int number, bool there) {
              const std::string tag = base::format("b{}", number);
              put_image(txn, number, there, false);
              if (there) storage::put_tag(txn, repository_, tag, digest_of(number));
              return tag;
            }};
  }
  Listing exclusions() {
    return {"ListPullTimeUpdateExclusions", Json::object(), "pullTimeUpdateExclusions",
            [](const Json& item) { return item.get<std::string>(); },
            [this](Txn& txn, int number, bool there) {
              const std::string arn = base::format("arn:aws:iam::{}:user/u{}", kAccount, number);
              if (there) {
                storage::add_pull_exclusion(txn, {kAccount, kRegion}, arn, clock.now());
              } else {
                storage::remove_pull_exclusion(txn, {kAccount, kRegion}, arn);
              }
              return arn;
            }};
  }

  Listing referrers() {
    const auto subject = model::Digest::of("subject");
    return {"ListImageReferrers",
            {{"repositoryName", "app"}, {"subjectId", {{"imageDigest", subject.text()}}}},
            "referrers",
            [](const Json& item) { return item["digest"].get<std::string>(); },
            [this, subject](Txn& txn, int number, bool there) {
              put_image(txn, number, there, false, subject);
              return digest_of(number).text();
            },
            50};
  }

  Listing templates() {
    return {"DescribeRepositoryCreationTemplates", Json::object(), "repositoryCreationTemplates",
            [](const Json& item) { return item["prefix"].get<std::string>(); },
            [](Txn& txn, int number, bool there) {
              const std::string prefix = base::format("t{}", number * 7919 % 10007);
              if (there) {
                const Json body = {{"prefix", prefix}, {"appliedFor", {"REPLICATION"}}};
                storage::insert_creation_template(txn, {kAccount, kRegion}, {prefix, body.dump()});
              } else {
                storage::delete_creation_template(txn, {kAccount, kRegion}, prefix);
              }
              return prefix;
            }};
  }

  Listing rules() {
    return {
        "DescribePullThroughCacheRules", Json::object(), "pullThroughCacheRules",
        [](const Json& item) { return item["ecrRepositoryPrefix"].get<std::string>(); },
        [](Txn& txn, int number, bool there) {
          const std::string prefix = base::format("r{}", number * 7919 % 10007);
          if (there) {
            const std::string body = pull_through::write_rule({prefix, "quay.io", "quay", "", ""});
            storage::insert_pull_through_rule(txn, {kAccount, kRegion}, {prefix, body});
          } else {
            storage::delete_pull_through_rule(txn, {kAccount, kRegion}, prefix);
          }
          return prefix;
        }};
  }

  Listing backfills() {
    return {"ListReplicationBackfills",
            Json::object(),
            "backfills",
            [](const Json& item) { return item["replicationBackfillId"].get<std::string>(); },
            [this](Txn& txn, int number, bool there) {
              const std::string id = base::format("b{}", number);
              if (there) {
                storage::insert_replication_backfill(txn, {.id = id,
                                                           .source = {kAccount, kRegion},
                                                           .destination = {kAccount, "eu-west-1"},
                                                           .started_at = clock.now()});
              } else {
                storage::delete_replication_backfill(
                    txn, storage::find_replication_backfill(txn, id)->number);
              }
              return id;
            },
            50};
  }

  void fill(const Listing& listing, Items& items) {
    Txn txn = store->database().begin(Access::kWrite);
    for (int i = 0; i < kItems; ++i) items.insert(listing.put(txn, i, true));
    txn.commit();
  }

  // The whole, page by page; `between` runs after each page. No item may come twice.
  Items walk(const Listing& listing, int size, const std::function<void()>& between) {
    Items seen;
    Json input = listing.input;
    input["maxResults"] = size;
    for (;;) {
      const Json page = call(listing.operation, input);
      const Json& whole = listing.parent.empty() ? page : page[listing.parent];
      EXPECT_LE(whole[listing.member].size(), static_cast<std::size_t>(size));
      for (const Json& item : whole[listing.member]) {
        EXPECT_TRUE(seen.insert(listing.key(item)).second) << "twice: " << item;
      }
      if (!page.contains("nextToken")) return seen;
      input["nextToken"] = page["nextToken"];
      between();
    }
  }

  // An element that is there all the time is seen once, whatever else comes and goes.
  void check_walks(const Listing& listing) {
    Items items;
    fill(listing, items);
    Items first = walk(listing, listing.most, [] {});
    first.erase("app");
    EXPECT_EQ(first, items) << listing.operation;
    int number = kItems;
    for (const int size : {1, 7, listing.most}) {
      Items transient;
      const auto disturb = [&] {
        if (number % 5 != 0 && size == 1) return void(++number);
        Txn txn = store->database().begin(Access::kWrite);
        transient.insert(listing.put(txn, number, true));
        if (number % 2 == 0) listing.put(txn, number, false);
        ++number;
        txn.commit();
      };
      const Items seen = walk(listing, size, disturb);
      for (const std::string& item : items) {
        EXPECT_TRUE(seen.count(item)) << listing.operation << size << item;
      }
      for (const std::string& item : seen) {
        EXPECT_TRUE(item == "app" || items.count(item) || transient.count(item)) << item;
      }
      // The new elements are seen by the next walk.
      items = walk(listing, listing.most, [] {});
    }
    check_tokens(listing);
  }

  void check_tokens(const Listing& listing) {
    Json input = listing.input;
    input["maxResults"] = 1;
    const std::string token = call(listing.operation, input)["nextToken"].get<std::string>();
    std::string damaged = token;
    damaged[3] = damaged[3] == 'A' ? 'B' : 'A';
    for (const std::string& forged :
         {std::string("x"), damaged, token + "AAAA", token.substr(1), std::string(9000, 'A')}) {
      input["nextToken"] = forged;
      EXPECT_EQ(fail(listing.operation, input).first, "InvalidParameterException") << forged;
    }
    input["nextToken"] = token;
    tokens_.emplace_back(listing.operation, input);
  }

  // In the listing whose token it is, but as another registry.
  void check_elsewhere(const std::string& operation, const Json& input) {
    if (input.contains("repositoryName")) return;  // there is no such repository
    region = "eu-west-1";
    EXPECT_EQ(fail(operation, input).first, "InvalidParameterException");
    region = kRegion;
    keys = {"111122223333", "test"};
    EXPECT_EQ(fail(operation, input).first, "InvalidParameterException");
    keys = {"test", "test"};
  }

  std::int64_t repository_ = 0;
  std::vector<std::pair<std::string, Json>> tokens_;
};

TEST_F(EcrPaging, DescribeRepositories) { check_walks(repositories()); }
TEST_F(EcrPaging, DescribeImages) { check_walks(images("ANY")); }
TEST_F(EcrPaging, DescribeImagesTagged) { check_walks(images("TAGGED")); }
TEST_F(EcrPaging, DescribeImagesUntagged) { check_walks(images("UNTAGGED")); }
TEST_F(EcrPaging, ListImages) { check_walks(image_ids()); }
TEST_F(EcrPaging, ListPullTimeUpdateExclusions) { check_walks(exclusions()); }

TEST_F(EcrPaging, DescribeRepositoryCreationTemplates) { check_walks(templates()); }

TEST_F(EcrPaging, DescribePullThroughCacheRules) { check_walks(rules()); }

TEST_F(EcrPaging, ListReplicationBackfills) { check_walks(backfills()); }

TEST_F(EcrPaging, ListImageReferrers) { check_walks(referrers()); }

// The results of a preview are what they were when it was made: nothing comes and goes.
TEST_F(EcrPaging, GetLifecyclePolicyPreview) {
  const Listing preview{"GetLifecyclePolicyPreview",
                        {{"repositoryName", "app"}},
                        "previewResults",
                        [](const Json& item) { return item["imageDigest"].get<std::string>(); },
                        [this](Txn& txn, int number, bool) {
                          storage::LifecyclePreviewResult result{.digest = digest_of(number)};
                          result.position = number + 1;
                          result.rule_priority = 1;
                          storage::add_lifecycle_preview_result(txn, repository_, result);
                          return result.digest.text();
                        },
                        100};
  {
    Txn txn = store->database().begin(Access::kWrite);
    storage::start_lifecycle_preview(txn, repository_, R"({"rules":[]})");
    storage::finish_lifecycle_preview(
        txn, repository_, {R"({"rules":[]})", storage::WorkStatus::kComplete, kItems, 0});
    txn.commit();
  }
  Items items;
  fill(preview, items);
  for (const int size : {1, 7, 100}) EXPECT_EQ(walk(preview, size, [] {}), items) << size;
  check_tokens(preview);
}

// Nor do the results of a backfill that has ended. A filter is a listing of its own.
TEST_F(EcrPaging, DescribeReplicationBackfillResults) {
  std::int64_t backfill = 0;
  {
    Txn txn = store->database().begin(Access::kWrite);
    backfills().put(txn, 1, true);
    auto row = *storage::find_replication_backfill(txn, "b1");
    backfill = row.number;
    row.status = storage::BackfillStatus::kComplete;
    row.ended_at = clock.now();
    storage::update_replication_backfill(txn, row);
    txn.commit();
  }
  Listing results{
      "DescribeReplicationBackfillResults",
      {{"replicationBackfillId", "b1"}},
      "results",
      [](const Json& item) { return item["imageId"]["imageDigest"].get<std::string>(); },
      [backfill](Txn& txn, int number, bool) {
        storage::ReplicationBackfillResult result{.repository = model::test::name_of("app"),
                                                  .digest = digest_of(number)};
        result.position = number + 1;
        result.status = number % 3 == 0 ? storage::BackfillResultStatus::kFailed
                                        : storage::BackfillResultStatus::kComplete;
        storage::insert_replication_backfill_result(txn, backfill, result);
        return result.digest.text();
      }};
  Items items;
  fill(results, items);
  for (const int size : {1, 7, 1000}) EXPECT_EQ(walk(results, size, [] {}), items) << size;
  check_tokens(results);
  Json input = tokens_.back().second;
  results.input["resultStatusFilter"] = input["resultStatusFilter"] = "FAILED";
  EXPECT_EQ(fail(results.operation, input).first, "InvalidParameterException");
  for (const int size : {7, 1000}) {
    EXPECT_EQ(walk(results, size, [] {}).size(), static_cast<std::size_t>((kItems + 2) / 3))
        << size;
  }
}

// Nor do findings: a scan replaces those of the one before.
TEST_F(EcrPaging, DescribeImageScanFindings) {
  const model::Digest digest = digest_of(0);
  const Listing findings{
      "DescribeImageScanFindings",
      {{"repositoryName", "app"}, {"imageId", {{"imageDigest", digest.text()}}}},
      "findings",
      [](const Json& item) { return item["name"].get<std::string>(); },
      [this, digest](Txn& txn, int number, bool) {
        const std::string name = base::format("CVE-{}", number);
        const Json finding = {{"name", name}, {"severity", "LOW"}};
        storage::add_scan_finding(txn, repository_, digest, {number + 1, finding.dump()});
        return name;
      },
      1000,
      "imageScanFindings"};
  {
    Txn txn = store->database().begin(Access::kWrite);
    put_image(txn, 0, true, false);
    storage::ImageScan scan{storage::ScanType::kBasic, storage::ScanStatus::kComplete};
    scan.completed_at = clock.now();
    storage::put_scan(txn, repository_, digest, scan);
    txn.commit();
  }
  Items items;
  fill(findings, items);
  for (const int size : {1, 7, 1000}) EXPECT_EQ(walk(findings, size, [] {}), items) << size;
  check_tokens(findings);
}

TEST_F(EcrPaging, ATokenIsOfItsListingAlone) {
  const std::vector<Listing> listings = {repositories(), images("ANY"), exclusions()};
  {
    Txn txn = store->database().begin(Access::kWrite);
    for (int i = 0; i < 3; ++i) {
      for (const Listing& listing : listings) listing.put(txn, i, true);
    }
    txn.commit();
  }
  for (const Listing& listing : listings) check_tokens(listing);
  for (const auto& [operation, input] : tokens_) {
    check_elsewhere(operation, input);
    for (const Listing& other : {repositories(), images("ANY"), image_ids(), exclusions()}) {
      if (other.operation == operation) continue;
      Json foreign = other.input;
      foreign["nextToken"] = input["nextToken"];
      EXPECT_EQ(fail(other.operation, foreign).first, "InvalidParameterException");
    }
  }
  // Another filter is another listing, and so is another repository.
  Json input = tokens_[1].second;
  input["filter"]["tagStatus"] = "TAGGED";
  EXPECT_EQ(fail("DescribeImages", input).first, "InvalidParameterException");
}

// Whatever has a nextToken is walked above.
TEST_F(EcrPaging, EveryListingIsWalked) {
  const Items walked = {"DescribeRepositories",
                        "DescribeImages",
                        "ListImages",
                        "ListPullTimeUpdateExclusions",
                        "ListImageReferrers",
                        "GetLifecyclePolicyPreview",
                        "DescribeImageScanFindings",
                        "DescribePullThroughCacheRules",
                        "DescribeRepositoryCreationTemplates",
                        "ListReplicationBackfills",
                        "DescribeReplicationBackfillResults"};
  for (const ServiceApi& api : control.apis()) {
    if (api.signing_name != "ecr") continue;
    for (const Operation* operation : api.operations) {
      const auto* model = api.model().find(operation->name);
      if (model->input->find("nextToken") == nullptr) continue;
      EXPECT_TRUE(walked.count(std::string(operation->name))) << operation->name;
    }
  }
}

}  // namespace
}  // namespace ecr::api::test
