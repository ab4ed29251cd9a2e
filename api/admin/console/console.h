// The web console below /_ecr-local/console: its pages, and the sign-in of browsers. The pages are
// open, as they are the same for everybody and have to be there before anybody can sign in; what
// they show comes from the other paths below /_ecr-local/, on the rules of those. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "api/admin/admin_routes.h"
#include "api/admin/console/files.h"
#include "api/admin/console/sign_in.h"
#include "api/core/services.h"

namespace ecr::api::admin::console {

inline constexpr std::string_view kConsolePath = "/_ecr-local/console";

class Console {
 public:
  // `clock`: the machine's. All arguments by reference outlive it.
  Console(const Settings& settings, base::Random& random, const base::Clock& clock,
          std::vector<ConsoleFile> files);
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // It outlives them.
  std::vector<AdminRoute> routes();
  // For AdminRoutes::accept().
  bool is_signed_in(const HttpRequest& request) const { return sign_in_.is_signed_in(request); }

 private:
  HttpResponse answer_page(const ConsoleFile& file, const HttpRequest& request) const;
  HttpResponse answer_session(const HttpRequest& request) const;
  HttpResponse answer_sign_in(const HttpRequest& request);
  bool may_use(const HttpRequest& request) const;

  const Settings& settings_;
  SignIn sign_in_;
  const std::vector<ConsoleFile> files_;
  std::vector<std::string> paths_;  // of the files, in their order
};

// http://localhost:4599/_ecr-local/console, as the client of the request sees it.
std::string console_address(const HttpRequest& request);

}  // namespace ecr::api::admin::console
