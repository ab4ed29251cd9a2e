// The handlers of the registry's routes. Each runs inside the session's transaction; what it throws
// becomes the OCI error form in registry_plane.cpp.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "api/registry/session.h"

namespace ecr::api::registry {

// What is left to do once the transaction is over.
using AfterCommit = std::vector<std::function<void()>>;

HttpResponse get_manifest(Session& session, LogNote& note, AfterCommit& after);  // and HEAD
HttpResponse put_manifest(Session& session, LogNote& note);
HttpResponse delete_manifest(Session& session, LogNote& note);
HttpResponse get_blob(Session& session, LogNote& note);  // and HEAD
HttpResponse delete_blob(Session& session, LogNote& note);
HttpResponse list_tags(Session& session, LogNote& note);
HttpResponse list_referrers(Session& session, LogNote& note);
HttpResponse list_repositories(Session& session, LogNote& note);
HttpResponse upload_status(Session& session, LogNote& note);
HttpResponse cancel_upload(Session& session, LogNote& note, AfterCommit& after);

// POST, PATCH and PUT of uploads, before their bodies.
using UploadStart = std::variant<HttpResponse, std::unique_ptr<BodySink>>;
UploadStart start_upload(const Services& services, const HttpRequest& request,
                         const Credentials& credentials, const Route& route, LogNote& note);
UploadStart continue_upload(const Services& services, const HttpRequest& request,
                            const Credentials& credentials, const Route& route, LogNote& note);

}  // namespace ecr::api::registry
