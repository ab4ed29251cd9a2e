// `ecr-local seed`: gives a document to a running server.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "server/cli/commands.h"
#include "server/cli/server_client.h"
#include "server/runtime/system.h"

namespace ecr::server {
namespace {

// The user named the address, so it may be any.
std::string fetch_seed(const std::string& url) {
  api::ExchangeRequest request;
  auto parsed = base::parse_url(url);
  if (!parsed) throw std::runtime_error(url + ": must be an http:// or https:// URL");
  request.url = std::move(*parsed);
  request.private_allowed = true;
  request.most_bytes = kMostServerAnswer;
  HttpClient client = make_command_client(request.url.tls);
  try {
    auto answer = api::fetch(client, request);
    if (answer.head.status != 200) {
      throw std::runtime_error(base::format("{}: the server answers {}", url, answer.head.status));
    }
    return std::move(answer.body);
  } catch (const api::TransportError& error) {
    throw std::runtime_error(base::format("{}: {}", url, error.what()));
  }
}

std::string read_seed_source(const std::string& source) {
  if (source == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  if (source.find("://") != std::string::npos) return fetch_seed(source);
  return read_text_file(source, source);
}

// "managed policies" of the key "managedPolicies", "OIDC providers" of "oidcProviders".
std::string words_of_key(std::string_view key) {
  std::string words;
  for (const char c : key) {
    const bool begins_word = c >= 'A' && c <= 'Z';
    if (begins_word) words += ' ';
    words += begins_word ? static_cast<char>(c - 'A' + 'a') : c;
  }
  base::replace_all(words, "oidc ", "OIDC ");
  base::replace_all(words, "saml ", "SAML ");
  return words;
}

// "1 user, 2 repositories": what the document names.
std::string applied_text(const base::OrderedJson& answer) {
  std::vector<std::string> parts;
  const auto applied = answer.find("applied");
  if (applied != answer.end() && applied->is_object()) {
    for (const auto& [name, number] : applied->items()) {
      if (!number.is_number_unsigned()) continue;
      parts.push_back(seed_count_text(name, number.get<std::uint64_t>()));
    }
  }
  return parts.empty() ? "nothing in it" : base::join(parts, ", ");
}

}  // namespace

// The lists of a seed are plurals: "users", "managedPolicies".
std::string seed_count_text(const std::string& list, std::uint64_t count) {
  const std::string many = words_of_key(list);
  std::string one = many;
  if (one.ends_with("ies")) {
    one.replace(one.size() - 3, 3, "y");
  } else {
    one.pop_back();
  }
  return base::counted(count, one, many);
}

int run_seed(const SeedConfig& config) {
  return apply_seed_document(config, read_seed_source(config.source));
}

// A document that the server refuses is "no"; what keeps it from being asked is a failure.
int apply_seed_document(const SeedConfig& config, std::string document) {
  const auto answer = ask_server({.url = config.url,
                                  .target = "/_ecr-local/seed",
                                  .token = config.admin_token,
                                  .method = "POST",
                                  .body = std::move(document)});
  const auto json = base::parse_ordered_json(answer.body);
  if (answer.head.status == 400 && json) {
    base::print(stderr, "ecr-local: {}: {}\nNothing was applied.\n", config.source,
                base::text_member(*json, "message"));
    return kExitNo;
  }
  if (answer.head.status != 200) throw std::runtime_error(refusal(answer));
  if (!json || !json->is_object()) throw std::runtime_error(config.url + " is not an ecr-local");
  const auto warnings = json->find("warnings");
  if (warnings != json->end() && warnings->is_array()) {
    for (const auto& warning : *warnings) {
      if (!warning.is_string()) continue;
      base::print(stderr, "ecr-local: warning: {}: {}\n", config.source,
                  warning.get_ref<const std::string&>());
    }
  }
  base::print("applied {} to {}: {}\n", config.source, config.url, applied_text(*json));
  return kExitSuccess;
}

}  // namespace ecr::server
