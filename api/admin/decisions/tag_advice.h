// Advice on a refused request, beside advice.h: tags that the repository would need so that the
// policies as they are allow the request. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "auth/iam/evaluate.h"

namespace ecr::api::admin {

struct TagAdvice {
  std::map<std::string, std::string> tags;  // to set, by key
  std::string where;                        // for people: "repository app in account 111122223333"
  std::string command;                      // of the AWS CLI
  std::string caution;                      // for people: whom else it concerns
};

// Each of them alone makes evaluate() allow the request; empty where none is known, such as where
// a policy asks for a tag by a pattern. REQUIRES: verdict == evaluate(request, policies).
std::vector<TagAdvice> advise_tags(const auth::iam::Request& request,
                                   const auth::iam::PolicySet& policies,
                                   const auth::iam::Verdict& verdict);

// The same request, where the repository has these tags, too.
auth::iam::Request with_tags(const auth::iam::Request& request,
                             const std::map<std::string, std::string>& tags);

}  // namespace ecr::api::admin
