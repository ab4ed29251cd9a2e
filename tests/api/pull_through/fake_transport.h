// A network of upstream registries in memory: answers by URL, what was asked, and what went along.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "api/core/wire/transport.h"

namespace ecr::api::test {

class FakeTransport : public Transport {
 public:
  struct Answer {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string body = {};
    // Bytes of the body after which the connection breaks off; npos: it does not.
    std::size_t breaks_after = std::string::npos;
  };
  struct Asked {
    std::string url;
    std::string authorization;  // empty: none
    bool private_allowed = false;
  };

  void exchange(const ExchangeRequest& request, const OnHead& on_head,
                const OnBody& on_body) override {
    Answer answer;
    {
      std::unique_lock lock(mutex_);
      Asked asked{request.url.text(), "", request.private_allowed};
      for (const auto& [name, value] : request.headers) {
        if (name == "Authorization") asked.authorization = value;
      }
      asked_.push_back(asked);
      changed_.notify_all();
      changed_.wait(lock, [&] { return held_.count(asked.url) == 0; });
      if (guard && guard(asked)) {
        answer = *guard(asked);
      } else if (const auto found = answers_.find(asked.url); found != answers_.end()) {
        answer = found->second;
      } else {
        throw TransportError("nothing answers");
      }
    }
    if (!on_head({answer.status, answer.headers})) return;
    for (std::size_t at = 0; at < answer.body.size(); at += kPiece) {
      if (at >= answer.breaks_after) {
        throw TransportError("it breaks off");
      }
      on_body(std::string_view(answer.body).substr(at, kPiece));
    }
  }

  void set(const std::string& url, Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_[url] = std::move(answer);
  }
  void remove(const std::string& url) {
    const std::lock_guard lock(mutex_);
    answers_.erase(url);
  }
  // A request for the URL waits until it is released.
  void hold(const std::string& url) {
    const std::lock_guard lock(mutex_);
    held_[url] = true;
  }
  void release(const std::string& url) {
    const std::lock_guard lock(mutex_);
    held_.erase(url);
    changed_.notify_all();
  }
  std::vector<Asked> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  std::size_t times_asked(const std::string& url) {
    const std::lock_guard lock(mutex_);
    std::size_t times = 0;
    for (const Asked& one : asked_) times += one.url == url ? 1 : 0;
    return times;
  }

  // Asked first, where it is there; null: as the table says.
  std::function<const Answer*(const Asked&)> guard;

 private:
  static constexpr std::size_t kPiece = 1000;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Answer> answers_;
  std::map<std::string, bool> held_;
  std::vector<Asked> asked_;
};

}  // namespace ecr::api::test
