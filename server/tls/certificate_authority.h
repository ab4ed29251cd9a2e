// A certificate authority for --tls auto that belongs to this machine: clients trust its
// certificate, and it issues the server's. Thread-safe once made.
//
// In a directory:  tls/ca.pem      the certificate, PEM, valid for ten years; any user may read it
//                  tls/ca-key.pem  its key (EC P-256), PEM, mode 0600
#pragma once

#include <string>
#include <vector>

#include "schemas/base/clock.h"
#include "schemas/base/openssl.h"

namespace ecr::server {

class CertificateAuthority {
 public:
  // Reads the authority that is kept in `directory`, or makes it when there is none yet or it is
  // about to end. With an empty `directory` it makes one that is kept nowhere. Throws
  // std::runtime_error, naming the file.
  CertificateAuthority(const std::string& directory, base::TimePoint now);

  const std::string& certificate() const { return pem_; }  // PEM

  // A server's certificate for `names` (DNS names, perhaps "*.x.y", and addresses), good for 90
  // days. REQUIRES: names is not empty.
  base::openssl::Certificate issue(const std::vector<std::string>& names, EVP_PKEY* key,
                                   base::TimePoint now) const;

 private:
  void make(base::TimePoint now);
  bool load(int directory, const std::string& place);
  void save(int directory, const std::string& place) const;

  base::openssl::PKey key_;
  base::openssl::Certificate certificate_;
  std::string pem_;
};

bool is_ip_address(const std::string& text);

}  // namespace ecr::server
