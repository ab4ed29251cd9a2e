// What an image that was pushed brings about, whichever plane it came by: its event, its
// replication, its scan, its signatures.
#pragma once

#include <string_view>

#include "api/core/access/gate.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"

namespace ecr::api {

struct PushedImage {
  const storage::Repository& repository;
  const storage::Image& image;
  std::string_view tag;  // empty: none
};

// REQUIRES: the image changed something in the repository (put_image's `unchanged` is false); the
// write transaction of it is facts.txn.
void follow_push(const Services& services, const Caller& caller, const RequestFacts& facts,
                 const PushedImage& pushed);

}  // namespace ecr::api
