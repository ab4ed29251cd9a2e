// The certificates of --tls auto: one for each name that clients ask for (SNI), issued at the first
// request for the name and again before it expires. So the names of every account and region work,
// without configuration. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "schemas/base/bounded_memo.h"
#include "schemas/base/clock.h"
#include "server/tls/certificate_authority.h"

namespace ecr::server {

class ServerCertificates {
 public:
  // `names` are in every certificate. `clock` is the machine's. All outlive the object.
  ServerCertificates(const CertificateAuthority& authority, std::vector<std::string> names,
                     const base::Clock& clock);

  // The certificate for a client that asked for `name`: a DNS name, or the address that it
  // connected to. Any other text gets the certificate that has only the names given at
  // construction.
  std::shared_ptr<X509> get(std::string name);
  EVP_PKEY* key() const { return key_.get(); }

 private:
  struct Entry {
    std::shared_ptr<X509> certificate;
    base::TimePoint renew_at;
  };

  const CertificateAuthority& authority_;
  const std::vector<std::string> names_;
  const base::Clock& clock_;
  const base::openssl::PKey key_;
  std::mutex mutex_;
  static constexpr std::size_t kMostIssued = 256;
  base::BoundedMemo<std::string, Entry> issued_{kMostIssued};  // under mutex_
};

// The names in every certificate: localhost, AWS's API and registry names in `region`, the hosts of
// `listen` (as "HOST:PORT"), the registry's template, and `more`. Each once. Pure.
std::vector<std::string> certificate_names(const std::string& region,
                                           const std::string& registry_host,
                                           const std::vector<std::string>& listen,
                                           const std::vector<std::string>& more);

// True for a name that may stand in a certificate: letters, digits, '-', '_' and dots, "*." in
// front. Pure.
bool is_dns_name(const std::string& text);

}  // namespace ecr::server
