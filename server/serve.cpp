#include "server/serve.h"

#include <cstdio>
#include <filesystem>
#include <malloc.h>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <sys/resource.h>
#include <unistd.h>

#include "api/admin/admin_plane.h"
#include "api/admin/console/console.h"
#include "api/admin/inventory/routes.h"
#include "api/admin/seed/seed.h"
#include "api/admin/service_pull/service_pull.h"
#include "api/admin/snapshot/baseline.h"
#include "api/admin/what_if/routes.h"
#include "api/core/access/decision_log.h"
#include "api/core/access/failure_log.h"
#include "api/core/access/policy_memo.h"
#include "api/core/background/event_log.h"
#include "api/core/background/jobs.h"
#include "api/core/web_identity_issuer.h"
#include "api/ecr/ecr_api.h"
#include "api/iam/iam_api.h"
#include "api/images/push/replication_backfill.h"
#include "api/images/scan/findings_file.h"
#include "api/metadata/metadata_plane.h"
#include "api/organizations/organizations_api.h"
#include "api/pull_through/upstreams.h"
#include "api/sts/issuer_keys.h"
#include "api/sts/sts_api.h"
#include "auth/jwt.h"
#include "schemas/base/clock.h"
#include "schemas/base/text.h"
#include "server/cli/progress.h"
#include "server/cli/startup.h"
#include "server/client/http_client.h"
#include "server/faults/fault_rules.h"
#include "server/net/server.h"
#include "server/runtime/app.h"
#include "server/runtime/background.h"
#include "server/runtime/memory_budget.h"
#include "server/runtime/own_routes.h"
#include "server/runtime/request_log.h"
#include "server/runtime/stop_limit.h"
#include "server/runtime/system.h"
#include "server/runtime/webhook.h"
#include "server/tls/server_certificates.h"
#include "storage/rows/server_state.h"

namespace ecr::server {
namespace {

// Loopback by default: the default credentials are known to everybody, so nothing outside of this
// machine may reach them unless a flag says so. Both families, because "localhost" is ::1 for some
// clients and 127.0.0.1 for others.
std::vector<ListenAddress> listen_addresses(const ServeConfig& config) {
  std::vector<ListenAddress> addresses;
  for (const std::string& text : config.listen) {
    for (ListenAddress& each : parse_listen_addresses(text, "--listen")) {
      addresses.push_back(std::move(each));
    }
  }
  if (addresses.empty()) addresses = parse_listen_addresses("4599", "--listen");
  // A port of its own for TLS: the plain port stays as it is, and every tool can choose.
  std::vector<std::string> tls_listen = config.tls_listen;
  if (config.tls_auto && tls_listen.empty()) tls_listen.emplace_back("4600");
  for (const std::string& text : tls_listen) {
    for (ListenAddress& each : parse_listen_addresses(text, "--tls-listen")) {
      each.tls = true;
      addresses.push_back(std::move(each));
    }
  }
  return addresses;
}

// Flags that do not fit together are an error. A server that silently went without TLS would be
// noticed only when a secret has been sent in clear text (integration/test_tls_auto.py,
// test_flags_that_do_not_go_together_are_named).
std::optional<TlsFiles> tls_files(const ServeConfig& config) {
  const bool some = !config.tls_certificate.empty() || !config.tls_key.empty();
  if (config.tls_auto && some) {
    throw std::runtime_error(
        "--tls auto makes its own certificates: leave out --tls-cert and --tls-key");
  }
  if (config.tls_auto || config.tls_listen.empty()) return std::nullopt;
  if (config.tls_certificate.empty() || config.tls_key.empty()) {
    throw std::runtime_error("--tls-listen needs --tls-cert and --tls-key, or --tls auto");
  }
  return TlsFiles{config.tls_certificate, config.tls_key};
}

// The default credentials are public knowledge. A server that other machines can reach does not
// accept them, unless a flag asks for that.
void guard_default_credentials(const ServeConfig& config,
                               const std::vector<ListenAddress>& addresses, api::Settings& settings,
                               AccessLog& log) {
  // The operator gave keys of their own, or asked for the default ones.
  if (!settings.account_root_keys || config.default_credentials) return;
  for (const ListenAddress& address : addresses) {
    if (is_loopback(address)) continue;
    settings.account_root_keys = false;
    // An empty root access key matches no request.
    settings.root_access_key.clear();
    log.say(base::format(
        "ecr-local: {} is not a loopback address, so the default credentials are off. Set "
        "--root-access-key and --root-secret-key, or allow them with --default-credentials",
        address.host));
    return;
  }
}

struct SeedFile {
  std::string document;   // empty: there is none
  std::string directory;  // that paths in it are relative to
};

SeedFile read_seed(const ServeConfig& config) {
  if (config.seed.empty()) return {};
  return {read_text_file(config.seed, "--seed " + config.seed),
          std::filesystem::absolute(config.seed).parent_path().string()};
}

// Applied at every start; a seed that was applied changes nothing the second time
// (integration/test_restart.py, test_seed_at_a_second_start_changes_nothing).
void seed(const ServeConfig& config, const SeedFile& file, const api::Services& services,
          api::admin::Baseline& baseline, AccessLog& log) {
  if (config.seed.empty()) return;
  const Elapsed line("applying " + config.seed, config.progress);
  try {
    const auto report = api::admin::apply_seed(services, file.document, file.directory);
    for (const std::string& each : report.warnings) {
      log.say(base::format("ecr-local: warning: --seed {}: {}", config.seed, each));
    }
    baseline.prepare();
  } catch (const api::admin::SeedError& error) {
    throw std::runtime_error(base::format("--seed {}: {}", config.seed, error.what()));
  }
}

// A clock that was moved stays moved after a restart, because the rows have times of that clock.
// The line in the log is a warning: with a clock that was moved, tokens may end and lifecycle rules
// may delete in ways that surprise.
void restore_clock(storage::Store& store, base::MovableClock& clock, AccessLog& log) {
  auto txn = store.database().begin(storage::sql::Access::kRead);
  const auto state = storage::load_clock(txn);
  if (!state) return;
  clock.restore(*state);
  log.say(base::format("ecr-local: the clock was moved earlier and {} {} (/_ecr-local/clock)",
                       state->frozen_at ? "stands at" : "is at",
                       base::format_iso8601(clock.now())));
}

// Reads the file now, so that a typing error is not found only by the first scan.
void check_scan_findings(const api::Settings& settings) {
  if (settings.scan_findings.empty()) return;
  const std::string problem = api::scan::findings_problem(settings.scan_findings);
  if (!problem.empty()) throw std::runtime_error("--scan-findings " + problem);
}

// "ftp://host/" of a URL, for an error text: the rest of it may hold a password or a token.
std::string without_secrets(const std::string& url) {
  constexpr std::string_view kScheme = "://";
  const std::size_t scheme = url.find(kScheme);
  if (scheme == std::string::npos) return "...";
  const std::size_t begin = scheme + kScheme.size();
  const std::string authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  return url.substr(0, begin) + authority.substr(authority.rfind('@') + 1) + "/";
}

// A webhook's answer counts by its status, so its body, which may be of any size, is never read.
std::optional<int> post_event(HttpClient& client, const base::Url& url, const std::string& event,
                              std::stop_token stop) {
  api::ExchangeRequest request{url, {{"Content-Type", "application/json"}}};
  request.private_allowed = true;  // the operator named it
  request.method = "POST";
  request.body = event;
  request.total = std::chrono::seconds(5);
  request.stop = std::move(stop);
  std::optional<int> status;
  try {
    client.exchange(
        request,
        [&status](const api::ExchangeHead& head) {
          status = head.status;
          return false;
        },
        [](std::string_view) {});
  } catch (const api::TransportError&) {
  }
  return status;
}

// The URL is read before the ready line, so a wrong one stops the start.
std::unique_ptr<Webhook> make_webhook(const ServeConfig& config, HttpClient& client,
                                      storage::Store& store, const api::EventLog& events,
                                      AccessLog& log) {
  if (config.events_webhook.empty()) return nullptr;
  const auto url = base::parse_url(config.events_webhook);
  if (!url || url->tls) {
    throw std::runtime_error(
        base::format("--events-webhook {}: must be http://HOST[:PORT]/..., without user name",
                     without_secrets(config.events_webhook)));
  }
  return std::make_unique<Webhook>(
      store, events, log, [&client, url = *url](const std::string& event, std::stop_token stop) {
        return post_event(client, url, event, std::move(stop));
      });
}

// Checked by the command line.
std::vector<base::Url> named_issuers(const ServeConfig& config) {
  std::vector<base::Url> urls;
  for (const std::string& text : config.oidc_private) urls.push_back(*base::parse_url(text));
  return urls;
}

// A document gets a minute more than an upstream may stand still.
ClientLimits upstream_limits(const ServeConfig& config) {
  return {.progress = config.upstream_timeout,
          .total = config.upstream_timeout + std::chrono::seconds(60)};
}

// "ISSUER=FILE" each. The server then asks such an issuer for nothing. A file without a usable key
// would refuse every token, which looks like a wrong token, so it is an error at once.
void give_issuer_keys(const ServeConfig& config, api::sts::IssuerKeys& keys) {
  for (const std::string& text : config.oidc_keys) {
    const std::size_t equals = text.find('=');
    auto parsed =
        auth::JsonWebKeySet::parse(read_text_file(text.substr(equals + 1), "--oidc-keys " + text));
    if (!parsed) {
      throw std::runtime_error(base::format("--oidc-keys {}: {}", text, parsed.error()));
    }
    if (parsed->size() == 0) {
      throw std::runtime_error(base::format("--oidc-keys {}: it has no usable key", text));
    }
    const std::string issuer = text.substr(0, equals);
    if (api::is_test_issuer(config.settings, issuer)) {
      throw std::runtime_error(base::format(
          "--oidc-keys and --oidc-test-issuer are both given for {}: its tokens have the signature "
          "of one of them",
          issuer));
    }
    keys.set(issuer, std::move(*parsed));
  }
}

// Reads the file now, so that a typing error is not found only by the first pull.
api::pull_through::Secrets read_secrets(const std::string& path) {
  if (path.empty()) return {};
  const std::string document = read_text_file(path, "--upstream-secrets " + path);
  try {
    return api::pull_through::Secrets::parse(document);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(base::format("--upstream-secrets {}: {}", path, error.what()));
  }
}

// "HOST=URL" each, checked by the command line.
api::pull_through::Upstreams::Options upstream_options(const ServeConfig& config) {
  api::pull_through::Upstreams::Options options;
  for (const std::string& text : config.upstreams) {
    const std::size_t equals = text.find('=');
    auto url = base::parse_url(text.substr(equals + 1));
    // The target is the front of every path that is asked for. check_upstream() has parsed the URL
    // before, so it is there.
    if (!url->target.ends_with('/')) url->target += '/';
    options.urls[text.substr(0, equals)] = std::move(*url);
  }
  options.secrets = read_secrets(config.upstream_secrets);
  return options;
}

// Uploads, downloads and connections each hold a descriptor, and many systems give a process only
// 1024 unless it asks for more. The hard limit stays as it is; only root may raise that. A failure
// is ignored, as the server works with fewer descriptors, too.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

// The authority of --tls auto and what it issues. The members are in the order in which they need
// each other.
struct AutomaticTls {
  AutomaticTls(const ServeConfig& config, const base::Clock& clock)
      : authority(config.in_memory ? "" : config.data_dir, clock.now()),
        certificates(authority,
                     certificate_names(config.settings.region, config.settings.registry_host,
                                       config.tls_listen, config.settings.tls_names),
                     clock) {}

  CertificateAuthority authority;
  ServerCertificates certificates;
};

std::unique_ptr<AutomaticTls> automatic_tls(const ServeConfig& config, const base::Clock& clock) {
  return config.tls_auto ? std::make_unique<AutomaticTls>(config, clock) : nullptr;
}

// The ready line has only the first address. Addresses with TLS, and those of instance metadata,
// get lines of their own, as their ports may have been picked by the system.
void announce_others(const Server& server, AccessLog& log) {
  for (const std::string& address : server.tls_addresses()) {
    log.say(base::format("ecr-local: TLS on https://{}", address));
  }
  for (const std::string& address : server.metadata_addresses()) {
    log.say(base::format("ecr-local: instance metadata on http://{}", address));
  }
}

// That of the first address.
std::string url_of(const Server& server, const std::vector<ListenAddress>& addresses) {
  return (addresses.front().tls ? "https://" : "http://") + server.addresses().front();
}

// The ready line is the only line on standard output, so a script can wait for it and read the port
// from it. It is flushed because standard output is a pipe there, and pipes are buffered
// (integration/test_cli.py, test_ready_line_is_the_only_output_and_sigterm_exits_0).
void announce(const Server& server, const std::vector<ListenAddress>& addresses,
              const ServeConfig& config, const api::Settings& settings) {
  const std::string url = url_of(server, addresses);
  base::print("ecr-local {} ready on {}\n", settings.version, url);
  // A person reads a terminal, a script reads the first line of a pipe.
  if (isatty(STDOUT_FILENO) != 0) base::print("{}", ready_text(config, settings, url));
  std::fflush(stdout);
}

}  // namespace

// Every part is a local variable, and the order of the declarations is the design: each part
// outlives those that are declared behind it and use it. So the end of this function ends the
// webhook, the background threads and the server first, and closes the store last.
int run_serve(const ServeConfig& config) {
  mallopt(M_ARENA_MAX, 4);  // an arena for each thread costs more memory than it saves time
  // Large bodies go back to the system when their requests end. By default glibc raises its
  // threshold with each one that is freed, and then keeps them.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
  raise_descriptor_limit();
  // The first part, and the last to go: it limits the end of all others.
  StopLimit stop_limit;
  // Two clocks. `machine_clock` is for what has to agree with the world outside (HTTP dates,
  // certificates, memos of what upstreams and issuers said); `clock` can be moved by tests and is
  // the time of everything that is stored and decided.
  SystemClock machine_clock;
  base::MovableClock clock(machine_clock);
  SystemRandom random;
  AccessLog log(config.access_log, 2);
  api::Settings settings = config.settings;
  const std::vector<ListenAddress> addresses = listen_addresses(config);
  for (const std::string& each : config.warnings) log.say("ecr-local: warning: " + each);
  guard_default_credentials(config, addresses, settings, log);
  for (const std::string& each : reach_warnings(addresses, settings)) {
    log.say("ecr-local: " + each);
  }
  check_scan_findings(settings);
  for (const std::string& each : read_endpoint_policy(settings)) {
    log.say("ecr-local: warning: " + each);
  }

  // Locks the data directory; a second server with the same one stops here, naming the process that
  // has it (integration/test_cli.py, test_data_directory_in_use_names_the_process).
  const auto store = open_store(config, random);
  // After a failed fsync the kernel may have dropped the data and reports the error once. Nothing
  // that is written later could be trusted, so writing ends until a restart (PostgreSQL drew the
  // same conclusion in 2018).
  store->sync_failures().on_first([&log](const std::string& what) {
    log.say(base::format("ecr-local: {}: the server is read-only until it is restarted", what));
  });
  restore_clock(*store, clock, log);
  const auth::RegistryTokenCodec tokens(store->key(), random);
  auth::SigningKeyMemo signing_keys;
  api::PolicyMemo policies;
  api::DecisionLog decisions;
  api::FailureLog failures;
  api::JobSignal job_signal;
  api::EventLog events(*store, random,
                       {.events = config.event_log_size, .records = config.event_log_size});
  std::stop_source stopping;  // for what waits for other servers
  HttpClient issuer_client(config.oidc_ca, ClientLimits{});
  api::sts::IssuerKeys issuer_keys(
      machine_clock, &issuer_client,
      {.private_servers = named_issuers(config), .stop = stopping.get_token()});
  give_issuer_keys(config, issuer_keys);
  HttpClient upstream_client(config.upstream_ca, upstream_limits(config));
  // Behind everything that Services refers to: its threads, which use that, end with it.
  api::pull_through::Upstreams upstreams(upstream_client, upstream_options(config), machine_clock);
  const api::Services services{{settings, *store, clock, machine_clock, random, policies, decisions,
                                failures, job_signal, events},
                               tokens,
                               signing_keys,
                               &issuer_keys,
                               &upstreams};
  const SeedFile seed_file = read_seed(config);
  // The state to which /_ecr-local/reset returns: what the seed made, or nothing.
  api::admin::Baseline baseline(services, seed_file.document, seed_file.directory);
  seed(config, seed_file, services, baseline, log);

  const api::ControlPlane control(services, {api::ecr::make_api(), api::iam::make_api(),
                                             api::sts::make_api(), api::organizations::make_api()});
  const api::registry::RegistryPlane registry(services);
  std::vector<api::JobKind> kinds = api::ecr::job_kinds();
  kinds.insert(kinds.end(), {api::garbage_collection(settings), api::kExpiredSessions,
                             api::replication::kExpiredBackfills});
  api::JobRunner jobs(services, std::move(kinds));
  api::admin::console::Console console(settings, random, machine_clock,
                                       api::admin::console::console_files());
  api::admin::AdminPlane admin(services, control, clock, jobs, baseline);
  admin.add(console.routes());
  admin.accept(
      [&console](const api::HttpRequest& request) { return console.is_signed_in(request); });
  const auto tls = automatic_tls(config, machine_clock);
  Metrics metrics;
  MemoryBudget memory;
  metrics.watch(memory, log);
  RequestLog requests;
  FaultRules faults;
  App app(control, registry, admin.routes());
  app.add(faults);
  const auto [instance_account, role_of_instance] = instance_role(config);
  api::metadata::MetadataPlane metadata(services,
                                        {.container_token = container_token(config, random),
                                         .instance_account = instance_account,
                                         .instance_role = role_of_instance});
  app.add(metadata);
  admin.add(api::admin::what_if::routes(services, control));
  admin.add(api::admin::inventory::routes(services, control));
  admin.add(api::admin::service_pull::routes(services));
  admin.add(own_routes({settings, random, faults, [&app] { return app.operations(); },
                        tls ? tls->authority.certificate() : std::string(),
                        [&] { return metrics.text(*store, decisions, settings.version, &faults); },
                        &requests}));
  // A reset also removes the faults that the last test asked for. Faults belong to the server and
  // not to the store, so the reset of the store does not reach them (integration/test_faults.py,
  // test_a_reset_clears_them).
  admin.on_reset([&faults] { faults.replace({}); });
  Server::Options options;
  options.listen = addresses;
  for (ListenAddress& each : metadata_addresses(config)) options.listen.push_back(std::move(each));
  options.tls = tls_files(config);
  if (tls) options.certificates = &tls->certificates;
  options.timeouts = config.timeouts;
  options.metrics = &metrics;
  options.requests = &requests;
  options.memory = &memory;
  options.workers = config.workers;
  options.grace = config.stop_timeout;
  // Whatever waits outside, and jobs that take long, end now and not at the end of the grace time.
  options.on_stop = [&] {
    stopping.request_stop();
    upstreams.end_exchanges();
    job_signal.stop();
    stop_limit.begin(config.stop_timeout);
  };
  // From here on connections are accepted by the kernel, and answered once run() begins.
  Server server(options, app, log, machine_clock, random);
  // The background threads start after everything that can fail: a server that cannot listen must
  // not have begun jobs.
  const JobThread quick_jobs(services, jobs, api::JobLane::kQuick, log, metrics);
  const JobThread slow_jobs(services, jobs, api::JobLane::kSlow, log, metrics);
  const JobThread outbound_jobs(services, jobs, api::JobLane::kOutbound, log, metrics);
  const Chores chores(events, *store, log);
  const auto webhook = make_webhook(config, upstream_client, *store, events, log);
  log.set_console(url_of(server, addresses) + std::string(api::admin::console::kConsolePath));
  announce_others(server, log);
  // Who waits for the ready line may look at the log then: it has all that the start had to say.
  log.settle(std::chrono::seconds(1));
  announce(server, addresses, config, settings);
  server.run();
  return 0;
}

}  // namespace ecr::server
