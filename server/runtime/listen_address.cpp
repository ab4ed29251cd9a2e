#include "server/runtime/listen_address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "schemas/base/text.h"

namespace ecr::server {
namespace {

namespace fs = std::filesystem;

// "socket:[inode]" of each socket that listens on the port. The lines of /proc/net/tcp (proc(5)):
//   sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ...
std::set<std::string> listening_sockets(std::uint16_t port) {
  // TCP_LISTEN of the kernel (include/net/tcp_states.h), in hexadecimal.
  constexpr std::string_view kListen = "0A";
  const std::string end = base::format(":{:04X}", port);
  std::set<std::string> sockets;
  for (const char* name : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(name);
    std::string line;
    std::getline(file, line);  // the header
    while (std::getline(file, line)) {
      std::istringstream words(line);
      std::array<std::string, 10> word;
      for (std::string& each : word) words >> each;
      // Only the port is compared and not the address: a socket on another address of the port may
      // be the one in the way (0.0.0.0 is).
      if (word[1].ends_with(end) && word[3] == kListen) sockets.insert("socket:[" + word[9] + "]");
    }
  }
  return sockets;
}

// Descriptors of other users' processes cannot be read. Errors are ignored: a missing name makes
// the message shorter and nothing else.
bool holds(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code ec;
  for (fs::directory_iterator it(process / "fd", ec), end; !ec && it != end; it.increment(ec)) {
    std::error_code ignored;
    if (sockets.contains(fs::read_symlink(it->path(), ignored).string())) return true;
  }
  return false;
}

bool is_number_text(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

ListenAddress parse_listen_address(const std::string& text, const std::string& flag) {
  // The last colon, because an IPv6 address has colons of its own.
  const std::size_t colon = text.rfind(':');
  ListenAddress address;
  const std::string_view port =
      colon == std::string::npos ? std::string_view() : std::string_view(text).substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size()) {
    throw std::runtime_error(flag + " " + text + ": must be HOST:PORT or PORT");
  }
  address.host = text.substr(0, colon);
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
  } else if (address.host.find(':') != std::string::npos) {
    throw std::runtime_error(flag + " " + text + ": an IPv6 address needs brackets");
  }
  // ":4599" means every address, as in Docker's and Go's notation.
  if (address.host.empty()) address.host = "0.0.0.0";
  return address;
}

std::vector<ListenAddress> parse_listen_addresses(const std::string& text,
                                                  const std::string& flag) {
  if (!is_number_text(text)) return {parse_listen_address(text, flag)};
  ListenAddress four = parse_listen_address("127.0.0.1:" + text, flag);
  ListenAddress six = four;
  six.host = "::1";
  six.optional = true;  // not every machine has IPv6
  return {four, six};
}

// Takes the text and looks nothing up, because what a name resolves to may change:
// "127.example.com" may be any machine. localhost is always loopback (RFC 6761, 6.3). The result
// guards the default credentials, see guard_default_credentials() in server/serve.cpp.
bool is_loopback(const ListenAddress& address) {
  in_addr four{};
  if (inet_pton(AF_INET, address.host.c_str(), &four) == 1) {
    return address.host.starts_with("127.");  // 127.0.0.0/8
  }
  return address.host == "localhost" || address.host == "::1";
}

// Two steps, because /proc shows sockets without their process: the inodes of listening sockets,
// then the process that has such an inode among its descriptors. Test:
// PortOwner.IsTheProcessThatListens.
std::string port_owner(std::uint16_t port) {
  const std::set<std::string> sockets = listening_sockets(port);
  if (sockets.empty()) return {};
  std::error_code ec;
  for (fs::directory_iterator it("/proc", ec), end; !ec && it != end; it.increment(ec)) {
    const std::string pid = it->path().filename().string();
    if (!is_number_text(pid) || !holds(it->path(), sockets)) continue;
    std::ifstream file(it->path() / "comm");
    std::string name;
    std::getline(file, name);
    return base::format("process {} ({})", pid, name);
  }
  return {};
}

}  // namespace ecr::server
