// Where containers and machines of AWS find the credentials of their roles, as SDKs ask for them:
// the container credentials endpoint, and the instance metadata service (version 2), which has a
// listener of its own. Thread-safe; blocking.
// Sources: AWS SDKs and Tools Reference Guide, "Container credential provider", "IMDS credential
// provider"; Amazon EC2 User Guide, "Use the Instance Metadata Service to access instance
// metadata".
#pragma once

#include <string>
#include <string_view>

#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "api/metadata/instance_tokens.h"
#include "api/sts/service_sessions.h"

namespace ecr::api::metadata {

struct MetadataOptions {
  // What containers send as Authorization; empty: there are no credentials for containers.
  std::string container_token = {};
  // The role of the instance; the name is empty where it has none.
  std::string instance_account = {};
  std::string instance_role = {};
};

// True for the paths of the container credentials endpoint, which is beside the other planes.
bool is_container_path(std::string_view path);

class MetadataPlane {
 public:
  // `services` outlives the plane.
  MetadataPlane(const Services& services, MetadataOptions options)
      : services_(services),
        options_(std::move(options)),
        sessions_(services),
        tokens_(services.machine_clock, services.random) {}

  // A request of the instance's listener, or one whose path is_container_path().
  HttpResponse handle(const HttpRequest& request);

 private:
  HttpResponse container(const HttpRequest& request);
  HttpResponse instance(const HttpRequest& request);
  HttpResponse instance_token(const HttpRequest& request);
  HttpResponse instance_credentials(const HttpRequest& request);
  HttpResponse instance_profile() const;
  HttpResponse instance_document() const;

  const Services& services_;
  const MetadataOptions options_;
  sts::ServiceSessions sessions_;
  InstanceTokens tokens_;
};

}  // namespace ecr::api::metadata
