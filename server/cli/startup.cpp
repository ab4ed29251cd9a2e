#include "server/cli/startup.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

#include "api/admin/console/console.h"
#include "auth/iam/evaluate.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "schemas/model/partition.h"
#include "server/runtime/system.h"

namespace ecr::server {
namespace {

// "test / test, the root user of account 000000000000". A secret that was given is not printed.
std::string credentials_text(const ServeConfig& config, const api::Settings& settings) {
  const std::string root = "the root user of account " + settings.account;
  if (settings.account_root_keys) {
    return base::format("{} / {} is {}", settings.root_access_key, settings.root_secret_key, root);
  }
  if (!settings.root_access_key.empty()) {
    return base::format("{} and its secret key: {}", settings.root_access_key, root);
  }
  return config.seed.empty()
             ? "none (set some with --root-access-key, --seed or --default-credentials)"
             : "those of " + config.seed + "; test / test is off";
}

}  // namespace

std::unique_ptr<storage::Store> open_store(const ServeConfig& config, base::Random& random) {
  try {
    return storage::Store::open({.directory = config.data_dir, .in_memory = config.in_memory},
                                random);
  } catch (const std::exception& error) {
    if (config.in_memory) throw;
    const std::string reason = error.what();
    const bool used = reason.find("in use by process") != std::string::npos;
    throw std::runtime_error(base::format("--data-dir {}: {}{}", config.data_dir, reason,
                                          used ? "; stop that one, or use another directory" : ""));
  }
}

std::vector<std::string> read_endpoint_policy(api::Settings& settings) {
  if (settings.endpoint_policy_file.empty()) return {};
  const std::string flag = "--endpoint-policy " + settings.endpoint_policy_file;
  settings.endpoint_policy = read_text_file(settings.endpoint_policy_file, flag);
  for (const auto& problem :
       auth::iam::lint_policy(settings.endpoint_policy, auth::iam::PolicyType::kEndpoint)) {
    if (problem.warning) continue;
    throw std::runtime_error(base::format(
        "{}: {}{}{}{}", flag, problem.line > 0 ? base::format("line {}: ", problem.line) : "",
        problem.path.empty() ? "" : problem.path + ": ", problem.message,
        problem.detail.empty() ? "" : " (" + problem.detail + ")"));
  }
  const auto parsed =
      auth::iam::Policy::parse(settings.endpoint_policy, auth::iam::PolicyType::kEndpoint);
  // ECR User Guide, "Amazon ECR interface VPC endpoints", "Minimum Amazon S3 bucket permissions".
  const std::string layers = base::format("arn:{}:s3:::prod-{}-starport-layer-bucket/*",
                                          model::partition_of(settings.region), settings.region);
  const bool pulls = auth::iam::may_allow(**parsed, "ecr:GetDownloadUrlForLayer", "");
  if (!pulls || auth::iam::may_allow(**parsed, "s3:GetObject", layers)) return {};
  return {base::format(
      "{} lets clients pull, and no statement of it allows s3:GetObject on {}: in AWS the layers "
      "come from that bucket, and the policy of the endpoint for S3 needs such a statement. Layers "
      "of this server come without it",
      flag, layers)};
}

std::vector<std::string> reach_warnings(const std::vector<ListenAddress>& addresses,
                                        const api::Settings& settings) {
  const auto far = std::find_if(addresses.begin(), addresses.end(),
                                [](const ListenAddress& each) { return !is_loopback(each); });
  std::vector<std::string> warnings;
  if (far == addresses.end()) return warnings;
  if (settings.registry_host.empty()) {
    warnings.push_back(
        base::format("{} is reached by other machines and containers, and repositoryUri has the "
                     "host name that each client used; if docker needs another one, add "
                     "--registry-host NAME:{{port}}",
                     far->host));
  }
  if (settings.admin_token.empty()) {
    warnings.push_back(
        "callers from other machines and containers cannot seed, reset or read decisions; to let "
        "them, add --admin-token TOKEN (ECR_LOCAL_ADMIN_TOKEN)");
  }
  return warnings;
}

// The file is the user's alone, and so is what it holds at no time open to others.
std::string container_token(const ServeConfig& config, base::Random& random) {
  if (config.credentials_token.empty()) return "";
  const std::string& path = config.credentials_token;
  const std::string what = "--credentials-token " + path;
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno != EEXIST) {
    throw std::runtime_error(base::format("{}: {}", what, std::strerror(errno)));
  }
  if (file >= 0) {
    std::array<std::uint8_t, 32> noise{};
    random.fill(noise);
    // Without a newline: SDKs send the file as it is.
    const std::string made =
        base::base64url_encode({reinterpret_cast<const char*>(noise.data()), noise.size()});
    const auto written = write(file, made.data(), made.size());
    if (close(file) != 0 || written != static_cast<ssize_t>(made.size())) {
      throw std::runtime_error(what + ": cannot be written");
    }
  }
  std::string token = read_text_file(path, what);
  constexpr std::string_view kSpace = " \t\r\n";
  token.erase(token.find_last_not_of(kSpace) + 1);
  token.erase(0, token.find_first_not_of(kSpace));
  const bool printable =
      std::all_of(token.begin(), token.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  // A token that is guessed is none.
  if (token.size() < 8 || !printable) {
    throw std::runtime_error(what + ": must hold a token of 8 characters or more, on one line");
  }
  return token;
}

std::vector<ListenAddress> metadata_addresses(const ServeConfig& config) {
  std::vector<ListenAddress> addresses;
  for (const std::string& text : config.imds_listen) {
    for (ListenAddress& each : parse_listen_addresses(text, "--imds-listen")) {
      each.metadata = true;
      addresses.push_back(std::move(each));
    }
  }
  return addresses;
}

std::pair<std::string, std::string> instance_role(const ServeConfig& config) {
  const auto arn = model::Arn::parse(config.imds_role);
  if (!arn) return {config.settings.account, config.imds_role};
  return {arn->account, arn->resource.substr(arn->resource.rfind('/') + 1)};
}

std::string ready_text(const ServeConfig& config, const api::Settings& settings,
                       const std::string& url) {
  const std::string flag = url == "http://127.0.0.1:4599" ? "" : " --url " + url;
  std::string iam = "policies are enforced";
  if (settings.enforcement == api::Enforcement::kSoft) iam = "--iam soft: nothing is denied";
  if (settings.enforcement == api::Enforcement::kOff) iam = "--iam off: everything is allowed";
  return base::format(
      "  data         {}\n"
      "  credentials  {}\n"
      "  permissions  {}\n"
      "  console      {}{}\n"
      "  next         eval \"$(ecr-local print env{})\"\n"
      "               aws --endpoint-url {} ecr create-repository --repository-name app\n"
      "  stop         Ctrl-C\n",
      config.in_memory ? "in memory; nothing is saved" : config.data_dir,
      credentials_text(config, settings), iam, url, api::admin::console::kConsolePath, flag, url);
}

}  // namespace ecr::server
