// `ecr-local import-account`: reads outputs of the AWS CLI, and writes a seed.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <unistd.h>

#include "api/admin/account_import/account_import.h"
#include "api/admin/offline/seeded_services.h"
#include "schemas/base/text.h"
#include "server/cli/commands.h"
#include "server/cli/snippets.h"
#include "server/runtime/system.h"

namespace ecr::server {
namespace {

namespace fs = std::filesystem;
using api::admin::ExportFile;

// What is more than an import takes is not read at all.
void add_export_file(const std::string& path, std::vector<ExportFile>& files,
                     std::uintmax_t& bytes) {
  std::error_code ignored;  // of what is no regular file, as /dev/stdin
  const std::uintmax_t size = fs::file_size(path, ignored);
  if (!ignored) bytes += size;
  if (files.size() >= api::admin::kMostExportFiles || bytes > api::admin::kMostExportBytes) {
    throw api::admin::ImportError(base::format("{}: more than {} files, or {} bytes together", path,
                                               api::admin::kMostExportFiles,
                                               api::admin::kMostExportBytes));
  }
  files.push_back({path, read_text_file(path, path)});
}

// The .json files of a folder and of all below it, by name; links to folders are not followed.
std::vector<ExportFile> read_export(const std::vector<std::string>& sources) {
  std::vector<ExportFile> files;
  std::uintmax_t bytes = 0;
  for (const std::string& source : sources) {
    if (source == "-") {
      files.push_back({"-", std::string(std::istreambuf_iterator<char>(std::cin), {})});
      continue;
    }
    if (!fs::is_directory(source)) {
      add_export_file(source, files, bytes);
      continue;
    }
    std::vector<std::string> paths;
    for (const auto& entry : fs::recursive_directory_iterator(source)) {
      if (entry.path().extension() == ".json" && entry.is_regular_file()) {
        paths.push_back(entry.path().string());
      }
    }
    if (paths.empty()) throw std::runtime_error(source + ": has no .json files");
    std::sort(paths.begin(), paths.end());
    for (const std::string& path : paths) add_export_file(path, files, bytes);
  }
  return files;
}

// It has keys in it: nobody else may read it.
void write_private_file(const std::string& path, std::string_view text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const auto fail = [&path](int error) {
    throw std::runtime_error(base::format("{}: {}", path, std::strerror(error)));
  };
  if (fd < 0) fail(errno);
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error = errno;
      close(fd);
      fail(error);
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (close(fd) != 0) fail(errno);
}

// ~/.aws/credentials would be lost.
void check_credentials_file(const std::string& path) {
  std::error_code ignored;
  if (path.empty() || !fs::exists(path, ignored) || fs::file_size(path, ignored) == 0) return;
  if (read_text_file(path, path).starts_with(api::admin::kCredentialsHeading)) return;
  throw std::runtime_error(path +
                           ": is there already, and not of import-account: name another file");
}

std::string counts_text(const api::admin::AccountImport& imported) {
  std::vector<std::string> parts;
  for (const auto& [name, count] : imported.counts) parts.push_back(seed_count_text(name, count));
  return base::join(parts, ", ");
}

// What the server would say about the seed.
int check_seed(const ImportConfig& config, const api::admin::AccountImport& imported) {
  const std::string name = config.output.empty() ? "the seed" : config.output;
  const SystemClock clock;
  SystemRandom random;
  api::Settings settings;
  if (!imported.region.empty()) settings.region = imported.region;
  try {
    api::admin::SeededServices server(clock, random, settings);
    for (const std::string& warning : server.apply(imported.seed).warnings) {
      base::print(stderr, "ecr-local: warning: {}: {}\n", name, warning);
    }
  } catch (const api::admin::SeedError& error) {
    base::print(stderr, "ecr-local: {} cannot be applied: {}\n", name, error.what());
    return kExitNo;
  }
  return kExitSuccess;
}

int write_import(const ImportConfig& config, const api::admin::AccountImport& imported) {
  for (const std::string& note : imported.notes) {
    base::print(stderr, "ecr-local: note: {}\n", note);
  }
  if (!config.credentials.empty()) write_private_file(config.credentials, imported.credentials);
  if (!config.output.empty()) {
    write_private_file(config.output, imported.seed);
    base::print("wrote {}: {}\n", config.output, counts_text(imported));
  }
  if (!config.credentials.empty()) {
    base::print("wrote {}: profiles such as ACCOUNT/role/NAME\n", config.credentials);
  }
  if (config.apply) {
    return apply_seed_document(
        {.source = "the import", .url = config.url, .admin_token = config.admin_token},
        imported.seed);
  }
  if (config.output.empty()) base::print("{}", imported.seed);
  return check_seed(config, imported);
}

}  // namespace

int run_import_account(const ImportConfig& config) {
  if (config.print_commands) {
    base::print("{}", snippet("export-account", {.endpoint = "http://localhost:4599",
                                                 .account = "000000000000",
                                                 .region = "us-east-1",
                                                 .access_key = "test",
                                                 .secret_key = "test",
                                                 .registry_host = "",
                                                 .version = ECR_LOCAL_VERSION}));
    return kExitSuccess;
  }
  check_credentials_file(config.credentials);
  SystemRandom random;
  try {
    const auto imported = api::admin::import_account(
        read_export(config.sources), {.account = config.account, .region = config.region}, random);
    return write_import(config, imported);
  } catch (const api::admin::ImportError& error) {
    base::print(stderr, "ecr-local: {}\n", error.what());
    return kExitNo;
  }
}

}  // namespace ecr::server
