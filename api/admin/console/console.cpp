#include "api/admin/console/console.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/body_node.h"
#include "api/core/access/origin.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::admin::console {
namespace {

using base::OrderedJson;

constexpr auto kEverybody = AdminRoute::Access::kEverybody;
constexpr std::string_view kShell = "index.html";

// Scripts, styles and answers come from this server alone, and no page of another site may show
// this one. What a registry stores is written by strangers: even if a text of theirs came to be
// read as HTML, it could load and send nothing.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr const char* kNotBuilt =
    "This program was built without its console. Build the pages of web/console first:\n\n"
    "  cd web/console && npm ci && npm run build\n\n"
    "and then ecr-local again. Everything else works without them.\n";

// The server itself adds X-Content-Type-Options: nosniff (server/net/framing.cpp).
void set_page_headers(HttpResponse& response) {
  response.set("Content-Security-Policy", kPolicy);
  response.set("Referrer-Policy", "no-referrer");
  response.set("Cross-Origin-Opener-Policy", "same-origin");
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// RFC 9110, section 12.5.3: "gzip", "*" or "gzip;q=0.5", and not "gzip;q=0". Without the header
// any coding would do; a client that says nothing is a script, which seldom unpacks.
bool accepts_gzip(const HttpRequest& request) {
  std::string_view rest = request.headers.get("accept-encoding");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view one = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::string_view coding = trimmed(one.substr(0, one.find(';')));
    if (!base::equals_ignore_case(coding, "gzip") && coding != "*") continue;
    const std::size_t weight = one.find("q=");
    if (weight == std::string_view::npos) return true;
    return one.substr(weight + 2).find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

// A list of entity tags, or "*". The two forms of a file have tags of their own (RFC 9110, section
// 8.8.3), of which either says that the client has it.
bool is_known(const HttpRequest& request, const ConsoleFile& file) {
  const std::string_view known = request.headers.get("if-none-match");
  return known == "*" || known.find(file.sha256) != std::string_view::npos;
}

HttpResponse not_built() {
  HttpResponse response = text_response(404, "text/plain; charset=utf-8", kNotBuilt);
  set_page_headers(response);
  return response;
}

}  // namespace

std::string console_address(const HttpRequest& request) {
  return base::format("{}://{}{}", request.secure ? "https" : "http", request.host(), kConsolePath);
}

Console::Console(const Settings& settings, base::Random& random, const base::Clock& clock,
                 std::vector<ConsoleFile> files)
    : settings_(settings), sign_in_(random, clock), files_(std::move(files)) {
  for (const ConsoleFile& file : files_) {
    paths_.push_back(base::format("{}/{}", kConsolePath, file.path));
  }
}

HttpResponse Console::answer_page(const ConsoleFile& file, const HttpRequest& request) const {
  const bool gzip = accepts_gzip(request);
  HttpResponse response;
  if (is_known(request, file)) {
    response.status = 304;
  } else {
    response.body = gzip ? std::string(file.bytes) : unpack_gzip(file.bytes);
    response.set("Content-Type", file.type);
    if (gzip) response.set("Content-Encoding", "gzip");
  }
  response.set("ETag", base::format("\"{}{}\"", file.sha256, gzip ? "-gzip" : ""));
  // The shell names the others, whose names change with their content.
  response.set("Cache-Control",
               file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  response.set("Vary", "Accept-Encoding");
  set_page_headers(response);
  return response;
}

bool Console::may_use(const HttpRequest& request) const {
  return may_administer(settings_, request) ||
         (is_own_host(settings_, request.host()) && is_signed_in(request));
}

HttpResponse Console::answer_session(const HttpRequest& request) const {
  OrderedJson reason;
  if (!may_use(request)) {
    reason = !is_own_host(settings_, request.host())
                 ? "The console is not answered under this host name (--admin-host)"
             : settings_.admin_token.empty()
                 ? "Other machines need a token: start ecr-local with --admin-token"
                 : "Sign in: ecr-local console --admin-token TOKEN prints an address for it";
  }
  return json_response(200, OrderedJson{{"signedIn", reason.is_null()},
                                        {"needsToken", !settings_.admin_token.empty()},
                                        {"version", settings_.version},
                                        {"address", console_address(request)},
                                        {"reason", reason}});
}

HttpResponse Console::answer_sign_in(const HttpRequest& request) {
  if (!is_own_host(settings_, request.host())) {
    return error_response(403, "The console is not answered under this host name (--admin-host)");
  }
  const OrderedJson document = read_body(request.body);
  const BodyNode body(document, "");
  body.check_members({"code"});
  const auto cookie = sign_in_.sign_in(request, body.text("code"));
  if (!cookie) {
    return error_response(403,
                          "The code is wrong, was used before, or is older than five minutes: "
                          "ecr-local console prints a new address");
  }
  HttpResponse response = json_response(200, OrderedJson{{"signedIn", true}});
  response.set("Set-Cookie", *cookie);
  response.set("Cache-Control", "no-store");
  return response;
}

// A code lets in whoever has it, so that only an administrator gets one.
std::vector<AdminRoute> Console::routes() {
  std::vector<AdminRoute> routes = {
      {.method = "GET",
       .path = "/_ecr-local/console/session",
       .access = kEverybody,
       .handle = [this](const HttpRequest& request) { return answer_session(request); }},
      {.method = "POST",
       .path = "/_ecr-local/console/code",
       .handle =
           [this](const HttpRequest&) {
             HttpResponse response = json_response(
                 200, OrderedJson{{"code", sign_in_.make_code()},
                                  {"seconds", std::chrono::seconds(kCodeLifetime).count()}});
             response.set("Cache-Control", "no-store");
             return response;
           }},
      {.method = "POST",
       .path = "/_ecr-local/console/sign-in",
       .access = kEverybody,
       .body_limit = 4096,
       .handle = [this](const HttpRequest& request) { return answer_sign_in(request); }},
      {.method = "POST",
       .path = "/_ecr-local/console/sign-out",
       .handle =
           [this](const HttpRequest& request) {
             HttpResponse response = json_response(200, OrderedJson{{"signedIn", false}});
             response.set("Set-Cookie", sign_in_.sign_out(request));
             return response;
           }},
  };
  const auto shell = std::find_if(files_.begin(), files_.end(),
                                  [](const ConsoleFile& file) { return file.path == kShell; });
  for (const std::string_view path : {kConsolePath, std::string_view("/_ecr-local/console/")}) {
    routes.push_back({.method = "GET",
                      .path = path,
                      .access = kEverybody,
                      .handle = [this, shell](const HttpRequest& request) {
                        return shell == files_.end() ? not_built() : answer_page(*shell, request);
                      }});
  }
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (files_[i].path == kShell) continue;
    routes.push_back({.method = "GET",
                      .path = paths_[i],
                      .access = kEverybody,
                      .handle = [this, i](const HttpRequest& request) {
                        return answer_page(files_[i], request);
                      }});
  }
  return routes;
}

}  // namespace ecr::api::admin::console
