#include "api/admin/seed/oci_layout.h"

#include <fstream>
#include <set>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "api/images/images.h"
#include "api/images/manifest.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "storage/os/error.h"
#include "storage/rows/blobs.h"

namespace ecr::api::admin {
namespace {

// The tag of an image in index.json (OCI image-spec, "Annotations").
constexpr const char* kRefName = "org.opencontainers.image.ref.name";

[[noreturn]] void fail(const std::string& reason) { throw std::runtime_error(reason); }

// Reads index.json, oci-layout or a manifest into memory. The limit is that of a manifest in a
// push.
std::string read_small(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path + " cannot be read");
  std::string bytes(kMaxManifestBytes + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.size() > kMaxManifestBytes) fail(path + " is larger than 4 MiB");
  return bytes;
}

// Reads one layout. A digest is read once, however many descriptors name it, which also ends
// cycles.
class Importer {
 public:
  Importer(const Services& services, const std::string& directory)
      : services_(services), directory_(directory) {}

  Layout read(const std::vector<std::string>& tags) {
    require_layout();
    const auto index = base::parse_json(read_small(directory_ + "/index.json"));
    const std::string where = directory_ + "/index.json";
    if (!index || !index->is_object()) fail(where + " is not a JSON object");
    const auto found = index->find("manifests");
    if (found == index->end() || !found->is_array()) fail(where + " has no manifests");
    if (!tags.empty() && found->size() != 1) {
      fail(where + " has several images: tags would be ambiguous");
    }
    for (const base::Json& descriptor : *found) {
      add_manifest(descriptor, tags.empty() ? tags_of(descriptor) : tags);
    }
    return std::move(layout_);
  }

 private:
  void require_layout() {
    const auto marker = base::parse_json(read_small(directory_ + "/oci-layout"));
    if (!marker || !marker->is_object() ||
        marker->value("imageLayoutVersion", base::Json()) != base::Json("1.0.0")) {
      fail(directory_ + "/oci-layout does not say \"imageLayoutVersion\": \"1.0.0\"");
    }
  }

  // The OCI annotation is a tag; some tools write a whole reference there ("localhost/app:v1"), of
  // which the tag is taken.
  static std::vector<std::string> tags_of(const base::Json& descriptor) {
    if (!descriptor.is_object()) return {};
    const base::Json annotations = descriptor.value("annotations", base::Json::object());
    if (!annotations.is_object() || !annotations.contains(kRefName)) return {};
    if (!annotations.at(kRefName).is_string()) return {};
    std::string name = annotations.at(kRefName).get<std::string>();
    name = name.substr(name.find_last_of(":/") + 1);
    if (!model::is_tag(name)) return {};
    return {name};
  }

  static model::Digest digest_of(const std::string& text) {
    auto digest = model::Digest::parse(text);
    if (!digest) fail("\"" + text + "\" is not a digest");
    return std::move(*digest);
  }

  std::string path_of(const model::Digest& digest) const {
    std::string name = digest.text();
    name[name.find(':')] = '/';
    return directory_ + "/blobs/" + name;
  }

  void add_manifest(const base::Json& descriptor, std::vector<std::string> tags) {
    if (!descriptor.is_object()) fail(directory_ + "/index.json: a descriptor is not an object");
    add_manifest(base::text_member(descriptor, "digest"),
                 base::text_member(descriptor, "mediaType"), std::move(tags));
  }

  void add_manifest(const std::string& name, const std::string& media_type,
                    std::vector<std::string> tags) {
    const model::Digest digest = digest_of(name);
    if (!done_.insert(digest.text()).second) return add_tags(digest.text(), std::move(tags));
    // A limit for a directory that is not what its owner believes it to be.
    if (done_.size() > 10'000) fail(directory_ + " has more than 10,000 manifests and blobs");
    std::string bytes = read_small(path_of(digest));
    if (model::Digest::of(bytes, digest.algorithm()) != digest) {
      fail(path_of(digest) + " has other bytes than its name says");
    }
    const Manifest manifest = parse_manifest(bytes, media_type);
    // Children first: a push of an index fails while its manifests are missing.
    for (const Descriptor& child : manifest.manifests) {
      add_manifest(child.digest, child.media_type, {});
    }
    for (const Descriptor& blob : manifest.blobs) {
      // Foreign layers stay where their URLs point: they are not part of the layout.
      if (!blob.foreign) add_blob(digest_of(blob.digest));
    }
    layout_.manifests.push_back(
        {std::move(bytes), manifest.media_type, digest.text(), std::move(tags)});
  }

  // A second descriptor of the same image adds its tags.
  void add_tags(const std::string& digest, std::vector<std::string> tags) {
    for (LayoutManifest& manifest : layout_.manifests) {
      if (manifest.digest != digest) continue;
      manifest.tags.insert(manifest.tags.end(), tags.begin(), tags.end());
    }
  }

  void add_blob(const model::Digest& digest) {
    if (!done_.insert(digest.text()).second) return;
    storage::BlobStore& blobs = services_.store.blobs();
    // A blob that the store has already is not read again: its digest was checked when it came.
    if (const auto there = blobs.open(digest)) {
      layout_.blobs.push_back({digest, static_cast<std::int64_t>(there->size())});
      return;
    }
    std::ifstream file(path_of(digest), std::ios::binary);
    if (!file) fail(path_of(digest) + " cannot be read");
    auto upload =
        services_.store.uploads().acquire(base::make_uuid(services_.random), digest.algorithm());
    // The writer hashes the bytes as they are written; only a blob with the right digest gets its
    // name in the store.
    std::vector<char> buffer(1u << 20);
    do {
      file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
      upload->writer().append({buffer.data(), static_cast<std::size_t>(file.gcount())});
    } while (file);
    const auto size = static_cast<std::int64_t>(upload->writer().size());
    const bool right = upload->writer().digest(digest.algorithm()) == digest;
    if (right) blobs.commit(upload->id(), upload->writer(), digest);
    upload->finish();
    if (!right) fail(path_of(digest) + " has other bytes than its name says");
    layout_.blobs.push_back({digest, size});
  }

  const Services& services_;
  const std::string directory_;
  Layout layout_;
  std::set<std::string> done_;
};

}  // namespace

Layout import_layout(const Services& services, const std::string& directory,
                     const std::vector<std::string>& tags) {
  return Importer(services, directory).read(tags);
}

void put_layout(storage::sql::Txn& txn, storage::Store& store,
                const storage::Repository& repository, const Layout& layout, base::TimePoint now) {
  for (const LayoutBlob& blob : layout.blobs) {
    // Between the import and this transaction the garbage collection may have removed the file. It
    // needs the writer, which this transaction holds: a file that exists now stays.
    if (!store.blobs().open(blob.digest)) {
      throw storage::StorageError(storage::StorageError::Kind::kUnavailable,
                                  "blob " + blob.digest.text() + " went away; try again");
    }
    if (!storage::find_blob(txn, repository.id, blob.digest.text())) {
      storage::add_blob(txn, repository.id, blob.digest, blob.size, now);
    }
  }
  for (const LayoutManifest& manifest : layout.manifests) {
    const std::vector<std::string> untagged = {""};
    const SentManifest sent =
        read_sent_manifest(manifest.bytes, manifest.media_type, manifest.digest);
    for (const std::string& tag : manifest.tags.empty() ? untagged : manifest.tags) {
      put_image(txn, repository, sent, tag, now);
    }
  }
}

}  // namespace ecr::api::admin
