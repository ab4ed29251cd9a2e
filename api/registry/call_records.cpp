#include "api/registry/call_records.h"

#include <charconv>
#include <optional>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/core/work/call_record.h"
#include "api/core/work/event_log.h"
#include "api/registry/route.h"
#include "api/registry/session.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::registry {
namespace {

// partSize of InitiateLayerUpload's answer in the guide's sample record (from memory).
constexpr std::int64_t kPartSize = 20 << 20;

struct ApiCall {
  std::string name;
  Json input;
  Json output;
};

Json image_id(const std::string& reference) {
  const bool digest = reference.find(':') != std::string::npos;
  return {{digest ? "imageDigest" : "imageTag", reference}};
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

// A read of a manifest or a blob: the parts of it that its record needs. The record is made only if
// it is written: reads are most of all requests.
struct ReadCall {
  Route route;
  std::string account;  // the registry's
  bool head = false;
  std::vector<std::string> accept;

  Json input() const {
    Json input = {{"registryId", account}, {"repositoryName", route.name}};
    if (route.kind == RouteKind::kManifest) {
      input["imageIds"] = Json::array({image_id(route.reference)});
      if (Json types = accepted_types(accept); !types.empty()) input["acceptedMediaTypes"] = types;
    } else if (head) {
      input["layerDigests"] = Json::array({route.reference});
    } else {
      input["layerDigest"] = route.reference;
    }
    return input;
  }

  std::string_view operation() const {
    if (route.kind == RouteKind::kManifest) return "BatchGetImage";
    return head ? "BatchCheckLayerAvailability" : "GetDownloadUrlForLayer";
  }
};

// Any other request and its answer, translated to API calls. `tag`: of a manifest's PUT (empty:
// none).
class CallTranslator {
 public:
  CallTranslator(const HttpRequest& request, const HttpResponse& response, const Route& route,
                 const ReceivedBody* body, std::string_view tag)
      : request_(request), response_(response), route_(route), body_(body), tag_(tag) {}

  std::vector<ApiCall> calls() const {
    const bool get = request_.method == "GET" || request_.method == "HEAD";
    switch (route_.kind) {
      case RouteKind::kManifest:
        return {request_.method == "PUT" ? put_image() : delete_image()};
      case RouteKind::kUploads:
        return begin_upload();
      case RouteKind::kUpload:
        // The API has no call that asks for an upload's state or cancels it.
        if (get || request_.method == "DELETE") return {};
        return continue_upload_calls();
      default:
        return {};
    }
  }

  // The call of a route whose action names it: tags/list is ListImages, _catalog is
  // DescribeRepositories.
  ApiCall named_by(std::string_view action) const {
    return {std::string(action.substr(action.find(':') + 1)), common(), Json()};
  }

 private:
  Json common() const {
    Json input = {{"registryId", response_.note.registry_account}};
    if (!route_.name.empty()) input["repositoryName"] = route_.name;
    return input;
  }

  Json with(std::initializer_list<std::pair<const char*, Json>> members) const {
    Json json = common();
    for (const auto& [name, value] : members) json[name] = value;
    return json;
  }

  std::string header(std::string_view name) const {
    for (const auto& [key, value] : response_.headers) {
      if (base::equals_ignore_case(key, name)) return value;
    }
    return "";
  }

  std::optional<std::string> parameter(std::string_view name) const {
    const auto pairs = base::parse_form(request_.query(), false);
    if (!pairs) return std::nullopt;
    for (const auto& [key, value] : *pairs) {
      if (key == name) return value;
    }
    return std::nullopt;
  }

  // The manifest is twice in the record, as in the guide's sample (from memory).
  ApiCall put_image() const {
    Json input = with({{"imageManifest", request_.body}});
    Json id = {{"imageDigest", header("Docker-Content-Digest")}};
    if (!tag_.empty()) input["imageTag"] = id["imageTag"] = tag_;
    Json image = with({{"imageManifest", request_.body}, {"imageId", std::move(id)}});
    return {"PutImage", std::move(input), {{"image", std::move(image)}}};
  }

  // The answer of a DELETE has no body: what was deleted is in the request's note.
  ApiCall delete_image() const {
    Json deleted = Json::array();
    for (const auto& [digest, tag] : response_.note.deleted) {
      Json& id = deleted.emplace_back(Json({{"imageDigest", digest}}));
      if (!tag.empty()) id["imageTag"] = tag;
    }
    return {"BatchDeleteImage",
            with({{"imageIds", Json::array({image_id(route_.reference)})}}),
            {{"imageIds", std::move(deleted)}, {"failures", Json::array()}}};
  }

  // A POST with the whole blob as its body stands for all three calls of an upload.
  std::vector<ApiCall> begin_upload() const {
    const std::string id = header("Docker-Upload-UUID");
    Json output = {{"partSize", kPartSize}};
    if (!id.empty()) output["uploadId"] = id;
    std::vector<ApiCall> calls = {{"InitiateLayerUpload", common(), std::move(output)}};
    if (body_ == nullptr) return calls;
    calls.push_back(upload_part(id));
    calls.push_back(complete(id));
    return calls;
  }

  // A PUT without a body is CompleteLayerUpload alone.
  std::vector<ApiCall> continue_upload_calls() const {
    const std::string& id = route_.reference;
    const bool ends = request_.method == "PUT";
    std::vector<ApiCall> calls;
    if (!ends || (body_ != nullptr && body_->bytes > 0)) calls.push_back(upload_part(id));
    if (ends) calls.push_back(complete(id));
    return calls;
  }

  // The offset of the last byte is in the Range of the answer, and the first follows from it. An
  // answer without Range (of an upload that has ended, or an error) leaves both out.
  ApiCall upload_part(const std::string& id) const {
    Json input = common();
    Json output = common();
    if (!id.empty()) input["uploadId"] = output["uploadId"] = id;
    const std::string range = header("Range");
    std::uint64_t last = 0;
    const std::size_t dash = range.find('-');
    if (body_ != nullptr && body_->bytes > 0 && dash != std::string::npos) {
      std::from_chars(range.data() + dash + 1, range.data() + range.size(), last);
      input["partFirstByte"] = last + 1 - body_->bytes;
      input["partLastByte"] = last;
      output["lastByteReceived"] = last;
    }
    return {"UploadLayerPart", std::move(input), std::move(output)};
  }

  ApiCall complete(const std::string& id) const {
    const std::string digest = parameter("digest").value_or("");
    Json input = with({{"layerDigests", Json::array({digest})}});
    Json output = with({{"layerDigest", digest}});
    if (!id.empty()) input["uploadId"] = output["uploadId"] = id;
    return {"CompleteLayerUpload", std::move(input), std::move(output)};
  }

  const HttpRequest& request_;
  const HttpResponse& response_;
  const Route& route_;
  const ReceivedBody* body_;
  const std::string_view tag_;
};

// The tags that a manifest's PUT asks for, each of which is a PutImage; an empty one: no tag.
std::vector<std::string> recorded_tags(const HttpRequest& request, const Route& route,
                                       bool failed) {
  std::vector<std::string> tags;
  if (route.kind == RouteKind::kManifest && request.method == "PUT") {
    if (route.reference.find(':') == std::string::npos) return {route.reference};
    const auto pairs = base::parse_form(request.query(), true);
    if (pairs) {
      for (const auto& [key, value] : *pairs) {
        if (key == "tag") tags.push_back(value);
      }
    }
  }
  if (tags.empty()) tags.emplace_back();
  if (failed) tags.resize(1);  // a push is all or nothing
  return tags;
}

// The part of a record that every call has.
CallRecord make_record(const Services& services, const HttpRequest& request, const LogNote& note,
                       std::string_view operation) {
  CallRecord record;
  record.time = services.clock.now();
  record.service = "ecr";
  record.operation = operation;
  record.region = note.registry_region;
  record.identity = note.identity;
  describe_request(record, request);
  if (const auto* model = model::ServiceModel::ecr().find(operation)) {
    record.input_shape = model->input;
    record.output_shape = model->output;
  }
  return record;
}

void set_error(CallRecord& record, const LogNote& note) {
  record.error_code = note.error_type;
  record.error_message = note.error_message;
}

// CloudTrail's resources name the repository and its account.
void set_resource(CallRecord& record, const std::string& account, const std::string& repository) {
  if (repository.empty()) return;
  record.resources.emplace_back(
      base::format("arn:aws:ecr:{}:{}:repository/{}", record.region, account, repository), account);
}

void add(const Services& services, const HttpRequest& request, const LogNote& note,
         const Route& route, ApiCall call, bool failed) {
  CallRecord record = make_record(services, request, note, call.name);
  record.input = std::make_shared<const Json>(std::move(call.input));
  record.output = std::make_shared<const Json>(std::move(call.output));
  if (failed) set_error(record, note);
  set_resource(record, note.registry_account, route.name);
  services.events.add(std::move(record));
}

// HEAD counts as a read of the API too: of a manifest it is BatchGetImage, of a blob the check of
// its availability.
bool is_read(const HttpRequest& request, const Route& route) {
  return (request.method == "GET" || request.method == "HEAD") &&
         (route.kind == RouteKind::kManifest || route.kind == RouteKind::kBlob);
}

// Clients send more of these than of all other requests: input and resource are made when the
// record is written.
void add_read(const Services& services, const HttpRequest& request, const LogNote& note,
              Route route) {
  ReadCall call{std::move(route), note.registry_account, request.method == "HEAD", {}};
  for (const auto& [name, value] : request.headers.fields()) {
    if (base::equals_ignore_case(name, "accept")) call.accept.emplace_back(value);
  }
  CallRecord record = make_record(services, request, note, call.operation());
  if (!note.error_type.empty()) set_error(record, note);
  record.complete = [call = std::move(call)](CallRecord& written) {
    written.input = std::make_shared<const Json>(call.input());
    set_resource(written, call.account, call.route.name);
  };
  services.events.add(std::move(record));
}

}  // namespace

void record_calls(const Services& services, const HttpRequest& request,
                  const HttpResponse& response, const ReceivedBody* body) {
  const LogNote& note = response.note;
  if (!note.identity) return;
  auto route = parse_route(request.path());
  if (!route) return;
  if (is_read(request, *route)) return add_read(services, request, note, std::move(*route));
  const bool failed = !note.error_type.empty();
  for (const std::string& tag : recorded_tags(request, *route, failed)) {
    const CallTranslator translator(request, response, *route, body, tag);
    std::vector<ApiCall> calls = translator.calls();
    if (calls.empty() && route->kind != RouteKind::kUpload && !note.action.empty()) {
      calls.push_back(translator.named_by(note.action));
    }
    // A request that stands for several calls fails as the one it was at: before the body the
    // first, after it the last.
    if (failed && body == nullptr && !calls.empty()) calls.resize(1);
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const bool last = i + 1 == calls.size();
      add(services, request, note, *route, std::move(calls[i]), failed && last);
    }
  }
}

RecordingSink::RecordingSink(const Services& services, const HttpRequest& head, LogNote note,
                             std::unique_ptr<BodySink> inner)
    : services_(services), head_(head), note_(std::move(note)), inner_(std::move(inner)) {}

// A body that fails on the way, at a limit or for want of space, is recorded here; the server
// answers with the error.
void RecordingSink::write(std::string_view bytes) {
  try {
    inner_->write(bytes);
    body_.bytes += bytes.size();
  } catch (...) {
    HttpResponse failed = error_response(to_api_error(std::current_exception()), head_);
    LogNote note = note_;
    note.fail_as(std::move(failed.note));
    failed.note = std::move(note);
    record_calls(services_, head_, failed, &body_);
    throw;
  }
}

HttpResponse RecordingSink::finish() {
  HttpResponse response = inner_->finish();
  record_calls(services_, head_, response, &body_);
  return response;
}

}  // namespace ecr::api::registry
