// The web console: its pages and their headers, and the sign-in of browsers.
#include "api/admin/console/console.h"

#include "schemas/base/encoding.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using admin::console::Console;
using admin::console::ConsoleFile;

// "<p>shell</p>" and "run()", packed by gzip.
const std::string kShellGzip =
    *base::from_hex("1f8b0800000000000203b329b02bce48cdc9b1d12fb003003a0d06b50c000000");
const std::string kScriptGzip =
    *base::from_hex("1f8b08000000000002032b2acdd3d00400f0c4774405000000");

constexpr const char* kManifestText = R"({"files": [
  {"path": "index.html", "file": "index.html.gz", "type": "text/html; charset=utf-8",
   "cache": "no-cache", "sha256": "aaaa"},
  {"path": "console-X1.js", "file": "console-X1.js.gz", "type": "text/javascript; charset=utf-8",
   "cache": "immutable", "sha256": "bbbb"}]})";

std::vector<ConsoleFile> some_files() {
  return admin::console::read_manifest(kManifestText, [](std::string_view name) {
    return std::string_view(name == "index.html.gz" ? kShellGzip : kScriptGzip);
  });
}

using HeaderPairs = std::vector<std::pair<std::string, std::string>>;

class ConsoleTest : public ApiTest {
 protected:
  void open(std::vector<ConsoleFile> files) {
    console = std::make_unique<Console>(settings, random, clock, std::move(files));
    admin.add(console->routes());
    admin.accept([this](const HttpRequest& request) { return console->is_signed_in(request); });
  }
  HttpResponse ask(const std::string& method, const std::string& path, HeaderPairs headers = {},
                   const std::string& body = "") {
    headers.emplace_back("Host", host);
    HttpRequest request = make_request(method, "/_ecr-local" + path, headers, body);
    request.peer = peer;
    const Introduction introduction = admin.identify(request);
    if (const auto* refused = std::get_if<HttpResponse>(&introduction)) {
      EXPECT_EQ(admin.handle(request).status, refused->status);
    }
    return admin.handle(request);
  }
  Json session(HeaderPairs headers = {}) {
    return Json::parse(body_of(ask("GET", "/console/session", std::move(headers))));
  }
  std::string code() {
    const auto response = ask("POST", "/console/code", {{"Authorization", "Bearer hush"}});
    EXPECT_EQ(response.status, 200) << body_of(response);
    return Json::parse(body_of(response))["code"].get<std::string>();
  }
  HttpResponse sign_in(const std::string& with) {
    return ask("POST", "/console/sign-in", {}, Json{{"code", with}}.dump());
  }
  // The part of Set-Cookie that a browser sends back.
  static std::string cookie_in(const HttpResponse& response) {
    const std::string set = header_of(response, "Set-Cookie");
    return set.substr(0, set.find(';'));
  }

  std::unique_ptr<Console> console;
  std::string peer = "127.0.0.1";
};

TEST_F(ConsoleTest, ThePagesAreServedWithTheirHeaders) {
  open(some_files());
  for (const char* path : {"/console", "/console/"}) {
    const auto response = ask("GET", path, {{"Accept-Encoding", "br, gzip"}});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(body_of(response), kShellGzip);
    EXPECT_EQ(header_of(response, "Content-Encoding"), "gzip");
    EXPECT_EQ(header_of(response, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(header_of(response, "Cache-Control"), "no-cache");
    EXPECT_EQ(header_of(response, "ETag"), "\"aaaa-gzip\"");
    EXPECT_EQ(header_of(response, "Vary"), "Accept-Encoding");
    EXPECT_EQ(header_of(response, "Content-Security-Policy"),
              "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
              "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    EXPECT_EQ(header_of(response, "Referrer-Policy"), "no-referrer");
    EXPECT_EQ(header_of(response, "Cross-Origin-Opener-Policy"), "same-origin");
  }
  const auto script = ask("GET", "/console/console-X1.js", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(header_of(script, "Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(header_of(script, "Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(ask("GET", "/console/other.js").status, 404);
  EXPECT_EQ(ask("GET", "/console/index.html").status, 404);
  EXPECT_EQ(ask("POST", "/console").status, 405);
}

TEST_F(ConsoleTest, AClientThatTakesNoGzipGetsThePlainFile) {
  open(some_files());
  const char* const refusals[] = {"", "br", "gzip;q=0", "identity", "gzip; q=0.000"};
  for (const char* accept : refusals) {
    HeaderPairs headers;
    if (*accept != '\0') headers.emplace_back("Accept-Encoding", accept);
    const auto response = ask("GET", "/console", headers);
    EXPECT_EQ(body_of(response), "<p>shell</p>") << accept;
    EXPECT_EQ(header_of(response, "Content-Encoding"), "") << accept;
    EXPECT_EQ(header_of(response, "ETag"), "\"aaaa\"");
  }
  for (const char* accept : {"gzip", "*", "GZIP;q=0.5", "br;q=1, gzip ;q=0.1"}) {
    const auto response = ask("GET", "/console", {{"Accept-Encoding", accept}});
    EXPECT_EQ(header_of(response, "Content-Encoding"), "gzip") << accept;
  }
  const auto head = ask("HEAD", "/console");
  EXPECT_EQ(body_of(head), "");
  EXPECT_EQ(head.head_length, 12u);
}

TEST_F(ConsoleTest, WhatABrowserHasIsNotSentAgain) {
  open(some_files());
  for (const char* known : {"\"aaaa-gzip\"", "W/\"aaaa\"", "\"x\", \"aaaa\"", "*"}) {
    const auto response =
        ask("GET", "/console", {{"If-None-Match", known}, {"Accept-Encoding", "gzip"}});
    EXPECT_EQ(response.status, 304) << known;
    EXPECT_EQ(body_of(response), "");
    EXPECT_EQ(header_of(response, "ETag"), "\"aaaa-gzip\"");
    EXPECT_NE(header_of(response, "Content-Security-Policy"), "");
  }
  EXPECT_EQ(ask("GET", "/console", {{"If-None-Match", "\"bbbb\""}}).status, 200);
}

TEST_F(ConsoleTest, AProgramWithoutTheBuiltPagesSaysSo) {
  open({});
  const auto response = ask("GET", "/console");
  EXPECT_EQ(response.status, 404);
  EXPECT_NE(body_of(response).find("npm run build"), std::string::npos);
  EXPECT_EQ(session()["signedIn"], true);
}

TEST_F(ConsoleTest, AManifestThatIsNotCompleteIsNoManifest) {
  const auto read = [](const char* text) {
    return admin::console::read_manifest(text, [](std::string_view) { return "x"; });
  };
  EXPECT_EQ(
      read(R"({"files": [{"path": "a", "file": "a.gz", "type": "t", "sha256": "s"}]})").size(), 1u);
  for (const char* bad : {"", "[]", "{}", R"({"files": {}})", R"({"files": [{"path": "a"}]})"}) {
    EXPECT_THROW(read(bad), std::runtime_error) << bad;
  }
  EXPECT_THROW(admin::console::unpack_gzip("no gzip"), std::runtime_error);
  EXPECT_THROW(admin::console::unpack_gzip(kShellGzip.substr(0, 20)), std::runtime_error);
}

TEST_F(ConsoleTest, OnThisMachineWithoutATokenNoSignInIsNeeded) {
  settings.version = "1.2.3";
  open(some_files());
  EXPECT_EQ(session(), Json({{"signedIn", true},
                             {"needsToken", false},
                             {"version", "1.2.3"},
                             {"address", "http://localhost:4599/_ecr-local/console"},
                             {"reason", nullptr}}));
  // From elsewhere the pages come, and nothing else does.
  peer = "192.168.0.7";
  EXPECT_EQ(session()["signedIn"], false);
  EXPECT_NE(session()["reason"].get<std::string>().find("--admin-token"), std::string::npos);
  EXPECT_EQ(ask("GET", "/console").status, 200);
  EXPECT_EQ(ask("GET", "/decisions").status, 403);
  EXPECT_EQ(ask("POST", "/console/code").status, 403);
}

TEST_F(ConsoleTest, ACodeSignsOneBrowserInOnce) {
  settings.admin_token = "hush";
  open(some_files());
  EXPECT_EQ(session()["signedIn"], false);
  EXPECT_EQ(session()["needsToken"], true);
  EXPECT_EQ(ask("POST", "/console/code").status, 403);
  const std::string given = code();
  EXPECT_EQ(given.size(), 64u);
  const auto response = sign_in(given);
  EXPECT_EQ(response.status, 200);
  const std::string cookie = cookie_in(response);
  EXPECT_EQ(cookie.substr(0, 23), "ecr-local-console-4599=");
  EXPECT_EQ(header_of(response, "Set-Cookie").substr(cookie.size()),
            "; Path=/_ecr-local/; Max-Age=43200; HttpOnly; SameSite=Strict");
  EXPECT_EQ(session({{"Cookie", "a=b; " + cookie}})["signedIn"], true);
  EXPECT_EQ(ask("GET", "/decisions", {{"Cookie", cookie}}).status, 200);
  EXPECT_EQ(ask("GET", "/decisions", {{"Cookie", cookie + "0"}}).status, 403);
  EXPECT_EQ(sign_in(given).status, 403);
  EXPECT_EQ(sign_in("x").status, 403);
  EXPECT_EQ(ask("POST", "/console/sign-in", {}, "{}").status, 400);
}

// SameSite and the check of every request's origin stop other sites; these two headers stop
// whatever else a browser could be made to send.
TEST_F(ConsoleTest, ChangesNeedWhatOnlyAPageOfThisServerSends) {
  settings.admin_token = "hush";
  open(some_files());
  const std::string cookie = cookie_in(sign_in(code()));
  const std::pair<std::string, std::string> has_cookie("Cookie", cookie);
  const std::pair<std::string, std::string> same_origin("Sec-Fetch-Site", "same-origin");
  const std::pair<std::string, std::string> console_header("X-Ecr-Local-Console", "1");
  EXPECT_EQ(ask("POST", "/reset", {has_cookie}).status, 403);
  EXPECT_EQ(ask("POST", "/reset", {has_cookie, same_origin}).status, 403);
  EXPECT_EQ(ask("POST", "/reset", {has_cookie, console_header}).status, 403);
  EXPECT_EQ(ask("POST", "/reset", {has_cookie, console_header, {"Sec-Fetch-Site", "none"}}).status,
            403);
  EXPECT_EQ(ask("POST", "/reset", {has_cookie, same_origin, console_header}).status, 200);
  // The bearer token needs none of them.
  EXPECT_EQ(ask("POST", "/reset", {{"Authorization", "Bearer hush"}}).status, 200);
}

TEST_F(ConsoleTest, CodesAndSessionsEnd) {
  settings.admin_token = "hush";
  open(some_files());
  const std::string late = code();
  clock.time += std::chrono::minutes(5);
  EXPECT_EQ(sign_in(late).status, 403);
  const std::string cookie = cookie_in(sign_in(code()));
  clock.time += std::chrono::hours(12) - std::chrono::seconds(1);
  EXPECT_EQ(session({{"Cookie", cookie}})["signedIn"], true);
  clock.time += std::chrono::seconds(1);
  EXPECT_EQ(session({{"Cookie", cookie}})["signedIn"], false);

  const std::string other = cookie_in(sign_in(code()));
  const auto response =
      ask("POST", "/console/sign-out",
          {{"Cookie", other}, {"Sec-Fetch-Site", "same-origin"}, {"X-Ecr-Local-Console", "1"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(cookie_in(response), "ecr-local-console-4599=");
  EXPECT_NE(header_of(response, "Set-Cookie").find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(session({{"Cookie", other}})["signedIn"], false);
}

TEST_F(ConsoleTest, TheOldestCodesAndSessionsMakeRoom) {
  settings.admin_token = "hush";
  open(some_files());
  const std::string first = code();
  for (std::size_t i = 1; i < admin::console::kMostCodes; ++i) code();
  EXPECT_EQ(sign_in(first).status, 200);
  const std::string second = code();
  for (std::size_t i = 0; i < admin::console::kMostCodes; ++i) code();
  EXPECT_EQ(sign_in(second).status, 403);
  const std::string cookie = cookie_in(sign_in(code()));
  for (std::size_t i = 0; i < admin::console::kMostSessions; ++i) sign_in(code());
  EXPECT_EQ(session({{"Cookie", cookie}})["signedIn"], false);
}

// A name that a stranger's DNS may point here signs nobody in, and its cookie counts for nothing.
TEST_F(ConsoleTest, OnlyOwnHostsSignIn) {
  settings.admin_token = "hush";
  open(some_files());
  const std::string given = code();
  const std::string cookie = cookie_in(sign_in(code()));
  host = "evil.example:4599";
  EXPECT_EQ(sign_in(given).status, 403);
  EXPECT_EQ(ask("GET", "/decisions", {{"Cookie", cookie}}).status, 403);
  EXPECT_EQ(session({{"Cookie", cookie}})["signedIn"], false);
}

}  // namespace
}  // namespace ecr::api::test
