// The calls of the ECR API that a registry request stands for, as CloudTrail shows a push or a
// pull: InitiateLayerUpload, UploadLayerPart, CompleteLayerUpload and PutImage; BatchGetImage,
// GetDownloadUrlForLayer and BatchCheckLayerAvailability. A handler begins a call before it does
// the call's work, and ends it with the call's output (LogNote::begin_call, end_call): an error in
// between is the error of that call. Source: Amazon ECR User Guide, "Logging Amazon ECR actions
// with AWS CloudTrail".
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "api/registry/registry_request.h"

namespace ecr::api::registry {

// registryId and repositoryName, which every call of this plane has. A route without a repository
// leaves the second out.
Json repository_members(const std::string& account, const std::string& repository);

// A call with these two members alone.
void begin_plain_call(const RegistryRequest& request, std::string operation);
// GET or HEAD of a manifest: BatchGetImage, with the media types that the client accepts.
void begin_manifest_read(const RegistryRequest& request);
// GET of a blob: GetDownloadUrlForLayer. HEAD: BatchCheckLayerAvailability.
void begin_blob_read(const RegistryRequest& request);

// {"imageDigest": ...} or {"imageTag": ...}.
Json image_id(const std::string& reference);

// Puts the calls of a request that has ended into the log of calls; nothing where the note names no
// caller.
void record_calls(const Core& core, const HttpRequest& request, const LogNote& note);

}  // namespace ecr::api::registry
