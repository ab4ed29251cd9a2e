// The canonical request and the string to sign of Signature Version 4, shared by the verifier and
// the signer. Pure.
// Source: AWS IAM User Guide, "Create a signed AWS API request"; where that is silent, this follows
// botocore (tests/auth/sigv4/botocore_test.cpp).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/sigv4/sigv4.h"

namespace ecr::auth {

inline constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kTerminator = "aws4_request";

// Less-than on header names: bytes, ASCII letters as lower case.
bool header_name_less(std::string_view a, std::string_view b);

// A request's headers by name. Borrows the headers; looking one up is logarithmic, so that a
// request of thousands of headers costs no more than its size warrants.
class HeaderIndex {
 public:
  explicit HeaderIndex(std::span<const HeaderView> headers);

  // All headers of that name, in order of arrival; empty if there is none.
  std::span<const HeaderView* const> find(std::string_view name) const;
  // All headers sorted by name.
  std::span<const HeaderView* const> sorted() const { return sorted_; }

 private:
  std::vector<const HeaderView*> sorted_;
};

enum class QueryForm {
  kNormalized,  // AWS's rule: names and values decoded and encoded again
  kAsWritten    // botocore's: the pairs as they are in the URL, only sorted
};

struct CanonicalInput {
  std::string_view method;
  std::string_view path;
  std::string_view query;  // X-Amz-Signature is left out
  const HeaderIndex& headers;
  std::span<const std::string_view> signed_headers;
  std::string_view payload_hash;  // lower-case hex
  bool normalize_path = true;
  QueryForm query_form = QueryForm::kNormalized;
  bool omit_token = false;  // leaves X-Amz-Security-Token out of the query as well
};

// nullopt where no signature can be right: the list of signed headers is not lower case, not
// strictly ascending, or names a header that the request does not have.
std::optional<std::string> canonical_request(const CanonicalInput& input);

// `scope` is date/region/service/aws4_request.
std::string string_to_sign(std::string_view timestamp, std::string_view scope,
                           std::string_view canonical_request);

// The parts of the canonical request that have rules of their own; for the tests.
std::string canonical_path(std::string_view path, bool normalize);
std::string canonical_query(std::string_view query, QueryForm form, bool omit_token = false);

// Derives the key that signs: HMAC chain over date, region, service and the terminator.
model::Sha256 derive_signing_key(std::string_view secret, std::string_view date,
                                 std::string_view region, std::string_view service);

// Percent-decodes and appends; a '%' that starts no escape stands for itself, and so does '+'.
void append_decoded(std::vector<char>& out, std::string_view text);

}  // namespace ecr::auth
