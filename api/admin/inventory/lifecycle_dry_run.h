// POST /_ecr-local/lifecycle/dry-run: what a lifecycle policy would do to a list of images, or to
// those of a repository. Nothing is stored. Thread-safe; blocking.
#pragma once

#include "api/admin/body_node.h"
#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "api/images/lifecycle/evaluate.h"
#include "schemas/base/json.h"

namespace ecr::api::admin::inventory {

inline constexpr std::size_t kMostDryRunImages = 10'000;

// {"rule": priority or null, "action": "EXPIRE", "TRANSITION" or "NONE", "referenced": an index
// keeps it, "followsSubject", "at": when the rule's time is over, which may be past; null: the rule
// counts images}
base::OrderedJson lifecycle_verdict_json(const lifecycle::Policy& policy,
                                         const lifecycle::Image& image,
                                         const lifecycle::Verdict& verdict);

// The list `member` of imageDetails, as DescribeImages and the AWS CLI have them. Which indexes
// name an image is not in it. Throws ParameterError.
std::vector<lifecycle::Image> described_images(const BodyNode& node, std::string_view member,
                                               std::size_t most);

// {"now", "policy", "images": [{"digest", "tags", "pushedAt", and those of lifecycle_verdict_json}]
// without those about which there is nothing to say, "rules", "expiring", "transitioning"}
base::OrderedJson dry_run_json(const lifecycle::Policy& policy,
                               const std::vector<lifecycle::Image>& images, base::TimePoint now);

// The body: {"policy": an object or its text, "images": imageDetails of DescribeImages, or "arn":
// of a repository, whose own policy is taken where none is given; "now": ISO 8601; absent: the
// server's time}. Throws ParameterError.
HttpResponse answer_lifecycle_dry_run(const Services& services, const HttpRequest& request);

}  // namespace ecr::api::admin::inventory
