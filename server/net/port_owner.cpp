#include "server/net/port_owner.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "schemas/base/text.h"

namespace ecr::server {
namespace {

namespace fs = std::filesystem;

// "socket:[inode]" of whatever listens on the port. The lines of /proc/net/tcp:
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
