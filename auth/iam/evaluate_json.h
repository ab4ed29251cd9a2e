// Authorization decisions as JSON lines, the input and output of `ecr-local evaluate`:
//
// in  {"request": {"principal": "arn:...", "principal_issuer": "arn:...", "action": "ecr:PutImage",
//                  "resource": "arn:...", "resource_account": "123456789012",
//                  "context": {"aws:SourceIp": "10.0.0.1", "aws:TagKeys": ["a", "b"]}},
//      "policies": {"identity": [doc], "boundaries": [doc], "session": [doc],
//                   "resource": doc or null, "endpoint": doc or null,
//                   "scps": [[doc], ...], "rcps": [[doc], ...]}}
// out {"decision": "...", "decided_by": "...", "statement": {...} or null, "trace": [...]}
//
// principal: null is anonymous, a domain name a service. "principal_unique_id" may be given too.
// A root principal gets what root has in its own account: an identity policy that allows
// everything, source "root user". Without resource_account the resource belongs to the account in
// its ARN, else to the principal's. In context a string, number or boolean is single-valued, an
// array multivalued. No "scps" or "rcps": no organization. A policy may also be given as its text.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace ecr::auth::iam {

// Keeps compiled policies between lines. Not thread-safe.
class LineEvaluator {
 public:
  LineEvaluator();
  ~LineEvaluator();
  // One line of output, without its newline. ok: the line was not malformed; else the output is
  // {"error": "..."}. explain: with the trace.
  std::string evaluate(std::string_view line, bool explain, bool& ok);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Does the same with an evaluator that belongs to the calling thread.
std::string evaluate_line(std::string_view line, bool explain, bool& ok);

}  // namespace ecr::auth::iam
