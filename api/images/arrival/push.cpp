#include "api/images/arrival/push.h"

#include "api/core/work/events.h"
#include "api/images/replication/replicate.h"
#include "api/images/scan/scan_jobs.h"
#include "api/images/signing/signing_jobs.h"

namespace ecr::api {

void follow_push(const Services& services, const Caller& caller, const RequestFacts& facts,
                 const PushedImage& pushed) {
  record_event(
      services, facts.txn, facts.now,
      push_or_delete_event(pushed.repository, ImageAction::kPush, pushed.image, pushed.tag),
      facts.http.id);
  replication::image_arrived(services, facts.txn, pushed.repository, pushed.image.digest,
                             pushed.tag, facts.now);
  scan::scan_pushed_image(services, facts.txn, pushed.repository, pushed.image, facts.now);
  signing::sign_pushed_image(services, caller, facts, pushed.repository, pushed.image);
}

}  // namespace ecr::api
