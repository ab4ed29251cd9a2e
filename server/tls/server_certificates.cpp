#include "server/tls/server_certificates.h"

#include <algorithm>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/aws_hosts.h"
#include "server/runtime/listen_address.h"

namespace ecr::server {
namespace {

// A month before the end, so a client whose clock is wrong by days still accepts the certificate.
constexpr std::chrono::hours kRenewAfter{24 * 60};  // 60 days; a certificate is valid for 90

// RFC 1035, 2.3.4: a label has at most 63 octets. The underscore is allowed because names of
// compose services have it.
bool is_label(std::string_view label) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), fits);
}

// The certificate name for --registry-host "{account}.dkr.ecr.{region}.example:{port}": a wildcard,
// as the template names the registry of every account.
std::string name_of_template(std::string host, const std::string& region) {
  base::replace_all(host, "{account}", "*");
  base::replace_all(host, "{region}", region);
  // A certificate names hosts without a port.
  return host.substr(0, host.find(':'));
}

}  // namespace

bool is_dns_name(const std::string& text) {
  // 255 octets on the wire (RFC 1035, 2.3.4) are 253 characters of text.
  if (text.empty() || text.size() > 253) return false;
  std::string_view rest = text;
  if (rest.starts_with("*.")) rest.remove_prefix(2);
  for (;;) {
    const std::size_t dot = rest.find('.');
    if (!is_label(rest.substr(0, dot))) return false;
    if (dot == rest.npos) return true;
    rest.remove_prefix(dot + 1);
  }
}

std::vector<std::string> certificate_names(const std::string& region,
                                           const std::string& registry_host,
                                           const std::vector<std::string>& listen,
                                           const std::vector<std::string>& more) {
  // A wildcard stands for one label (RFC 6125, 6.4.3), so the names of accounts and of the region
  // need entries of their own. Some clients refuse "*.localhost" because its parent is a top-level
  // name; for them certificates are issued by name, see get().
  std::vector<std::string> names{"localhost", "*.localhost", "127.0.0.1", "::1"};
  for (std::string& name : model::aws_hosts(region, "*")) names.push_back(std::move(name));
  names.push_back(base::format("*.dkr.ecr.{}.localhost", region));
  names.push_back(base::format("*.dkr.ecr.{}.localhost.localstack.cloud", region));
  names.emplace_back("localhost.localstack.cloud");
  if (!registry_host.empty()) names.push_back(name_of_template(registry_host, region));
  for (const std::string& text : listen) {
    names.push_back(parse_listen_address(text, "--tls-listen").host);
  }
  names.insert(names.end(), more.begin(), more.end());
  std::vector<std::string> good;
  for (std::string& name : names) {
    if (!is_ip_address(name)) name = base::to_lower(name);
    // Addresses to listen on, and no addresses to connect to.
    if (name == "0.0.0.0" || name == "::") continue;
    if (!is_ip_address(name) && !is_dns_name(name)) continue;
    if (std::find(good.begin(), good.end(), name) == good.end()) good.push_back(name);
  }
  return good;
}

ServerCertificates::ServerCertificates(const CertificateAuthority& authority,
                                       std::vector<std::string> names, const base::Clock& clock)
    // One key for all certificates: making one takes longer than signing, and the key never leaves
    // the process.
    : authority_(authority),
      names_(std::move(names)),
      clock_(clock),
      key_(base::openssl::make_p256_key()) {}

std::shared_ptr<X509> ServerCertificates::get(std::string name) {
  if (!is_ip_address(name)) {
    name = base::to_lower(name);
    // SNI is the client's text. A wildcard asked for by a client would be a certificate for more
    // than the name it connects to.
    if (!is_dns_name(name) || name.starts_with('*')) name.clear();
  }
  const base::TimePoint now = clock_.now();
  // Signing happens under the lock. It takes well under a millisecond with P-256, and two clients
  // that ask for one name at once get one certificate.
  const std::lock_guard lock(mutex_);
  const Entry* const found = issued_.find(name);
  if (found != nullptr && now < found->renew_at) return found->certificate;
  std::vector<std::string> names = names_;
  if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
    names.insert(names.begin(), name);
  }
  std::shared_ptr<X509> made(authority_.issue(names, key_.get(), now).release(),
                             base::openssl::Free());
  // Clients choose the names, so the memo is bounded; a name that fell out is signed again
  // (CertificatesTest.ManyNamesAreNotAllKept).
  issued_.put(name, Entry{made, now + kRenewAfter});
  return made;
}

}  // namespace ecr::server
