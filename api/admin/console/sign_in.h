// Who is signed in to the console of a server that has an admin token: `ecr-local console` gets a
// code, which a browser exchanges once for a cookie. In memory: a restart signs everybody out.
// Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "api/core/wire/http.h"
#include "schemas/base/clock.h"

namespace ecr::api::admin::console {

inline constexpr std::chrono::minutes kCodeLifetime{5};
inline constexpr std::chrono::hours kSessionLifetime{12};
// The oldest goes where there are more.
inline constexpr std::size_t kMostCodes = 16;
inline constexpr std::size_t kMostSessions = 64;

class SignIn {
 public:
  // `clock`: the machine's.
  SignIn(base::Random& random, const base::Clock& clock) : random_(random), clock_(clock) {}

  // A new code, for an administrator.
  std::string make_code();
  // The value of Set-Cookie for the browser that sent the code. nullopt: the code is wrong, used or
  // too old.
  std::optional<std::string> sign_in(const HttpRequest& request, std::string_view code);
  // The value of Set-Cookie that removes the browser's cookie, whose session ends.
  std::string sign_out(const HttpRequest& request);

  // True where the request has the cookie of a session. One that changes something also needs what
  // only a page of this server can send: Sec-Fetch-Site: same-origin, and a header of the
  // console's.
  bool is_signed_in(const HttpRequest& request) const;

 private:
  struct Secret {
    std::string text;
    base::TimePoint ends;
  };
  // REQUIRES: the lock. Null: it is not there, or over.
  const Secret* find(const std::deque<Secret>& list, std::string_view text) const;
  void add(std::deque<Secret>& list, Secret secret, std::size_t most);
  std::string make_secret();

  base::Random& random_;
  const base::Clock& clock_;
  mutable std::mutex mutex_;
  std::deque<Secret> codes_;
  std::deque<Secret> sessions_;
};

}  // namespace ecr::api::admin::console
