#include "api/registry/calls.h"

#include <nlohmann/json.hpp>

#include "api/core/background/call_record.h"
#include "api/core/background/event_log.h"
#include "api/core/wire/error.h"
#include "schemas/base/encoding.h"
#include "schemas/model/arn.h"

namespace ecr::api::registry {
namespace {

std::vector<std::string> accept_headers(const HttpRequest& request) {
  std::vector<std::string> headers;
  for (const auto& [name, value] : request.headers.fields()) {
    if (base::equals_ignore_case(name, "accept")) headers.emplace_back(value);
  }
  return headers;
}

// acceptedMediaTypes: the types of the Accept headers, without parameters.
Json accepted_types(const std::vector<std::string>& headers) {
  Json types = Json::array();
  for (std::string_view rest : headers) {
    while (!rest.empty()) {
      std::string_view type = rest.substr(0, rest.find(','));
      rest = type.size() == rest.size() ? std::string_view() : rest.substr(type.size() + 1);
      type = type.substr(0, type.find(';'));
      while (type.starts_with(' ')) type.remove_prefix(1);
      while (type.ends_with(' ')) type.remove_suffix(1);
      if (!type.empty() && type != "*/*") types.push_back(std::string(type));
    }
  }
  return types;
}

// CloudTrail's resources name the repository and its account.
void set_resource(CallRecord& record, const std::string& account, const std::string& repository) {
  if (repository.empty()) return;
  record.resources.emplace_back(model::repository_arn(record.region, account, repository), account);
}

// Input, output and resources are made only if the record is written: clients send more reads than
// all other requests, and most records of reads are dropped before (event_log.h).
std::function<void(CallRecord&)> completion(const NotedCall& call, const std::string& account,
                                            const std::string& repository) {
  return [input = call.input, output = call.output, account, repository](CallRecord& record) {
    record.input = std::make_shared<const Json>(input());
    if (output) record.output = std::make_shared<const Json>(output());
    set_resource(record, account, repository);
  };
}

}  // namespace

Json repository_members(const std::string& account, const std::string& repository) {
  Json members = {{"registryId", account}};
  if (!repository.empty()) members["repositoryName"] = repository;
  return members;
}

Json image_id(const std::string& reference) {
  const bool digest = reference.find(':') != std::string::npos;
  return {{digest ? "imageDigest" : "imageTag", reference}};
}

void begin_plain_call(const RegistryRequest& request, std::string operation) {
  request.note.begin_call(std::move(operation),
                          [account = request.registry.account, name = request.route.name_text()] {
                            return repository_members(account, name);
                          });
}

void begin_manifest_read(const RegistryRequest& request) {
  request.note.begin_call("BatchGetImage",
                          [account = request.registry.account, route = request.route,
                           accept = accept_headers(request.http)] {
                            Json input = repository_members(account, route.name_text());
                            input["imageIds"] = Json::array({image_id(route.reference)});
                            if (Json types = accepted_types(accept); !types.empty())
                              input["acceptedMediaTypes"] = types;
                            return input;
                          });
}

void begin_blob_read(const RegistryRequest& request) {
  const bool head = request.http.method == "HEAD";
  request.note.begin_call(head ? "BatchCheckLayerAvailability" : "GetDownloadUrlForLayer",
                          [account = request.registry.account, route = request.route, head] {
                            Json input = repository_members(account, route.name_text());
                            if (head) {
                              input["layerDigests"] = Json::array({route.reference});
                            } else {
                              input["layerDigest"] = route.reference;
                            }
                            return input;
                          });
}

void record_calls(const Core& core, const HttpRequest& request, const LogNote& note) {
  if (!note.identity) return;
  for (const NotedCall& call : note.calls) {
    CallRecord record;
    record.time = core.clock.now();
    record.service = "ecr";
    record.operation = call.operation;
    record.region = note.registry.region;
    record.identity = note.identity;
    describe_request(record, request);
    if (const auto* model = model::ServiceModel::ecr().find(call.operation)) {
      record.input_shape = model->input;
      record.output_shape = model->output;
    }
    if (&call == &note.calls.back()) {
      record.error_code = note.error_type;
      record.error_message = note.error_message;
    }
    record.complete = completion(call, note.registry.account, note.registry_repository);
    core.events.add(std::move(record));
  }
}

}  // namespace ecr::api::registry
