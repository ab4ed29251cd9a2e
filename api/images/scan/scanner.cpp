#include "api/images/scan/scanner.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "api/core/background/jobs.h"
#include "api/images/manifest.h"
#include "api/images/scan/finding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"
#include "storage/os/posix.h"
#include "storage/os/process.h"

namespace ecr::api::scan {
namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::runtime_error(path.string() + " cannot be written");
}

fs::path blob_path(const fs::path& layout, const model::Digest& digest) {
  return layout / "blobs" / digest.algorithm_name() / digest.hex();
}

// A copy, and not a link: the command could write into the store through a link.
void copy_blob(const Core& core, const fs::path& layout, const model::Digest& digest) {
  const auto blob = core.store.blobs().open(digest);
  if (!blob) return;  // a foreign layer: its bytes live elsewhere
  const fs::path path = blob_path(layout, digest);
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  storage::read_all(
      blob->fd(),
      [&](std::string_view bytes) {
        file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      },
      "blob " + digest.text());
  if (!file.flush()) throw std::runtime_error(path.string() + " cannot be written");
}

// OCI image-spec, "OCI Image Layout Specification".
void write_layout(const Core& core, const fs::path& layout, const ImageToScan& subject) {
  const storage::Image& image = subject.image;
  write_file(layout / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  const Json descriptor = {{"mediaType", image.media_type},
                           {"digest", image.digest.text()},
                           {"size", subject.manifest.size()}};
  const Json index = {{"schemaVersion", 2}, {"manifests", Json::array({descriptor})}};
  write_file(layout / "index.json", base::dump(index));
  write_file(blob_path(layout, image.digest), subject.manifest);
  for (const Descriptor& blob : parse_manifest(subject.manifest, image.media_type).blobs) {
    copy_blob(core, layout, blob.digest);
  }
}

// Scanners print their reason last. It goes to the log: bounded, and nothing that a terminal obeys.
std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  constexpr std::size_t kMost = 300;
  text = text.substr(text.rfind('\n') + 1);
  if (text.size() > kMost) text.resize(kMost);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }, '?');
  return text;
}

std::optional<ScanFailure> failure_of(const storage::ProcessResult& result) {
  if (result.timed_out) return ScanFailure{"The scanner took too long"};
  if (result.too_much_output) return ScanFailure{"The scanner's report is too large"};
  if (result.status == 0) return std::nullopt;
  return ScanFailure{base::format("The scanner ended with status {}", result.status),
                     last_line(result.errors)};
}

}  // namespace

tl::expected<std::vector<Json>, ScanFailure> run_scanner(const Core& core,
                                                         const std::string& command,
                                                         const ImageToScan& subject) {
  // Below the data directory, where there is room for images; gone when this returns.
  const auto staging = core.store.make_staging_directory(core.random);
  const fs::path layout = fs::path(staging->path()) / "image";
  write_layout(core, layout, subject);
  const storage::ProcessResult result =
      storage::run_shell_command(command,
                                 {{"IMAGE_LAYOUT", layout.string()},
                                  {"IMAGE_REPOSITORY", subject.repository.name.text()},
                                  {"IMAGE_DIGEST", subject.image.digest.text()}},
                                 {.cancelled = [&] { return core.job_signal.stopping(); }});
  // The job's attempt fails with this, and begins anew when the program starts again.
  if (result.cancelled) throw std::runtime_error("the server stops: the scan is begun anew");
  if (auto failure = failure_of(result)) return tl::unexpected(std::move(*failure));
  const auto report = base::parse_json(result.output, {.max_bytes = 64u << 20});
  if (!report) {
    return tl::unexpected(ScanFailure{"The scanner's report is not JSON", report.error().detail});
  }
  auto findings = findings_of_trivy(*report);
  if (!findings) return tl::unexpected(ScanFailure{"The scanner's report: " + findings.error()});
  return std::move(*findings);
}

}  // namespace ecr::api::scan
