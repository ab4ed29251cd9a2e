// `ecr-local verify-sigv4`: one request and its expected credentials as a JSON object on a line,
// the verdict as another. For running signature test suites against the verifier. Pure.
#pragma once

#include <string>
#include <string_view>

namespace ecr::auth {

// In:  {"now": "2015-08-30T12:36:00Z", "region": "us-east-1", "service": "service", "normalize":
// true,
//       "credentials": {"access_key_id": "…", "secret_access_key": "…", "token": "…"},
//       "raw_request": "GET / HTTP/1.1\nHost:example.amazonaws.com\n…"}
//      `normalize` is true and `token` none by default; without `region` any well-formed one is
//      right. `omit_session_token`: whether the token may stand outside the signature; by default
//      no for ecr, iam and sts, and yes for the rest (with AWS it depends on the service).
// Out: {"valid":true} or {"valid":false,"error":"InvalidSignatureException","message":"…"};
//      for a malformed line {"error":"…"}, and then `ok` is false.
// The request may be written as test suites write it: lines that end in \n or \r\n, continued
// header lines, spaces and UTF-8 in the target.
std::string verify_sigv4_line(std::string_view json_line, bool& ok);

}  // namespace ecr::auth
