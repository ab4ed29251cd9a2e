// The calls of the ECR API that a registry request stands for, as CloudTrail shows a push or a
// pull: InitiateLayerUpload, UploadLayerPart, CompleteLayerUpload and PutImage; BatchGetImage,
// GetDownloadUrlForLayer and BatchCheckLayerAvailability.
// Source: Amazon ECR User Guide, "Logging Amazon ECR actions with AWS CloudTrail".
#pragma once

#include <cstdint>
#include <memory>

#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::registry {

// How much of an upload's body was received.
struct ReceivedBody {
  std::uint64_t bytes = 0;
};

// Records the request, answered by `response`; nothing where its note names no caller. `body`: of a
// request whose body was received by a sink.
void record_calls(const Services& services, const HttpRequest& request,
                  const HttpResponse& response, const ReceivedBody* body = nullptr);

// A sink of an upload that is recorded when its body ends, well or not. `head` outlives it.
class RecordingSink : public BodySink {
 public:
  RecordingSink(const Services& services, const HttpRequest& head, LogNote note,
                std::unique_ptr<BodySink> inner);
  void write(std::string_view bytes) override;
  HttpResponse finish() override;

 private:
  const Services& services_;
  const HttpRequest& head_;
  const LogNote note_;
  std::unique_ptr<BodySink> inner_;
  ReceivedBody body_;
};

}  // namespace ecr::api::registry
