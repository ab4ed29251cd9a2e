#include "server/cli/config_file.h"

#include <cctype>
#include <cstdlib>
#include <istream>
#include <iterator>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::server {
namespace {

std::string value_text(const nlohmann::json& value, const std::string& key) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number()) return value.dump();
  throw CLI::ConversionError("--config: " + key +
                             " must be a string, a number, true or false, or a list of those");
}

class ConfigFile : public CLI::Config {
 public:
  explicit ConfigFile(const CLI::App& serve) : serve_(serve) {}

  std::string to_config(const CLI::App*, bool, bool, std::string) const override { return {}; }

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    const std::string text(std::istreambuf_iterator<char>(input), {});
    const auto json = base::parse_json(text);
    if (!json || !json->is_object()) {
      throw CLI::ParseError("--config: the file must hold one JSON object",
                            CLI::ExitCodes::FileError);
    }
    std::vector<CLI::ConfigItem> list;
    for (const auto& [key, value] : json->items()) {
      if (serve_.get_option_no_throw("--" + key) == nullptr) {
        throw CLI::ParseError("--config: there is no flag --" + key +
                                  base::did_you_mean("--" + key, flags_of(serve_)),
                              CLI::ExitCodes::ConfigError);
      }
      // CLI11 would let the file beat the environment.
      if (std::getenv(variable_of("--" + key).c_str()) != nullptr) continue;
      CLI::ConfigItem item;
      item.parents = {"serve"};
      item.name = key;
      if (value.is_array()) {
        for (const auto& element : value) item.inputs.push_back(value_text(element, key));
      } else {
        item.inputs.push_back(value_text(value, key));
      }
      list.push_back(std::move(item));
    }
    return list;
  }

 private:
  const CLI::App& serve_;
};

}  // namespace

std::string variable_of(const std::string& flag) {
  std::string name = "ECR_LOCAL_" + flag.substr(2);
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_lnames().empty()) flags.push_back("--" + option->get_lnames().front());
  }
  return flags;
}

std::shared_ptr<CLI::Config> make_config_file(const CLI::App& serve) {
  return std::make_shared<ConfigFile>(serve);
}

}  // namespace ecr::server
