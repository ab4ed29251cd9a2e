// How values are written in one column: times, digests, names of repositories, lists of short
// texts, enums. Pure functions.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/base/clock.h"
#include "schemas/model/digest.h"
#include "schemas/model/repository_name.h"
#include "storage/os/error.h"
#include "storage/sql/transaction.h"

namespace ecr::storage {

// A time is the number of milliseconds since the epoch, UTC.
inline std::int64_t to_column(base::TimePoint time) { return time.time_since_epoch().count(); }
inline std::optional<std::int64_t> to_column(const std::optional<base::TimePoint>& time) {
  return time ? std::optional(to_column(*time)) : std::nullopt;
}
inline base::TimePoint from_column(std::int64_t value) {
  return base::TimePoint(std::chrono::milliseconds(value));
}
inline std::optional<base::TimePoint> from_column(const std::optional<std::int64_t>& value) {
  return value ? std::optional(from_column(*value)) : std::nullopt;
}

// A digest is its text. Throws StorageError where the text is none: this program writes no such
// row, so the database is damaged (check.h reports it).
inline model::Digest to_digest(std::string_view column) {
  auto digest = model::Digest::parse(column);
  if (!digest) {
    throw StorageError(StorageError::Kind::kCorrupt, "a row has a digest that is none");
  }
  return std::move(*digest);
}
// Empty: none.
inline std::optional<model::Digest> to_optional_digest(std::string_view column) {
  return column.empty() ? std::nullopt : std::optional(to_digest(column));
}
inline std::string_view to_column(const std::optional<model::Digest>& digest) {
  return digest ? std::string_view(digest->text()) : std::string_view();
}
// These read the digest in the first column.
inline std::vector<model::Digest> all_digests(sql::Rows rows) {
  return sql::all_rows(std::move(rows),
                       [](const sql::Rows& row) { return to_digest(row.text(0)); });
}
inline std::optional<model::Digest> first_digest(sql::Rows rows) {
  return sql::first_row(std::move(rows),
                        [](const sql::Rows& row) { return to_digest(row.text(0)); });
}

// The name of a repository, in the same way.
inline model::RepositoryName to_repository_name(std::string_view column) {
  auto name = model::RepositoryName::parse(column);
  if (!name) {
    throw StorageError(StorageError::Kind::kCorrupt,
                       "a row has the name of a repository that is none");
  }
  return std::move(*name);
}
inline std::optional<model::RepositoryName> to_optional_repository_name(std::string_view column) {
  return column.empty() ? std::nullopt : std::optional(to_repository_name(column));
}
inline std::string_view to_column(const std::optional<model::RepositoryName>& name) {
  return name ? std::string_view(name->text()) : std::string_view();
}

// A list of texts has one text on each line. REQUIRES: no text is empty or holds a line break.
inline std::string join_lines(const std::vector<std::string>& lines) {
  std::string joined;
  for (const auto& line : lines) {
    if (!joined.empty()) joined += '\n';
    joined += line;
  }
  return joined;
}

inline std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// The texts that stand for the values of an enum, in the order of the values.
template <typename Enum, std::size_t N>
class EnumColumn {
 public:
  explicit constexpr EnumColumn(const std::array<std::string_view, N>& texts) : texts_(texts) {}
  constexpr std::string_view text(Enum value) const {
    return texts_[static_cast<std::size_t>(value)];
  }
  // The first value for a text that is not in the list; the program writes no such text.
  constexpr Enum value(std::string_view text) const {
    for (std::size_t i = 1; i < N; ++i) {
      if (texts_[i] == text) return static_cast<Enum>(i);
    }
    return static_cast<Enum>(0);
  }

 private:
  std::array<std::string_view, N> texts_;
};

}  // namespace ecr::storage
