#include "api/admin/console/sign_in.h"

#include <algorithm>
#include <array>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"

namespace ecr::api::admin::console {
namespace {

// Cookies do not tell ports apart: two servers on one machine must not sign each other out.
std::string cookie_name(const HttpRequest& request) {
  const std::string_view host = request.host();
  const std::string_view name = base::without_port(host);
  const std::string_view port = host.substr(std::min(name.size() + 1, host.size()));
  return base::format("ecr-local-console-{}", port.empty() ? std::string_view("0") : port);
}

// The value of the cookie of that name; of several the first.
std::string_view cookie_of(const HttpRequest& request) {
  const std::string name = cookie_name(request) + "=";
  for (const auto& [field, value] : request.headers.fields()) {
    if (!base::equals_ignore_case(field, "cookie")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      std::string_view one = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
      if (one.starts_with(name)) return one.substr(name.size());
    }
  }
  return {};
}

// The path is that of the emulator's own API: the APIs of AWS and the registry never see it.
std::string set_cookie(const HttpRequest& request, std::string_view value, std::int64_t seconds) {
  return base::format("{}={}; Path=/_ecr-local/; Max-Age={}; HttpOnly; SameSite=Strict{}",
                      cookie_name(request), value, seconds, request.secure ? "; Secure" : "");
}

bool changes_something(const HttpRequest& request) {
  return request.method != "GET" && request.method != "HEAD";
}

}  // namespace

std::string SignIn::make_secret() {
  std::array<std::uint8_t, 32> bytes{};
  random_.fill(bytes);
  return base::to_hex(bytes);
}

const SignIn::Secret* SignIn::find(const std::deque<Secret>& list, std::string_view text) const {
  const auto now = clock_.now();
  for (const Secret& secret : list) {
    if (secret.ends > now && model::constant_time_equal(secret.text, text)) return &secret;
  }
  return nullptr;
}

void SignIn::add(std::deque<Secret>& list, Secret secret, std::size_t most) {
  if (list.size() >= most) list.pop_front();
  list.push_back(std::move(secret));
}

std::string SignIn::make_code() {
  std::string code = make_secret();
  const std::lock_guard lock(mutex_);
  add(codes_, {code, clock_.now() + kCodeLifetime}, kMostCodes);
  return code;
}

std::optional<std::string> SignIn::sign_in(const HttpRequest& request, std::string_view code) {
  std::string session = make_secret();
  const std::lock_guard lock(mutex_);
  if (find(codes_, code) == nullptr) return std::nullopt;
  std::erase_if(codes_, [&](const Secret& one) { return one.text == code; });
  add(sessions_, {session, clock_.now() + kSessionLifetime}, kMostSessions);
  return set_cookie(request, session, std::chrono::seconds(kSessionLifetime).count());
}

std::string SignIn::sign_out(const HttpRequest& request) {
  const std::string_view cookie = cookie_of(request);
  const std::lock_guard lock(mutex_);
  std::erase_if(sessions_, [&](const Secret& one) { return one.text == cookie; });
  return set_cookie(request, "", 0);
}

bool SignIn::is_signed_in(const HttpRequest& request) const {
  const std::string_view cookie = cookie_of(request);
  if (cookie.empty()) return false;
  if (changes_something(request) && (request.headers.get("sec-fetch-site") != "same-origin" ||
                                     request.headers.get("x-ecr-local-console") != "1")) {
    return false;
  }
  const std::lock_guard lock(mutex_);
  return find(sessions_, cookie) != nullptr;
}

}  // namespace ecr::api::admin::console
