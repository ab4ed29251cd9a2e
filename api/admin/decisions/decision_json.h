// The JSON form of a decision, which /_ecr-local/decisions answers and `ecr-local explain` reads.
// Pure.
#pragma once

#include <string>

#include "api/core/access/decision_log.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"

namespace ecr::api::admin {

// {"sequence": 7, "requestId": "...", "time": "2026-01-31T12:00:00.000Z",
//  "principal": "arn:..." or null (anonymous), "principalIssuer": of a session,
//  "action": "ecr:PutImage", "resource": "arn:...", "resourceAccount": "123456789012",
//  "context": {"aws:SourceIp": "10.0.0.1", "aws:TagKeys": ["a"]},
//  "decision": "Allowed" | "ImplicitlyDenied" | "ExplicitlyDenied",
//  "decidedBy": "identity" | "resource" | "boundary" | "session" | "scope_down" | "endpoint" |
//               "scp" | "rcp",
//  "message": AWS's sentence or null, "enforced": true,
//  "via": "api" | "registry" (as docker pushes and pulls) | "job" (of the server itself),
//  "statement": what decided, or null: {"source", "index", "sid"?, "document", "target"},
//  "suggestion": of a denial, steps that together allow it: [{"change": "add" | "removeOrNarrow",
//                "policyType", "level"?, "where", "target", "index"?, "sid"?, "statement",
//                "narrowed"?: statements in its place, which deny everything but this request,
//                "narrowedAlsoAllows"?: what they free the caller for beside it,
//                "caution"?: whom else an addition lets in}],
//  "documents": with `trace`, of a denial, the additions as whole policies: [{"policyType",
//               "level"?, "where": as above, "how": for people, "document"}],
//  "work": with `trace`, of a denial that is part of a push or pull for which more is missing:
//          {"name": "push" | "pull", "missing": [actions], "denied"?: those that a Deny refuses,
//           "suggestion": [additions, as above], "documents": as above},
//  "trace": with `trace`, every statement of every policy consulted: [{"policyType", "level"?,
//           "policy": index, "source", "target", "index": of the statement, "sid"?, "effect",
//           "outcome", "condition"?: the first that fails {"operator", "key", "wanted", "actual" or
//           null}, "document"}]}
//
// "target" says where a policy is stored: {"kind", "target", "name"?} of a change
// (change_target.h), or null.
base::OrderedJson decision_json(const DecisionRecord& record, bool trace);

// {"decision", "decidedBy", "statement": {"source", "index", "sid"?} or null}: a verdict among
// many, so that the statement is without its document, which may be large.
base::OrderedJson verdict_json(const auth::iam::Verdict& verdict);

// ISO 8601 with milliseconds, so that the parameter `since` can name exactly this time.
std::string time_text(base::TimePoint time);

}  // namespace ecr::api::admin
