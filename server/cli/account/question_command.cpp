// `ecr-local can`, `who-can` and `service-pull`: ask a running server, or the state that a seed
// makes.
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/offline/seeded_services.h"
#include "api/admin/service_pull/service_pull.h"
#include "api/admin/what_if/questions.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "server/cli/account/question_text.h"
#include "server/cli/commands.h"
#include "server/cli/server_client.h"
#include "server/runtime/system.h"

namespace ecr::server {
namespace {

using base::OrderedJson;
namespace what_if = api::admin::what_if;

// The question, or the seed that it is about, has a mistake.
[[noreturn]] void cannot_ask(const std::string& reason) { throw UsageError(reason); }

// The state of the seeds, one applied after the other. The first account in them is the server's
// own, so that no account is added that nobody named.
class SeededState {
 public:
  explicit SeededState(const std::vector<std::string>& seeds) {
    std::vector<std::string> documents;
    for (const std::string& seed : seeds)
      documents.push_back(read_text_file(seed, "--seed " + seed));
    api::Settings settings;
    settings.account = first_account(documents, settings.account);
    server_ = std::make_unique<api::admin::SeededServices>(clock_, random_, settings);
    for (std::size_t i = 0; i < seeds.size(); ++i) apply(seeds[i], documents[i]);
  }
  const api::Services& services() const { return server_->services(); }

 private:
  static std::string first_account(const std::vector<std::string>& documents,
                                   const std::string& otherwise) {
    for (const std::string& document : documents) {
      const auto json = base::parse_ordered_json(document);
      if (!json || !json->is_object() || !json->contains("accounts")) continue;
      const OrderedJson& accounts = (*json)["accounts"];
      if (accounts.is_object() && !accounts.empty()) return accounts.begin().key();
    }
    return otherwise;
  }
  void apply(const std::string& seed, const std::string& document) {
    try {
      server_->apply(document, std::filesystem::absolute(seed).parent_path().string());
    } catch (const api::admin::SeedError& error) {
      cannot_ask(base::format("--seed {}: {}", seed, error.what()));
    }
  }

  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<api::admin::SeededServices> server_;
};

OrderedJson answer_of_server(const std::string& url, const ServerCall& call) {
  const auto answer = ask_server(call);
  if (answer.head.status == 400) {  // what a question can be wrong by
    const auto json = base::parse_json(answer.body);
    const std::string message = json ? base::text_member(*json, "message") : "";
    cannot_ask(message.empty() ? refusal(answer) : message);
  }
  if (answer.head.status != 200) throw std::runtime_error(refusal(answer));
  auto json = base::parse_ordered_json(answer.body);
  if (!json || !json->is_object()) throw std::runtime_error(url + " is not an ecr-local");
  return std::move(*json);
}

OrderedJson who_can_of_server(const QuestionConfig& config) {
  std::string target =
      base::format("/_ecr-local/who-can?action={}&resource={}&limit={}&viaRoles={}",
                   base::percent_encode(config.action), base::percent_encode(config.resource),
                   what_if::kMostCapable, config.via_roles);
  if (!config.account.empty()) target += "&account=" + config.account;
  return answer_of_server(config.url,
                          {.url = config.url, .target = target, .token = config.admin_token});
}

OrderedJson who_can_of_seed(const QuestionConfig& config) {
  const SeededState state(config.seeds);
  what_if::WhoCanQuestion asked;
  asked.action = config.action;
  asked.resource = config.resource;
  if (!config.account.empty()) asked.account = config.account;
  asked.limit = what_if::kMostCapable;
  asked.via_roles = config.via_roles;
  return what_if::who_can_json(state.services(), asked);
}

// Asks as many questions at once as one answer may have.
class Asking {
 public:
  explicit Asking(const QuestionConfig& config) : config_(config) {
    if (!config.seeds.empty()) state_.emplace(config.seeds);
  }
  std::vector<OrderedJson> ask(const OrderedJson& questions) const {
    const OrderedJson body = {{"questions", questions}, {"viaRoles", config_.via_roles}};
    OrderedJson json = state_ ? what_if::can_json(state_->services(), {body, ""})
                              : answer_of_server(config_.url, {.url = config_.url,
                                                               .target = "/_ecr-local/can",
                                                               .token = config_.admin_token,
                                                               .method = "POST",
                                                               .body = base::dump(body)});
    const auto answers = json.find("answers");
    if (answers == json.end() || !answers->is_array() || answers->size() != questions.size()) {
      throw std::runtime_error(config_.url + " is not an ecr-local");
    }
    return answers->get<std::vector<OrderedJson>>();
  }

 private:
  const QuestionConfig& config_;
  std::optional<SeededState> state_;
};

// A key that is given more than once has all its values.
OrderedJson question_of(const QuestionConfig& config) {
  OrderedJson question = {
      {"principal", config.principal}, {"action", config.action}, {"resource", config.resource}};
  for (const std::string& pair : config.context) {
    const std::size_t equals = pair.find('=');
    OrderedJson& value = question["context"][pair.substr(0, equals)];
    const std::string text = pair.substr(equals + 1);
    if (value.is_null()) {
      value = text;
    } else {
      if (!value.is_array()) value = OrderedJson::array({value});
      value.push_back(text);
    }
  }
  return question;
}

void print_answer(const QuestionConfig& config, const OrderedJson& answer) {
  if (config.json) {
    base::print("{}\n", base::dump(answer));
  } else {
    base::print("{}", can_text(answer, Paint()));
  }
}

int ask_one(const QuestionConfig& config) {
  const OrderedJson answer = Asking(config).ask(OrderedJson::array({question_of(config)})).front();
  const std::string error = base::text_member(answer, "error");
  if (!error.empty()) {
    // "questions[0].principal: must be ...": there is one question.
    const std::size_t dot = error.find('.');
    cannot_ask(error.starts_with("questions[") && dot != std::string::npos ? error.substr(dot + 1)
                                                                           : error);
  }
  print_answer(config, answer);
  return base::text_member(answer, "verdict") == "denied" ? kExitNo : kExitSuccess;
}

// A line that is no object is answered by an error in its place, as one that cannot be asked.
int ask_many(const QuestionConfig& config) {
  const Asking asking(config);
  std::istringstream file;
  if (config.questions != "-") {
    file.str(read_text_file(config.questions, "--questions " + config.questions));
  }
  std::istream& input = config.questions == "-" ? std::cin : file;
  bool all_good = true;
  OrderedJson questions = OrderedJson::array();
  const auto flush = [&] {
    if (questions.empty()) return;
    for (const OrderedJson& answer : asking.ask(questions)) {
      all_good = all_good && !answer.contains("error");
      print_answer(config, answer);
    }
    questions = OrderedJson::array();
  };
  for (std::string line; std::getline(input, line);) {
    auto json = base::parse_ordered_json(line);
    questions.push_back(json ? std::move(*json) : OrderedJson());
    if (questions.size() == what_if::kMostQuestions) flush();
  }
  flush();
  return all_good ? kExitSuccess : kExitNo;
}

}  // namespace

int run_service_pull(const ServicePullConfig& config) {
  OrderedJson question = {{"service", config.service}, {"repository", config.repository}};
  if (!config.source_arn.empty()) question["sourceArn"] = config.source_arn;
  if (!config.source_account.empty()) question["sourceAccount"] = config.source_account;
  if (!config.role.empty()) question["role"] = config.role;
  OrderedJson answer;
  try {
    answer = config.seeds.empty()
                 ? answer_of_server(config.url, {.url = config.url,
                                                 .target = "/_ecr-local/service-pull",
                                                 .token = config.admin_token,
                                                 .method = "POST",
                                                 .body = base::dump(question)})
                 : api::admin::service_pull::service_pull_json(SeededState(config.seeds).services(),
                                                               {question, ""});
  } catch (const api::admin::ParameterError& error) {
    cannot_ask(error.what());
  }
  if (config.json) {
    base::print("{}\n", base::dump(answer));
  } else {
    base::print("{}", service_pull_text(answer, Paint()));
  }
  return answer.value("allowed", OrderedJson()) == true ? kExitSuccess : kExitNo;
}

int run_can(const QuestionConfig& config) {
  return config.questions.empty() ? ask_one(config) : ask_many(config);
}

int run_who_can(const QuestionConfig& config) {
  OrderedJson answer;
  try {
    answer = config.seeds.empty() ? who_can_of_server(config) : who_can_of_seed(config);
  } catch (const api::admin::ParameterError& error) {
    cannot_ask(error.what());
  }
  if (config.json) {
    base::print("{}\n", base::dump(answer));
  } else {
    base::print("{}", who_can_text(answer, Paint()));
  }
  const auto principals = answer.find("principals");
  return principals != answer.end() && !principals->empty() ? kExitSuccess : kExitNo;
}

}  // namespace ecr::server
