#include "api/images/scan/findings_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "api/images/scan/finding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::scan {
namespace {

namespace fs = std::filesystem;

// Reports of large images have tens of megabytes.
constexpr std::size_t kMaxFile = 256u << 20;

struct Entry {
  std::string repository = "*";
  std::string tag = "*";
  std::string digest = "*";
  std::vector<Json> findings;
};

using Entries = tl::expected<std::vector<Entry>, std::string>;

tl::expected<std::string, std::string> pattern_of(const Json& entry, const char* name) {
  const auto found = entry.find(name);
  if (found == entry.end()) return std::string("*");
  if (!found->is_string()) return tl::unexpected(std::string(name) + " must be a string");
  return found->get<std::string>();
}

// Empty: none. Fills `findings`.
std::string read_findings(const Json& entry, std::vector<Json>& findings) {
  const auto own = entry.find("findings");
  if (own != entry.end()) {
    if (!own->is_array()) return "findings must be a list";
    for (const Json& finding : *own) {
      auto checked = check_finding(finding);
      if (!checked) return checked.error();
      findings.push_back(std::move(*checked));
    }
  }
  const auto report = entry.find("trivy");
  if (report == entry.end()) return "";
  auto mapped = findings_of_trivy(*report);
  if (!mapped) return "trivy: " + mapped.error();
  std::move(mapped->begin(), mapped->end(), std::back_inserter(findings));
  return "";
}

tl::expected<Entry, std::string> read_entry(const Json& json) {
  if (!json.is_object()) return tl::unexpected(std::string("an image must be an object"));
  for (const auto& [name, value] : json.items()) {
    if (name != "repository" && name != "tag" && name != "digest" && name != "findings" &&
        name != "trivy") {
      return tl::unexpected(
          "unknown key " + name +
          base::did_you_mean(name, {"repository", "tag", "digest", "findings", "trivy"}));
    }
  }
  Entry entry;
  for (const auto& [name, target] :
       {std::pair("repository", &entry.repository), std::pair("tag", &entry.tag),
        std::pair("digest", &entry.digest)}) {
    auto pattern = pattern_of(json, name);
    if (!pattern) return tl::unexpected(pattern.error());
    *target = std::move(*pattern);
  }
  auto problem = read_findings(json, entry.findings);
  if (!problem.empty()) return tl::unexpected(std::move(problem));
  return entry;
}

// Errors name the file, and the line or the entry: the user writes these files by hand.
Entries read_file(const fs::path& path) {
  const auto fail = [&](const std::string& why) {
    return tl::unexpected(path.string() + ": " + why);
  };
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(std::strerror(errno == 0 ? EIO : errno));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto json = base::parse_json(text, {.max_bytes = kMaxFile});
  if (!json) return fail(base::format("line {}: {}", json.error().line, json.error().detail));
  const auto images = json->is_object() ? json->find("images") : json->end();
  if (json->is_object()) {
    for (const auto& [name, value] : json->items()) {
      if (name != "images") {
        return fail("unknown key " + name + base::did_you_mean(name, {"images"}) +
                    ": it must hold an object with one member, the list \"images\"");
      }
    }
  }
  if (!json->is_object() || images == json->end() || !images->is_array() || json->size() != 1) {
    return fail("must hold an object with one member, the list \"images\"");
  }
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < images->size(); ++i) {
    auto entry = read_entry((*images)[i]);
    if (!entry) return fail(base::format("images[{}]: {}", i, entry.error()));
    entries.push_back(std::move(*entry));
  }
  return entries;
}

tl::expected<std::vector<fs::path>, std::string> files_of(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<fs::path>{path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  if (error) return tl::unexpected(path + ": " + error.message());
  // A directory is read in no order: sorted, findings come out the same each time.
  std::sort(files.begin(), files.end());
  return files;
}

// One matching tag is enough; a pattern of another kind than "*" never matches an image without
// tags.
bool tag_matches(const std::string& pattern, const ScanSubject& subject) {
  if (pattern == "*") return true;  // also an image without tags
  return std::any_of(subject.tags.begin(), subject.tags.end(),
                     [&](const std::string& tag) { return base::wildcard_matches(pattern, tag); });
}

bool matches(const Entry& entry, const ScanSubject& subject) {
  return base::wildcard_matches(entry.repository, subject.repository.text()) &&
         base::wildcard_matches(entry.digest, subject.digest) && tag_matches(entry.tag, subject);
}

std::optional<base::TimePoint> modified_at(const fs::path& path) {
  std::error_code error;
  const auto time = fs::last_write_time(path, error);
  if (error) return std::nullopt;
  return std::chrono::time_point_cast<std::chrono::milliseconds>(
      std::chrono::file_clock::to_sys(time));
}

// Calls `use(path, entries)` for each file. Empty: all is well.
template <typename Use>
std::string for_each_file(const std::string& path, Use use) {
  const auto files = files_of(path);
  if (!files) return files.error();
  for (const fs::path& file : *files) {
    auto entries = read_file(file);
    if (!entries) return entries.error();
    use(file, std::move(*entries));
  }
  return "";
}

}  // namespace

// The files are read anew for each scan: a test can change them while the program runs.
tl::expected<Findings, std::string> findings_for(const std::string& path,
                                                 const ScanSubject& subject) {
  Findings found;
  auto problem = for_each_file(path, [&](const fs::path& file, std::vector<Entry> entries) {
    bool matched = false;
    for (Entry& entry : entries) {
      if (!matches(entry, subject)) continue;
      matched = true;
      std::move(entry.findings.begin(), entry.findings.end(), std::back_inserter(found.list));
    }
    if (!matched) return;
    found.matched = true;
    const auto when = modified_at(file);
    if (when && (!found.updated_at || *found.updated_at < *when)) found.updated_at = when;
  });
  if (!problem.empty()) return tl::unexpected(std::move(problem));
  sort_findings(found.list);
  return found;
}

std::string findings_problem(const std::string& path) {
  return for_each_file(path, [](const fs::path&, const std::vector<Entry>&) {});
}

}  // namespace ecr::api::scan
