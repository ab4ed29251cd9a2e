#include "schemas/base/json.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"

namespace ecr::base {
namespace {

// An input iterator that tells how far the parser has read, because the parser gives its callbacks
// no position. The iterator is copied, so the place is kept outside of it.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor(const char* at, const char*& reached) : at_(at), reached_(&reached) {}

  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  friend bool operator==(const Cursor& a, const Cursor& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  const char** reached_;
};

// These two find equal keys in an object that is still open. Both do it without a search through
// all members: a body of a million keys must not take the square of a million steps (test:
// AHundredThousandKeysAreRead).
class SortedKeys {
 public:
  // The place for the value of `key`, and whether there was one already.
  std::pair<Json*, bool> place(Json& object, std::string& key) {
    const auto [at, inserted] =
        object.get_ref<Json::object_t&>().try_emplace(std::move(key), nullptr);
    return {&at->second, !inserted};
  }
};

class OrderedKeys {
 public:
  std::pair<OrderedJson*, bool> place(OrderedJson& object, std::string& key) {
    auto& members = object.get_ref<OrderedJson::object_t&>();
    if (!seen_.insert(key).second) return {&members.at(key), true};
    // ordered_map::emplace() searches the whole vector. The set above has done that already, so the
    // member is appended to the vector underneath.
    using Vector = OrderedJson::object_t::Container;
    return {&static_cast<Vector&>(members).emplace_back(std::move(key), nullptr).second, false};
  }

 private:
  std::unordered_set<std::string> seen_;
};

// Builds the document from the parser's events and stops the parser at the limits. nlohmann's own
// builder has no limits and keeps the last of two equal keys; policies and signed tokens must not
// have two readings. The open values are a vector, not a recursion, so the depth of a text costs no
// stack here.
template <typename Document, typename Keys>
class Builder {
 public:
  Builder(std::string_view text, const JsonLimits& limits)
      : text_(text), limits_(limits), reached_(text.data()) {}

  tl::expected<Document, JsonError> run() {
    // The size and UTF-8 are checked before any parsing, so that each has an error of its own.
    if (text_.size() > limits_.max_bytes) {
      fail(JsonError::Kind::kTooLarge, limits_.max_bytes, "the document is too large");
    } else if (const std::size_t valid = utf8_prefix(text_); valid != text_.size()) {
      fail(JsonError::Kind::kNotUtf8, valid, "not UTF-8");
    } else if (text_.starts_with("\xEF\xBB\xBF")) {
      // nlohmann's parser skips it; RFC 8259, 8.1 forbids it in texts that are sent, and other
      // readers refuse it.
      fail(JsonError::Kind::kSyntax, 0, "a byte order mark stands before the document");
    } else {
      Document::sax_parse(Cursor(text_.data(), reached_),
                          Cursor(text_.data() + text_.size(), reached_), this);
    }
    if (error_) return tl::unexpected(std::move(*error_));
    return std::move(root_);
  }

  // The events, by the names that nlohmann::json_sax asks for. False stops the parser.
  using number_float_t = typename Document::number_float_t;
  bool null() { return leaf(nullptr); }
  bool boolean(bool value) { return leaf(value); }
  bool number_integer(std::int64_t value) { return leaf(value); }
  bool number_unsigned(std::uint64_t value) { return leaf(value); }
  bool number_float(number_float_t value, const std::string&) { return leaf(value); }
  bool string(std::string& value) { return leaf(std::move(value)); }
  bool binary(typename Document::binary_t&) { return false; }  // not in JSON text
  bool start_object(std::size_t) { return open(Document::object()); }
  bool start_array(std::size_t) { return open(Document::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    // The member is made at its key, with null; the value that comes next goes there. With
    // duplicates allowed it replaces the earlier one (test:
    // TheLastOfEqualKeysStaysWhereTheyAreAllowed).
    const auto [place, duplicate] = open_.back().keys.place(*open_.back().value, name);
    if (duplicate && limits_.refuse_duplicate_keys) {
      return fail(JsonError::Kind::kDuplicateKey, last_read(), "duplicate key in an object");
    }
    next_ = place;
    return true;
  }

  template <typename Exception>
  // nlohmann counts the bytes that it has read, the offending one included, so the offset is one
  // less.
  bool parse_error(std::size_t position, const std::string&, const Exception& exception) {
    return fail(JsonError::Kind::kSyntax, position == 0 ? 0 : position - 1,
                describe(exception.what()));
  }

 private:
  struct Open {
    Document* value;
    Keys keys;
  };

  template <typename Value>
  // Puts a value where it belongs: at the root, at the key that was read last, or at the end of the
  // open array. Returns its place.
  Document* add(Value&& value) {
    ++values_;
    if (open_.empty()) {
      root_ = std::forward<Value>(value);
      return &root_;
    }
    Document& parent = *open_.back().value;
    if (parent.is_object()) {
      *next_ = std::forward<Value>(value);
      return next_;
    }
    auto& elements = parent.template get_ref<typename Document::array_t&>();
    return &elements.emplace_back(std::forward<Value>(value));
  }

  // Values are counted as they come, containers included: a text of a few megabytes that is all
  // "[]," must not grow to a hundred in memory (test: TheNumberOfValuesIsLimited).
  bool has_room() {
    if (values_ < limits_.max_values) return true;
    return fail(JsonError::Kind::kTooLarge, last_read(), "the document has too many values");
  }

  template <typename Value>
  bool leaf(Value&& value) {
    if (!has_room()) return false;
    add(std::forward<Value>(value));
    return true;
  }

  bool open(Document&& empty) {
    if (!has_room()) return false;
    if (open_.size() >= limits_.max_depth) {
      return fail(JsonError::Kind::kTooDeep, last_read(), "nested too deep");
    }
    // The pointer into the parent stays valid: a parent grows only after its child is closed.
    Document* value = add(std::move(empty));
    open_.push_back({value, Keys{}});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  // `reached_` is behind the byte that the parser read last.
  std::size_t last_read() const {
    return static_cast<std::size_t>(std::max<std::ptrdiff_t>(reached_ - text_.data() - 1, 0));
  }

  bool fail(JsonError::Kind kind, std::size_t offset, std::string detail) {
    // Lines are counted only here: a valid text pays nothing for them.
    offset = std::min(offset, text_.size());
    const auto newlines = std::count(text_.begin(), text_.begin() + std::ptrdiff_t(offset), '\n');
    error_ = JsonError{kind, offset, static_cast<std::size_t>(newlines) + 1, std::move(detail)};
    return false;
  }

  // nlohmann's text is of the form "[json.exception.parse_error.101] parse error at line 1, column
  // 9: syntax error while parsing value - invalid literal; last read: '...'; expected ...". This
  // takes the part that names the fault and leaves out the quotation of the input, which may hold a
  // secret (test: TheErrorDoesNotRepeatTheInput).
  static std::string describe(std::string_view what) {
    constexpr std::string_view kBefore = "syntax error ";
    const std::size_t from = what.find(kBefore);
    if (from == std::string_view::npos) return "a number is out of range";
    what.remove_prefix(from);
    what = what.substr(0, what.find("; last read: '"));
    return std::string(what.substr(0, 160));
  }

  std::string_view text_;
  const JsonLimits& limits_;
  const char* reached_;
  Document root_;
  std::vector<Open> open_;
  std::size_t values_ = 0;
  Document* next_ = nullptr;  // where the value of the key just read goes
  std::optional<JsonError> error_;
};

// A member of another type counts as absent: these documents come from clients and upstreams.
template <typename Document>
std::string read_text(const Document& object, std::string_view name, std::string_view fallback) {
  const auto found = object.find(name);  // the end, where `object` is not an object
  const bool is_text = found != object.end() && found->is_string();
  return is_text ? found->template get<std::string>() : std::string(fallback);
}

template <typename Document>
std::string dump_text(const Document& json) {
  // "replace": a string that did not come through this parser may hold bad bytes, for which dump()
  // would throw (test: MakesBadBytesValid).
  return json.dump(-1, ' ', false, Document::error_handler_t::replace);
}

}  // namespace

tl::expected<Json, JsonError> parse_json(std::string_view text, const JsonLimits& limits) {
  return Builder<Json, SortedKeys>(text, limits).run();
}

tl::expected<OrderedJson, JsonError> parse_ordered_json(std::string_view text,
                                                        const JsonLimits& limits) {
  return Builder<OrderedJson, OrderedKeys>(text, limits).run();
}

std::string text_member(const Json& object, std::string_view name, std::string_view fallback) {
  return read_text(object, name, fallback);
}
std::string text_member(const OrderedJson& object, std::string_view name,
                        std::string_view fallback) {
  return read_text(object, name, fallback);
}

std::string dump(const Json& json) { return dump_text(json); }
std::string dump(const OrderedJson& json) { return dump_text(json); }

}  // namespace ecr::base
