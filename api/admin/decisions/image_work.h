// What a whole push, and a whole pull, needs. A client is refused at the first request that it may
// not make, and leaves out requests for layers that it has already: neither a denial nor a record
// of what was asked shows every permission. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/admin/decisions/advice.h"
#include "api/admin/decisions/policy_writer.h"

namespace ecr::api::admin {

// What every push and pull needs besides, on "*".
inline constexpr std::string_view kTokenAction = "ecr:GetAuthorizationToken";

// A thing that people do with images: "push" or "pull".
struct ImageWork {
  std::string_view name;
  // On the repository. ecr:GetAuthorizationToken, on "*", is needed besides.
  std::span<const std::string_view> actions;
  // Those that show that somebody does it: a push reads as well (ecr:BatchGetImage).
  std::span<const std::string_view> marks;
};

// Push and pull. Source: ECR User Guide, "Required IAM permissions for pushing an image", and
// "Repository policy examples" for pulling.
std::span<const ImageWork> image_works();

// Null: the action is part of neither.
const ImageWork* work_with(std::string_view action);

// What a denied caller lacks for the whole of the work.
struct MissingForWork {
  std::string_view name;             // "push"
  std::vector<std::string> missing;  // every action that is refused now, with that of the request
  // Those of them that a Deny refuses: no statement that is added helps.
  std::vector<std::string> denied;
  // Additions only, which together allow `missing` but for `denied`. Actions that go into the same
  // statement share one.
  std::vector<AdviceStep> steps;
};

// Empty name: the request is no part of a push or pull, or nothing else is missing for it. A push
// reads a manifest as a pull does. Where a client that is not docker may do everything else that a
// push needs, its read counts as part of a push.
// REQUIRES: verdict == evaluate(request, policies).
MissingForWork missing_for_work(const auth::iam::Request& request,
                                const auth::iam::PolicySet& policies,
                                const auth::iam::Verdict& verdict);

// Adds the action of a step to a statement of `steps` that differs in nothing else, or adds the
// step.
void merge_step(AdviceStep step, std::vector<AdviceStep>& steps);

// The requests with all that each of the named works ("push", "pull") needs, in every repository
// where one of them was begun, whichever: who asks for a pull wants it also where a client was
// refused at its push.
std::vector<RequestedAccess> complete_works(std::vector<RequestedAccess> requests,
                                            const std::vector<std::string>& names);

// "a docker push to repository app may also need ecr:X, ecr:Y": what complete_works() would add,
// a sentence for each repository and work.
std::vector<std::string> may_be_missing(const std::vector<RequestedAccess>& requests);

}  // namespace ecr::api::admin
