// Services of AWS that pull images for their customers: as whom each asks ECR, for what, and which
// condition keys its requests carry. Pure; thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ecr::api::admin::service_pull {

struct PullingService {
  std::string_view name;       // as the question names it: "lambda"
  std::string_view title;      // "AWS Lambda"
  std::string_view principal;  // its service principal, which a role for it has to trust
  // On the repository, to read an image.
  std::span<const std::string_view> actions;
  // It asks as itself where no role is given; else only as a role of the customer's.
  bool asks_as_itself = false;
  // A role asks for a registry token first, as docker login does. The service itself needs none.
  bool role_needs_token = true;
  // The end of the ARN of what it pulls for, where the question names none: "function:example".
  std::string_view source_service;
  std::string_view source_resource;
};

std::span<const PullingService> pulling_services();
std::vector<std::string> pulling_service_names();
// REQUIRES: one of the names.
const PullingService& pulling_service(std::string_view name);

}  // namespace ecr::api::admin::service_pull
