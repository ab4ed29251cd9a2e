// Real AWS accounts as a seed: reads what the AWS CLI prints about them (IAM, ECR, Organizations),
// and writes the document that apply_seed() takes, with new keys for its users and roles. What the
// outputs are, and what becomes of each of their members: docs/import-account.md. Pure, but for the
// random keys; stateless.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/base/clock.h"

namespace ecr::api::admin {

// One output of the AWS CLI. Its path says what the output itself does not: the account (12
// digits), the Region, and of some what they are about.
struct ExportFile {
  std::string path;  // "export/111122223333/ecr/eu-west-1/repositories.json"
  std::string text;
};

// The most bytes of all files together, and the most files: far above what large accounts have.
inline constexpr std::size_t kMostExportBytes = std::size_t{256} << 20;
inline constexpr std::size_t kMostExportFiles = 200'000;

struct ImportOptions {
  std::string account;  // of outputs that name none; empty: such an output is an error
  std::string region;   // likewise
  std::size_t most_bytes = kMostExportBytes;
  std::size_t most_files = kMostExportFiles;
};

struct AccountImport {
  std::string seed;         // the document
  std::string region;       // with most of the repositories, or ImportOptions::region; empty: none
  std::string credentials;  // in the form of ~/.aws/credentials: a profile for each identity
  // What the document does not have, or has in another way, a sentence each.
  std::vector<std::string> notes;
  // {"accounts", 2}, {"users", 7}, ...: what the document has.
  std::vector<std::pair<std::string, std::uint64_t>> counts;
};

// An output that cannot be read: "export/iam.json: RoleDetailList[3].RoleName: is missing".
class ImportError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The first line of AccountImport::credentials: a file that begins otherwise is somebody else's.
inline constexpr std::string_view kCredentialsHeading =
    "# Keys of ecr-local import-account: they work only on a server that has its seed.\n";

// Throws ImportError.
AccountImport import_account(const std::vector<ExportFile>& files, const ImportOptions& options,
                             base::Random& random);

}  // namespace ecr::api::admin
