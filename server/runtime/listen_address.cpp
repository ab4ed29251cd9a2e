#include "server/runtime/listen_address.h"

#include <algorithm>
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
      if (word[1].ends_with(end) && word[3] == kListen) sockets.insert("socket:[" + word[9] + "]");
    }
  }
  return sockets;
}

bool holds(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code ec;
  for (fs::directory_iterator it(process / "fd", ec), end; !ec && it != end; it.increment(ec)) {
    std::error_code ignored;
    if (sockets.contains(fs::read_symlink(it->path(), ignored).string())) return true;
  }
  return false;
}

bool is_process_number(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

ListenAddress parse_listen_address(const std::string& text, const std::string& flag) {
  const std::size_t colon = text.rfind(':');
  ListenAddress address;
  const std::string_view port =
      colon == std::string::npos ? std::string_view() : std::string_view(text).substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size()) {
    throw std::runtime_error(flag + " " + text + ": must be HOST:PORT");
  }
  address.host = text.substr(0, colon);
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
  } else if (address.host.find(':') != std::string::npos) {
    throw std::runtime_error(flag + " " + text + ": an IPv6 address needs brackets");
  }
  if (address.host.empty()) address.host = "0.0.0.0";
  return address;
}

bool is_loopback(const ListenAddress& address) {
  return address.host == "localhost" || address.host == "::1" || address.host.starts_with("127.");
}

std::string port_owner(std::uint16_t port) {
  const std::set<std::string> sockets = listening_sockets(port);
  if (sockets.empty()) return {};
  std::error_code ec;
  for (fs::directory_iterator it("/proc", ec), end; !ec && it != end; it.increment(ec)) {
    const std::string pid = it->path().filename().string();
    if (!is_process_number(pid) || !holds(it->path(), sockets)) continue;
    std::ifstream file(it->path() / "comm");
    std::string name;
    std::getline(file, name);
    return base::format("process {} ({})", pid, name);
  }
  return {};
}

}  // namespace ecr::server
