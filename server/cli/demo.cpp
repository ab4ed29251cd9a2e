// `ecr-local demo`: shows that an installation works, step by step, without any other program. Each
// step throws when it does not get what it expects, so "It works" means that all of them did. Shown
// by integration/test_commands.py, test_it_proves_an_installation_by_itself.
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"
#include "server/cli/commands.h"
#include "server/cli/demo_client.h"
#include "server/cli/progress.h"
#include "server/runtime/system.h"

namespace ecr::server {
namespace {

using base::Json;
using DemoClock = std::chrono::steady_clock;

constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";

// 400 characters are enough for an error's text, and an HTML page of some other server does not
// fill the terminal.
[[noreturn]] void fail_demo(const std::string& what, const DemoReply& reply) {
  throw std::runtime_error(
      base::format("{}: {} {}", what, reply.head.status, reply.body.substr(0, 400)));
}

// Returns the reply, so that a step can check and use it in one expression.
const DemoReply& expect(const DemoReply& reply, int status, const std::string& what) {
  if (reply.head.status != status) fail_demo(what, reply);
  return reply;
}

Json parse_reply(const DemoReply& reply) {
  auto json = base::parse_json(reply.body);
  if (!json) fail_demo("an answer that is not JSON", reply);
  return std::move(*json);
}

// The text of an element of an XML answer. A search for text and no XML parser: the answers are
// this program's own, with elements that occur once.
std::string element(const DemoReply& reply, const std::string& name) {
  const std::string open = "<" + name + ">";
  const std::size_t begin = reply.body.find(open);
  const std::size_t end = reply.body.find("</" + name + ">");
  if (begin == std::string::npos || end == std::string::npos) fail_demo("no " + name, reply);
  return reply.body.substr(begin + open.size(), end - begin - open.size());
}

// /v2/ has a list of errors (OCI distribution specification, "Error codes"), AWS JSON has one
// message.
std::string message_of(const DemoReply& reply) {
  const Json json = parse_reply(reply);
  return json.contains("errors") ? base::text_member(json.at("errors").at(0), "message")
                                 : base::text_member(json, "message");
}

class Demo {
 public:
  Demo(const DemoConfig& config, const std::string& url)
      : config_(config),
        client_(url, config.region, clock_),
        root_{config.access_key, config.secret_key},
        // A name that no other demo has, because --url may name a server that people use.
        name_("ecr-local-demo-" + base::make_uuid(random_).substr(0, 8)) {}

  void run();
  void clean_up();
  // What was proved so far, for --json.
  base::OrderedJson take_steps() { return std::move(steps_); }

 private:
  // Runs one step and prints what it returns, with the time it took.
  void step(const char* title, const std::function<std::string()>& body);
  std::string password_of(const DemoKeys& keys);
  std::string push_blob(const std::string& bytes);
  std::string identity();
  std::string forged();
  std::string create();
  std::string log_in();
  std::string push();
  std::string pull();
  std::string make_user();
  std::string denied();
  std::string explained();

  const DemoConfig& config_;
  SystemClock clock_;
  SystemRandom random_;
  const DemoClient client_;
  const DemoKeys root_;
  const std::string name_;  // of the repository and of the user
  bool made_repository_ = false;
  bool made_user_ = false;
  std::string password_;
  std::string user_password_;
  // The pushed bytes are kept, so that the pull can be compared with them.
  std::string layer_;
  std::string manifest_;
  std::string denied_request_;
  base::OrderedJson steps_ = base::OrderedJson::array();
};

void Demo::step(const char* title, const std::function<std::string()>& body) {
  const auto begun = DemoClock::now();
  const std::string proved = body();
  const std::chrono::duration<double, std::milli> took = DemoClock::now() - begun;
  if (config_.json) {
    steps_.push_back({{"step", title}, {"milliseconds", took.count()}, {"result", proved}});
    return;
  }
  base::print("{} {:7.1f} ms  {}: {}\n", Paint().good("ok"), took.count(), title, proved);
  // Each step shows when it is done, also where standard output is a pipe.
  std::fflush(stdout);
}

// GetCallerIdentity needs no permission, so it shows the signature alone (STS API reference).
std::string Demo::identity() {
  const auto reply = client_.query(root_, "sts", {{"Action", "GetCallerIdentity"}});
  return element(expect(reply, 200, "GetCallerIdentity"), "Arn");
}

// The server must verify signatures and not only look at the access key.
std::string Demo::forged() {
  const DemoReply reply =
      client_.ecr({root_.access_key, root_.secret_key + "x"}, "DescribeRepositories", "{}");
  if (reply.head.status == 200) throw std::runtime_error("a wrong secret key was accepted");
  return "refused, " + base::text_member(parse_reply(reply), "__type");
}

std::string Demo::create() {
  const auto reply =
      client_.ecr(root_, "CreateRepository", base::dump(Json{{"repositoryName", name_}}));
  const Json json = parse_reply(expect(reply, 200, "CreateRepository"));
  // From here on clean_up() has something to remove.
  made_repository_ = true;
  return base::text_member(json.at("repository"), "repositoryUri");
}

// As `aws ecr get-login-password` does. The token is "AWS:<password>" in base64 (ECR API reference,
// AuthorizationData).
std::string Demo::password_of(const DemoKeys& keys) {
  const auto reply = client_.ecr(keys, "GetAuthorizationToken", "{}");
  const Json json = parse_reply(expect(reply, 200, "GetAuthorizationToken"));
  const auto pair = base::base64_decode(
      base::text_member(json.at("authorizationData").at(0), "authorizationToken"));
  if (!pair || !pair->starts_with("AWS:")) fail_demo("a login that is not valid", reply);
  return pair->substr(4);
}

std::string Demo::log_in() {
  password_ = password_of(root_);
  expect(client_.registry(password_, "GET", "/v2/"), 200, "GET /v2/");
  // A registry that takes every password would pass the line above.
  expect(client_.registry("nonsense", "GET", "/v2/"), 401, "GET /v2/ with a wrong password");
  return "the registry accepts the token, and refuses a wrong one";
}

std::string Demo::push_blob(const std::string& bytes) {
  const auto begun =
      client_.registry(password_, "POST", base::format("/v2/{}/blobs/uploads/", name_));
  const std::string place = expect(begun, 202, "beginning an upload").head.header("location");
  const std::string digest = model::Digest::of(bytes).text();
  // The upload's URL is the server's and may have a query of its own (OCI distribution
  // specification, "Pushing blobs"). One PUT then sends the whole blob.
  const std::string target = place + (place.find('?') == place.npos ? "?" : "&") +
                             "digest=" + base::percent_encode(digest);
  expect(client_.registry(password_, "PUT", target, bytes, "application/octet-stream"), 201,
         "pushing a layer");
  return digest;
}

std::string Demo::push() {
  layer_ = "a layer of " + name_ + "\n";
  const std::string config = R"({"architecture":"amd64","os":"linux"})";
  // A layer that is no archive: the registry stores bytes and looks into none of them here.
  const auto blob = [&](const char* type, const std::string& bytes) {
    return Json{{"mediaType", type}, {"digest", push_blob(bytes)}, {"size", bytes.size()}};
  };
  // The smallest image of the OCI image specification: a configuration, one layer, and the manifest
  // that names both by digest.
  const Json manifest = {
      {"schemaVersion", 2},
      {"mediaType", kManifestType},
      {"config", blob("application/vnd.oci.image.config.v1+json", config)},
      {"layers", Json::array({blob("application/vnd.oci.image.layer.v1.tar", layer_)})}};
  manifest_ = base::dump(manifest);
  const auto reply = client_.registry(password_, "PUT", base::format("/v2/{}/manifests/1", name_),
                                      manifest_, kManifestType);
  return expect(reply, 201, "pushing the manifest").head.header("docker-content-digest");
}

std::string Demo::pull() {
  // The same step runs for root first, and for the user once there is one.
  const std::string& reader = user_password_.empty() ? password_ : user_password_;
  const auto manifest = client_.registry(reader, "GET", base::format("/v2/{}/manifests/1", name_));
  // Byte for byte: the digest of a manifest is the digest of its bytes, so a registry must not
  // write it anew.
  if (expect(manifest, 200, "pulling the manifest").body != manifest_) {
    fail_demo("another manifest than the one pushed", manifest);
  }
  const auto layer = client_.registry(
      reader, "GET", base::format("/v2/{}/blobs/{}", name_, model::Digest::of(layer_).text()));
  if (expect(layer, 200, "pulling a layer").body != layer_) {
    fail_demo("another layer than the one pushed", layer);
  }
  return "manifest and layer are what was pushed";
}

std::string Demo::make_user() {
  const auto call = [&](HeaderPairs parameters, const char* what) {
    parameters.emplace_back("UserName", name_);
    const auto reply = client_.query(root_, "iam", parameters);
    expect(reply, 200, what);
    return reply;
  };
  // The user has the three actions of a pull and none of a push. ecr:GetAuthorizationToken works on
  // no resource, so the resource is "*" (Service Authorization Reference, Amazon ECR).
  call({{"Action", "CreateUser"}}, "CreateUser");
  made_user_ = true;
  const Json policy = {
      {"Version", "2012-10-17"},
      {"Statement",
       Json::array({{{"Effect", "Allow"},
                     {"Action", Json::array({"ecr:GetAuthorizationToken", "ecr:BatchGetImage",
                                             "ecr:GetDownloadUrlForLayer"})},
                     {"Resource", "*"}}})}};
  call(
      {{"Action", "PutUserPolicy"}, {"PolicyName", "pull"}, {"PolicyDocument", base::dump(policy)}},
      "PutUserPolicy");
  const auto made = call({{"Action", "CreateAccessKey"}}, "CreateAccessKey");
  user_password_ = password_of({element(made, "AccessKeyId"), element(made, "SecretAccessKey")});
  return name_ + ", logged in with keys of their own";
}

std::string Demo::denied() {
  const auto reply =
      client_.registry(user_password_, "POST", base::format("/v2/{}/blobs/uploads/", name_));
  // The id of the refused request leads to the explanation in the last step.
  denied_request_ =
      expect(reply, 403, "a push that nobody allowed").head.header("x-amzn-requestid");
  return "refused\n    " + message_of(reply);
}

std::string Demo::explained() {
  const auto reply =
      client_.get("/_ecr-local/decisions?requestId=" + base::percent_encode(denied_request_),
                  config_.admin_token);
  // A server with an admin token keeps its decisions to itself; the demo has shown enough without
  // them.
  if (reply.head.status == 403) return "not asked for: it needs --admin-token";
  const Json json = parse_reply(expect(reply, 200, "the explanation"));
  const Json& decision = json.at("decisions").at(0);
  std::string said = base::text_member(decision, "decision");
  // A server of the demo's own ends with it, and has nothing to explain then.
  if (!config_.url.empty() && !config_.json) {
    said += base::format("\n    ecr-local explain {} --url {}", denied_request_, config_.url);
  }
  return said;
}

void Demo::run() {
  step("signed request", [this] { return identity(); });
  step("wrong secret key", [this] { return forged(); });
  step("repository", [this] { return create(); });
  step("docker login", [this] { return log_in(); });
  step("push", [this] { return push(); });
  step("pull", [this] { return pull(); });
  step("user who may only pull", [this] { return make_user(); });
  step("their pull", [this] { return pull(); });
  step("their push", [this] { return denied(); });
  step("why", [this] { return explained(); });
}

// For a server that goes on running: removes what the demo made there.
void Demo::clean_up() {
  if (made_repository_) {
    client_.ecr(root_, "DeleteRepository",
                base::dump(Json{{"repositoryName", name_}, {"force", true}}));
  }
  // IAM deletes a user only after the user's keys and policies (IAM API reference, DeleteUser:
  // DeleteConflict).
  if (!made_user_) return;
  const auto keys =
      client_.query(root_, "iam", {{"Action", "ListAccessKeys"}, {"UserName", name_}});
  if (keys.body.find("<AccessKeyId>") != std::string::npos) {
    client_.query(root_, "iam",
                  {{"Action", "DeleteAccessKey"},
                   {"UserName", name_},
                   {"AccessKeyId", element(keys, "AccessKeyId")}});
  }
  client_.query(root_, "iam",
                {{"Action", "DeleteUserPolicy"}, {"UserName", name_}, {"PolicyName", "pull"}});
  client_.query(root_, "iam", {{"Action", "DeleteUser"}, {"UserName", name_}});
}

}  // namespace

int run_demo(const DemoConfig& config) {
  const auto begun = DemoClock::now();
  std::optional<DemoServer> own;
  if (config.url.empty()) own.emplace();
  const std::string url = own ? own->url() : config.url;
  const std::chrono::duration<double, std::milli> started = DemoClock::now() - begun;
  const Paint paint;
  if (own && !config.json) {
    base::print("{} {:7.1f} ms  a server in memory: {}\n", paint.good("ok"), started.count(), url);
  }
  Demo demo(config, url);
  std::string failure;
  try {
    demo.run();
  } catch (const std::exception& error) {
    failure = error.what();
  }
  try {
    // A server of the demo's own lives in memory and is gone with it. A failed run cleans up as
    // well, but not at the price of its error message.
    if (!own) demo.clean_up();
  } catch (const std::exception& error) {
    if (failure.empty()) failure = error.what();
  }
  const std::chrono::duration<double> all = DemoClock::now() - begun;
  if (config.json) {
    base::OrderedJson json = {{"works", failure.empty()},
                              {"url", url},
                              {"seconds", all.count()},
                              {"steps", demo.take_steps()}};
    if (!failure.empty()) json["failure"] = failure;
    base::print("{}\n", base::dump(json));
  } else if (!failure.empty()) {
    base::print("{}            {}\n", paint.bad("not ok"), failure);
  } else {
    base::print("{}: {:.2f} s.\n", paint.good("It works"), all.count());
  }
  return failure.empty() ? kExitSuccess : kExitNo;
}

}  // namespace ecr::server
