#include "api/admin/console/files.h"

#include <array>
#include <stdexcept>
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "api/admin/console/embedded_files.h"
#include "schemas/base/json.h"

namespace ecr::api::admin::console {
namespace {

constexpr std::size_t kMostUnpackedBytes = 16u << 20;  // far above what a page may have

}  // namespace

std::vector<ConsoleFile> console_files() {
  const std::string_view manifest = embedded_file("manifest.json");
  if (manifest.empty()) return {};
  return read_manifest(manifest, embedded_file);
}

std::vector<ConsoleFile> read_manifest(
    std::string_view manifest, const std::function<std::string_view(std::string_view)>& bytes_of) {
  const auto json = base::parse_json(manifest);
  if (!json || !json->is_object() || !json->contains("files") || !json->at("files").is_array()) {
    throw std::runtime_error("the manifest of the console's files has no list of files");
  }
  std::vector<ConsoleFile> files;
  for (const base::Json& row : json->at("files")) {
    ConsoleFile& file = files.emplace_back();
    file.path = base::text_member(row, "path");
    file.type = base::text_member(row, "type");
    file.immutable = base::text_member(row, "cache") == "immutable";
    file.sha256 = base::text_member(row, "sha256");
    file.bytes = bytes_of(base::text_member(row, "file"));
    if (file.path.empty() || file.type.empty() || file.sha256.empty() || file.bytes.empty()) {
      throw std::runtime_error("a row of the manifest of the console's files is not complete");
    }
  }
  return files;
}

std::string unpack_gzip(std::string_view bytes) {
  z_stream stream{};
  // 16 asks for gzip's header and trailer, 15 is the largest window.
  if (inflateInit2(&stream, 16 + 15) != Z_OK) throw std::runtime_error("zlib cannot begin");
  // zlib does not write to its input, though its interface has no const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, 32 << 10> buffer{};
  int state = Z_OK;
  while (state == Z_OK && out.size() <= kMostUnpackedBytes) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END) throw std::runtime_error("a file of the console cannot be unpacked");
  return out;
}

}  // namespace ecr::api::admin::console
