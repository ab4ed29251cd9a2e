#include "api/sts/credentials.h"

#include <vector>

#include <nlohmann/json.hpp>

#include "api/core/unique_id.h"
#include "schemas/base/encoding.h"

namespace ecr::api::sts {
namespace {

// An expired session is remembered for a while, so that its user is told that it has expired.
constexpr std::chrono::hours kRememberExpired{24 * 7};
constexpr std::size_t kTokenBytes = 192;

std::string random_text(base::Random& random, std::size_t bytes) {
  std::vector<std::uint8_t> noise(bytes);
  random.fill(noise);
  return base::base64_encode({reinterpret_cast<const char*>(noise.data()), noise.size()});
}

}  // namespace

Json issue(Call& call, storage::Session session, std::chrono::seconds lifetime) {
  base::Random& random = call.services.random;
  storage::delete_expired_sessions(call.txn, call.now - kRememberExpired);
  session.access_key = make_unique_id(random, kSessionKeyId, session.account);
  session.secret = make_secret_key(random);
  session.token = random_text(random, kTokenBytes);
  session.created_at = call.now;
  // Whole seconds: what the caller is shown is what holds.
  session.expires_at = std::chrono::floor<std::chrono::seconds>(call.now + lifetime);
  storage::put_session(call.txn, session);
  return {{"AccessKeyId", session.access_key},
          {"SecretAccessKey", session.secret},
          {"SessionToken", session.token},
          {"Expiration", base::format_iso8601(session.expires_at)}};
}

std::chrono::seconds duration_of(const Json& input, std::chrono::seconds fallback) {
  const auto found = input.find("DurationSeconds");
  return found == input.end() ? fallback : std::chrono::seconds(found->get<std::int64_t>());
}

}  // namespace ecr::api::sts
