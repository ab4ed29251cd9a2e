#include "api/images/push/push.h"

#include "api/core/background/events.h"
#include "api/images/push/replication.h"
#include "api/images/push/signing.h"
#include "api/images/scan/scan_jobs.h"

namespace ecr::api {

void image_arrived(const Core& core, storage::sql::Txn& txn, const PushedImage& image,
                   base::TimePoint now) {
  replication::enqueue_replication(core, txn, image.repository, image.image.digest, image.tag, now);
  scan::scan_pushed_image(core, txn, image.repository, image.image, now);
}

// All of it is part of the push's own transaction: rows of events and of jobs, which run later.
PutImageResult push_image(const Request& request, const storage::Repository& repository,
                          const SentManifest& sent, std::string_view tag) {
  PutImageResult result = put_image(request.txn, repository, sent, tag, request.now);
  if (result.unchanged) return result;
  record_event(request.core, request.txn, request.now,
               push_or_delete_event(repository, ImageAction::kPush, result.image, tag),
               request.http.id);
  image_arrived(request.core, request.txn, {repository, result.image, tag}, request.now);
  signing::sign_pushed_image(request, repository, result.image);
  return result;
}

}  // namespace ecr::api
