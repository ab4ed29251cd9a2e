#include "api/pull_through/registry_auth.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"

namespace ecr::api::pull_through {
namespace {

using std::chrono::seconds;

// A token whose answer does not say how long it lasts lasts a minute (distribution, "Token
// Authentication Specification"); no answer is believed for longer than an hour.
constexpr seconds kTokenLasts{60};
constexpr std::int64_t kMaxTokenSeconds = 3600;

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// Reads from the front of what is left.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool done() const { return text_.empty(); }
  void skip(std::string_view characters) {
    text_.remove_prefix(std::min(text_.find_first_not_of(characters), text_.size()));
  }
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string token() {
    std::size_t end = 0;
    while (end < text_.size() && is_token_char(text_[end])) ++end;
    std::string taken(text_.substr(0, end));
    text_.remove_prefix(end);
    return taken;
  }
  // A token or a quoted string; nullopt: neither, or without its end.
  std::optional<std::string> value() {
    if (!take('"')) return token();
    std::string taken;
    while (!text_.empty()) {
      if (take('"')) return taken;
      if (take('\\') && text_.empty()) break;
      taken += text_.front();
      text_.remove_prefix(1);
    }
    return std::nullopt;
  }

 private:
  std::string_view text_;
};

bool is_clean_token(const std::string& token) {
  return !token.empty() &&
         std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

std::string Challenge::parameter(const std::string& name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> challenges;
  Reader reader(header);
  // Challenges and their parameters are one flat list with commas. A name without '=' is the scheme
  // of a new challenge; with '=' it is a parameter of the last one.
  for (reader.skip(" \t,"); !reader.done(); reader.skip(" \t,")) {
    const std::string name = base::to_lower(reader.token());
    if (name.empty()) break;
    reader.skip(" \t");
    if (!reader.take('=')) {
      challenges.push_back({name, {}});
      continue;
    }
    reader.skip(" \t");
    auto value = reader.value();
    if (!value || challenges.empty()) break;
    challenges.back().parameters.emplace(name, std::move(*value));
  }
  return challenges;
}

std::string basic_authorization(const Secret& secret) {
  return "Basic " + base::base64_encode(secret.username + ':' + secret.access_token);
}

std::optional<TokenAnswer> read_token_answer(std::string_view body) {
  const auto json = base::parse_json(body);
  if (!json) return std::nullopt;
  // Token servers of the OAuth 2 kind say "access_token"; the specification has both names.
  std::string token = base::text_member(*json, "token");
  if (token.empty()) token = base::text_member(*json, "access_token");
  if (!is_clean_token(token)) return std::nullopt;
  seconds lasts = kTokenLasts;
  if (const auto given = json->find("expires_in"); given != json->end() && given->is_number()) {
    lasts = seconds(std::clamp<std::int64_t>(given->get<std::int64_t>(), 0, kMaxTokenSeconds));
  }
  return TokenAnswer{std::move(token), lasts};
}

}  // namespace ecr::api::pull_through
