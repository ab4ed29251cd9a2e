#include "server/tls/certificate_authority.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/x509v3.h>

#include "schemas/base/text.h"
#include "storage/os/posix.h"

namespace ecr::server {
namespace {

using base::openssl::add_extension;
using base::openssl::add_to_subject;
using base::openssl::new_certificate;
using base::openssl::pem_of;
using base::openssl::require_ok;
using storage::Fd;

constexpr long kDay = 86'400;
// Ten years: every client of the machine has to be told to trust the authority, and users should
// not have to repeat that soon. Ninety days for a server's certificate is far below the 825 days
// that Apple's platforms accept from an authority that a user added, and costs nothing because
// renewal is automatic.
constexpr long kAuthorityDays = 3650;
constexpr long kLeafDays = 90;

void set_subject(X509* certificate, const std::string& name) {
  add_to_subject(certificate, "O", "ECR Local");
  add_to_subject(certificate, "CN", name);
}

// "DNS:localhost,IP:127.0.0.1". Clients look at the alternative names alone, and for an address
// only at those of the kind IP (RFC 6125, 6.4.4; RFC 5280, 4.2.1.6).
std::string alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ',';
    text += (is_ip_address(name) ? "IP:" : "DNS:") + name;
  }
  return text;
}

[[noreturn]] void fail(const std::string& file, const char* what) {
  throw std::runtime_error(base::format("{}: {}: {}", file, what, std::strerror(errno)));
}

// Empty where there is no such file. Any other failure throws.
std::string read_file(int directory, const char* name, const std::string& place) {
  const std::string file = place + "/" + name;
  const Fd fd = storage::open_file(directory, name, O_RDONLY, file);
  std::string text;
  if (!fd) return text;
  storage::read_all(
      fd.get(), [&](std::string_view bytes) { text += bytes; }, file);
  return text;
}

// Writes a file whole or not at all: under another name first, then renamed. A name left by a
// process that died is removed before. O_EXCL makes the file anew, so a link that another user put
// there is not followed, and the mode holds from the first byte on.
void write_file(int directory, const char* name, const std::string& text, mode_t mode,
                const std::string& place) {
  const std::string next = std::string(name) + ".new";
  ::unlinkat(directory, next.c_str(), 0);
  const Fd fd(::openat(directory, next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) fail(place + "/" + next, "cannot be made");
  storage::write_all(fd.get(), text, 0, place + "/" + next);
  // The data is on the disk before the name is. Otherwise a power failure could leave an empty
  // ca-key.pem, and with it an authority that clients trust and that can sign nothing.
  storage::sync_data(fd.get(), place + "/" + next);
  if (::renameat(directory, next.c_str(), directory, name) != 0) fail(place, "cannot be written");
}

// Makes and opens the directory, and locks it until the descriptor closes: two processes (`serve`
// and `ca`) must not make two authorities, of which one would overwrite the other.
Fd open_locked(const std::string& parent, const std::string& place) {
  // The data directory holds keys, so only its owner may enter it. `tls` itself may be read by
  // other users if they get that far: ca.pem is public, and ca-key.pem has its own mode.
  if (::mkdir(parent.c_str(), 0700) != 0 && errno != EEXIST) fail(parent, "cannot be made");
  if (::mkdir(place.c_str(), 0755) != 0 && errno != EEXIST) fail(place, "cannot be made");
  Fd directory(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) fail(place, "cannot be opened");
  if (::flock(directory.get(), LOCK_EX) != 0) fail(place, "cannot be locked");
  return directory;
}

}  // namespace

bool is_ip_address(const std::string& text) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

CertificateAuthority::CertificateAuthority(const std::string& directory, base::TimePoint now) {
  if (directory.empty()) {
    make(now);
    return;
  }
  const std::string place = directory + "/tls";
  const Fd locked = open_locked(directory, place);
  // An authority must outlive the certificates that it issues. It is replaced when fewer than two
  // of their lifetimes are left (CertificatesTest.AnAuthorityNearItsEndIsReplaced).
  if (load(locked.get(), place)) {
    auto soon = static_cast<time_t>(
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count() +
        2 * kLeafDays * kDay);
    if (X509_cmp_time(X509_get0_notAfter(certificate_.get()), &soon) > 0) return;
  }
  make(now);
  save(locked.get(), place);
}

void CertificateAuthority::make(base::TimePoint now) {
  key_ = base::openssl::make_p256_key();
  certificate_ = new_certificate(key_.get(), now, kAuthorityDays);
  X509* const certificate = certificate_.get();
  // The name holds the beginning of the serial number: a trust store that has several of these
  // authorities shows which is which.
  const auto* serial = X509_get0_serialNumber(certificate);
  std::string number;
  for (int i = 0; i < 4 && i < serial->length; ++i)
    number += base::format("{:02x}", serial->data[i]);
  set_subject(certificate, "ECR Local CA " + number);
  require_ok(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)), "an issuer");
  // A self-signed certificate is its own issuer. pathlen:0: it may issue servers' certificates and
  // no further authority (RFC 5280, 4.2.1.9).
  add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
  require_ok(X509_sign(certificate, key_.get(), EVP_sha256()), "signing a certificate");
  pem_ = pem_of(certificate);
}

// False: there is none yet.
bool CertificateAuthority::load(int directory, const std::string& place) {
  pem_ = read_file(directory, "ca.pem", place);
  if (pem_.empty()) return false;
  // A certificate without its key is not replaced silently: clients already trust it, and the key
  // may be restored from a backup.
  const std::string key = read_file(directory, "ca-key.pem", place);
  if (key.empty()) {
    throw std::runtime_error(
        place + "/ca-key.pem is missing; without tls/ca.pem too, a new authority is made");
  }
  certificate_ = base::openssl::read_certificate(pem_);
  key_ = base::openssl::read_private_key(key);
  const bool fit =
      certificate_ && key_ && X509_check_private_key(certificate_.get(), key_.get()) == 1;
  // A pair that does not fit leaves its reasons in OpenSSL's queue of this thread, where a later
  // TLS call would find them.
  ERR_clear_error();
  if (!fit) throw std::runtime_error(place + ": ca.pem and ca-key.pem are not a pair");
  return true;
}

// The key comes first: a process that dies in between leaves a key without a certificate, which
// load() takes for "none yet". The other order would leave what it refuses.
void CertificateAuthority::save(int directory, const std::string& place) const {
  write_file(directory, "ca-key.pem", pem_of(key_.get()), 0600, place);
  write_file(directory, "ca.pem", pem_, 0644, place);
  storage::sync_directory(directory, place);
}

base::openssl::Certificate CertificateAuthority::issue(const std::vector<std::string>& names,
                                                       EVP_PKEY* key, base::TimePoint now) const {
  base::openssl::Certificate made = new_certificate(key, now, kLeafDays);
  X509* const certificate = made.get();
  X509* const issuer = certificate_.get();
  // ub-common-name of RFC 5280, appendix A. Clients ignore the common name when there are
  // alternative names; it is for people that look at the certificate.
  constexpr std::size_t kMostName = 64;  // the longest common name
  set_subject(certificate, names.front().size() <= kMostName ? names.front() : "ECR Local");
  require_ok(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)), "an issuer");
  // An end certificate: it signs handshakes, and only as a server.
  add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature");
  add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth");
  add_extension(certificate, issuer, NID_subject_alt_name, alternative_names(names));
  add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
  require_ok(X509_sign(certificate, key_.get(), EVP_sha256()), "signing a certificate");
  return made;
}

}  // namespace ecr::server
