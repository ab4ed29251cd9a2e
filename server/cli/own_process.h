// A server of this same program as a child process, in memory and on a port of its own, for the
// commands that need one to show something.
#pragma once

#include <string>
#include <sys/types.h>

namespace ecr::server {

class OwnProcess {
 public:
  // Waits until it is ready. Throws std::runtime_error with what it wrote where it is not.
  OwnProcess();
  // Stops it and waits for its end.
  ~OwnProcess();
  OwnProcess(const OwnProcess&) = delete;
  OwnProcess& operator=(const OwnProcess&) = delete;

  const std::string& url() const { return url_; }  // "http://127.0.0.1:PORT"

 private:
  pid_t pid_ = -1;
  std::string url_;
};

}  // namespace ecr::server
