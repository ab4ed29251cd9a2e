#include "api/images/push/push.h"

#include "api/core/background/events.h"
#include "api/images/push/replication.h"
#include "api/images/push/signing.h"
#include "api/images/scan/scan_jobs.h"

namespace ecr::api {

void follow_push(const Services& services, const Caller& caller, const RequestContext& request,
                 const PushedImage& pushed) {
  // All of it is part of the push's own transaction: rows of events and of jobs, which run later.
  record_event(
      services, request.txn, request.now,
      push_or_delete_event(pushed.repository, ImageAction::kPush, pushed.image, pushed.tag),
      request.http.id);
  replication::enqueue_replication(services, request.txn, pushed.repository, pushed.image.digest,
                                   pushed.tag, request.now);
  scan::scan_pushed_image(services, request.txn, pushed.repository, pushed.image, request.now);
  signing::sign_pushed_image(services, caller, request, pushed.repository, pushed.image);
}

}  // namespace ecr::api
