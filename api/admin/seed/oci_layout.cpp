#include "api/admin/seed/oci_layout.h"

#include <map>
#include <stdexcept>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "api/images/image_walk.h"
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

// Reads one layout. A digest is read once, however many descriptors name it.
class Importer {
 public:
  Importer(const Services& services, const LayoutFiles& files, SeedBudget& budget)
      : services_(services), files_(files), budget_(budget) {}

  Layout read(const std::vector<std::string>& tags) {
    require_layout();
    const std::string text = files_.read_small("index.json");
    const auto index =
        base::parse_json(text, {.max_bytes = kMaxManifestBytes, .max_values = kMaxManifestValues});
    const std::string where = files_.directory() + "/index.json";
    if (!index || !index->is_object()) fail(where + " is not a JSON object");
    const auto found = index->find("manifests");
    if (found == index->end() || !found->is_array()) fail(where + " has no manifests");
    if (!tags.empty() && found->size() != 1) {
      fail(where + " has several images: tags would be ambiguous");
    }
    for (const base::Json& descriptor : *found) {
      if (!descriptor.is_object()) fail(where + ": a descriptor is not an object");
      add_image(base::text_member(descriptor, "digest"), base::text_member(descriptor, "mediaType"),
                tags.empty() ? tags_of(descriptor) : tags);
    }
    return std::move(layout_);
  }

 private:
  void require_layout() {
    const auto marker = base::parse_json(files_.read_small("oci-layout"));
    if (!marker || !marker->is_object() ||
        marker->value("imageLayoutVersion", base::Json()) != base::Json("1.0.0")) {
      fail(files_.directory() + "/oci-layout does not say \"imageLayoutVersion\": \"1.0.0\"");
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

  // The image with all that it names, and its tags. A second descriptor of an image adds tags.
  void add_image(const std::string& name, const std::string& media_type,
                 const std::vector<std::string>& tags) {
    const model::Digest root = digest_of(name);
    if (!manifests_.contains(root)) {
      media_types_.emplace(root, media_type);
      // Children first: a push of an index fails while its manifests are missing.
      for (const model::Digest& digest :
           children_first(root, kMaxWalkedImages,
                          [&](const model::Digest& each) { return read_manifest(each); })) {
        if (const auto found = read_.find(digest); found != read_.end()) {
          manifests_.emplace(digest, layout_.manifests.size());
          layout_.manifests.push_back(std::move(found->second));
          read_.erase(found);
        }
      }
    }
    std::vector<std::string>& all = layout_.manifests[manifests_.at(root)].tags;
    all.insert(all.end(), tags.begin(), tags.end());
  }

  // Reads a manifest into read_, stores its blobs, and returns the digests of the images that it
  // names.
  std::vector<model::Digest> read_manifest(const model::Digest& digest) {
    if (manifests_.contains(digest)) return {};  // with an image before this one
    std::string bytes = files_.read_small(digest);
    budget_.take(bytes.size());
    if (model::Digest::of(bytes, digest.algorithm()) != digest) {
      fail(files_.path_of(digest) + " does not match the digest in its name");
    }
    Manifest manifest = parse_manifest(bytes, media_types_[digest]);
    require_well_formed(manifest);
    std::vector<model::Digest> children;
    for (const Descriptor& child : manifest.manifests) {
      media_types_.emplace(child.digest, child.media_type);
      children.push_back(child.digest);
    }
    for (const Descriptor& blob : manifest.blobs) {
      // Foreign layers stay where their URLs point: they are not part of the layout.
      if (!blob.foreign) add_blob(blob.digest);
    }
    read_.emplace(digest, LayoutManifest{std::move(bytes), digest, std::move(manifest), {}});
    return children;
  }

  void add_blob(const model::Digest& digest) {
    if (!blobs_.insert(digest).second) return;
    storage::BlobStore& blobs = services_.store.blobs();
    // A blob that the store has already is not read again: its digest was checked when it came.
    if (const auto there = blobs.open(digest)) {
      layout_.blobs.push_back({digest, static_cast<std::int64_t>(there->size())});
      return;
    }
    auto upload =
        services_.store.uploads().acquire(base::make_uuid(services_.random), digest.algorithm());
    // The writer hashes the bytes as they are written; only a blob with the right digest gets its
    // name in the store.
    try {
      files_.read_blob(digest, [&](std::string_view bytes) { upload->writer().append(bytes); });
    } catch (...) {
      upload->finish();
      throw;
    }
    const auto size = static_cast<std::int64_t>(upload->writer().size());
    const bool right = upload->writer().digest(digest.algorithm()) == digest;
    if (right) blobs.commit(upload->id(), upload->writer(), digest);
    upload->finish();
    if (!right) fail(files_.path_of(digest) + " does not match the digest in its name");
    layout_.blobs.push_back({digest, size});
  }

  const Services& services_;
  const LayoutFiles& files_;
  SeedBudget& budget_;
  Layout layout_;
  std::map<model::Digest, std::size_t> manifests_;    // where they are in layout_
  std::map<model::Digest, LayoutManifest> read_;      // those of the walk, not in order yet
  std::map<model::Digest, std::string> media_types_;  // as a descriptor says
  std::unordered_set<model::Digest, model::DigestHash> blobs_;
};

}  // namespace

Layout import_layout(const Services& services, const LayoutFiles& files,
                     const std::vector<std::string>& tags, SeedBudget& budget) {
  return Importer(services, files, budget).read(tags);
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
    if (!storage::find_blob(txn, repository.id, blob.digest)) {
      storage::add_blob(txn, repository.id, blob.digest, blob.size, now);
    }
  }
  for (const LayoutManifest& manifest : layout.manifests) {
    const std::vector<std::string> untagged = {""};
    const SentManifest sent{manifest.bytes, manifest.digest, manifest.manifest};
    for (const std::string& tag : manifest.tags.empty() ? untagged : manifest.tags) {
      put_image(txn, repository, sent, tag, now);
    }
  }
}

}  // namespace ecr::api::admin
