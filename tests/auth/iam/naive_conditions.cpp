#include "tests/auth/iam/naive_conditions.h"

#include <algorithm>
#include <arpa/inet.h>
#include <bitset>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include <nlohmann/json.hpp>

namespace ecr::auth::iam::test {

std::string naive_lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::vector<std::string> naive_split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool naive_glob(const Tokens& pattern, std::size_t i, const std::string& text, std::size_t j) {
  if (i == pattern.size()) return j == text.size();
  const auto [c, wild] = pattern[i];
  if (wild && c == '*') {
    for (std::size_t k = j; k <= text.size(); ++k) {
      if (naive_glob(pattern, i + 1, text, k)) return true;
    }
    return false;
  }
  if (j == text.size()) return false;
  return (wild || c == text[j]) && naive_glob(pattern, i + 1, text, j + 1);
}

Tokens naive_tokens(const std::string& pattern) {
  Tokens tokens;
  for (const char c : pattern) tokens.emplace_back(c, c == '*' || c == '?');
  return tokens;
}

const NaiveJson* naive_find(const NaiveJson& context, const std::string& key) {
  for (const auto& [name, value] : context.items()) {
    if (naive_lower(name) == naive_lower(key)) return &value;
  }
  return nullptr;
}

bool naive_expand(const std::string& text, const NaiveJson& context, Tokens& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t close = text.find('}', i);
    if (text.compare(i, 2, "${") != 0 || close == std::string::npos) {
      out.emplace_back(text[i], text[i] == '*' || text[i] == '?');
      continue;
    }
    const std::string inside = text.substr(i + 2, close - i - 2);
    i = close;
    if (inside == "*" || inside == "?" || inside == "$") {
      out.emplace_back(inside[0], false);
      continue;
    }
    const std::size_t comma = inside.find(", '");
    const NaiveJson* value = naive_find(context, inside.substr(0, comma));
    std::string put;
    if (value != nullptr && !value->is_array()) {
      put = value->get<std::string>();
    } else if (comma != std::string::npos) {
      put = inside.substr(comma + 3, inside.size() - comma - 4);
    } else {
      return false;
    }
    for (const char c : put) out.emplace_back(c, false);
  }
  return true;
}

bool naive_arn(const Tokens& pattern, const std::string& arn) {
  // Part by part; what stands after the fifth colon is one part.
  std::vector<Tokens> patterns(1);
  for (const auto& token : pattern) {
    if (token.first == ':' && patterns.size() < 6) {
      patterns.emplace_back();
    } else {
      patterns.back().push_back(token);
    }
  }
  std::vector<std::string> parts = naive_split(arn, ':');
  if (patterns.size() < 6 || parts.size() < 6 || parts[0] != "arn") return false;
  while (parts.size() > 6) {
    parts[5] += ":" + parts[6];
    parts.erase(parts.begin() + 6);
  }
  for (std::size_t i = 0; i < 6; ++i) {
    if (!naive_glob(patterns[i], 0, parts[i], 0)) return false;
  }
  return true;
}

namespace {

std::string plain(const Tokens& tokens) {
  std::string text;
  for (const auto& token : tokens) text += token.first;
  return text;
}

std::optional<double> number(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789.-") != std::string::npos) return {};
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (*end != '\0') return {};
  return value;
}

// Milliseconds. Knows the forms that the generator makes: YYYY-MM-DD, with Thh:mm:ssZ or a whole
// offset of hours, and whole seconds.
std::optional<double> date(const std::string& text) {
  int y = 0;
  int m = 0;
  int d = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int offset = 0;
  int used = 0;
  if (text.find('-') == std::string::npos) {
    if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) return {};
    return std::strtod(text.c_str(), nullptr) * 1000;
  }
  if (text.size() == 10) {
    if (std::sscanf(text.c_str(), "%4d-%2d-%2d%n", &y, &m, &d, &used) != 3 || used != 10) return {};
  } else if (text.size() == 20) {
    if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &y, &m, &d, &hour, &minute, &second,
                    &used) != 6 ||
        used != 20) {
      return {};
    }
  } else if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%3d:00%n", &y, &m, &d, &hour,
                         &minute, &second, &offset, &used) != 7 ||
             used != 25) {
    return {};
  }
  double days = 0;
  const auto leap = [](int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; };
  for (int year = 1970; year < y; ++year) days += leap(year) ? 366 : 365;
  const int lengths[] = {31, leap(y) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (int month = 1; month < m; ++month) days += lengths[month - 1];
  days += d - 1;
  return (((days * 24 + hour - offset) * 60 + minute) * 60 + second) * 1000;
}

std::optional<std::string> base64(const std::string& text) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) return {};
  std::string bits;
  std::string digits = text;
  std::size_t padding = 0;
  while (!digits.empty() && digits.back() == '=' && padding < 2) {
    digits.pop_back();
    ++padding;
  }
  for (const char c : digits) {
    const std::size_t value = alphabet.find(c);
    if (value == std::string::npos) return {};
    bits += std::bitset<6>(value).to_string();
  }
  std::string out;
  for (std::size_t i = 0; i + 8 <= bits.size(); i += 8) {
    out += static_cast<char>(std::bitset<8>(bits.substr(i, 8)).to_ulong());
  }
  return out;
}

// The address as a row of '0' and '1'; empty: not an address.
std::string address_bits(const std::string& text) {
  unsigned char bytes[16];
  std::size_t size = 0;
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) size = 4;
  if (inet_pton(AF_INET6, text.c_str(), bytes) == 1) size = 16;
  std::string bits;
  for (std::size_t i = 0; i < size; ++i) bits += std::bitset<8>(bytes[i]).to_string();
  return bits;
}

bool in_network(const std::string& address, const std::string& network) {
  const auto parts = naive_split(network, '/');
  const std::string a = address_bits(address);
  const std::string n = address_bits(parts[0]);
  if (a.empty() || a.size() != n.size() || parts.size() > 2) return false;
  std::size_t length = n.size();
  if (parts.size() == 2) {
    if (parts[1].empty() || parts[1].find_first_not_of("0123456789") != std::string::npos) {
      return false;
    }
    length = static_cast<std::size_t>(std::atoi(parts[1].c_str()));
    if (length > n.size()) return false;
  }
  return a.substr(0, length) == n.substr(0, length);
}

template <class T>
bool compare(const std::string& op, const std::optional<T>& a, const std::optional<T>& b) {
  if (!a || !b) return false;
  if (op.ends_with("LessThan")) return *a < *b;
  if (op.ends_with("LessThanEquals")) return *a <= *b;
  if (op.ends_with("GreaterThan")) return *a > *b;
  if (op.ends_with("GreaterThanEquals")) return *a >= *b;
  return *a == *b;
}

// Does the request's value match the policy's, the operator taken without its Not?
bool value_matches(const std::string& op, const std::string& actual, const Tokens& wanted) {
  const std::string text = plain(wanted);
  if (op == "StringEquals") return actual == text;
  if (op == "StringEqualsIgnoreCase") return naive_lower(actual) == naive_lower(text);
  if (op == "StringLike") return naive_glob(wanted, 0, actual, 0);
  if (op == "ArnEquals" || op == "ArnLike") return naive_arn(wanted, actual);
  if (op == "IpAddress") return in_network(actual, text);
  if (op.starts_with("Numeric")) return compare(op, number(actual), number(text));
  if (op.starts_with("Date")) return compare(op, date(actual), date(text));
  if (op == "BinaryEquals") return compare(op, base64(actual), base64(text));
  const std::string a = naive_lower(actual);  // Bool
  return a == naive_lower(text) && (a == "true" || a == "false");
}

}  // namespace

bool naive_condition(const std::string& full_op, const std::string& key, const NaiveJson& values,
                     const NaiveJson& context, bool variables) {
  std::string op = full_op;
  const bool all = op.starts_with("ForAllValues:");
  const bool any = op.starts_with("ForAnyValue:");
  if (all || any) op = op.substr(op.find(':') + 1);
  const bool if_exists = op.ends_with("IfExists");
  if (if_exists) op.resize(op.size() - 8);
  const std::size_t no = op.find("Not");
  const bool negated = no != std::string::npos;
  if (negated) op.erase(no, 3);
  const bool with_variables =
      variables && (op.starts_with("String") || op.starts_with("Arn") || op == "Bool");

  const NaiveJson wanted = values.is_array() ? values : NaiveJson::array({values});
  const NaiveJson* found = naive_find(context, key);
  const bool multi = found != nullptr && found->is_array();
  std::vector<std::string> actual;
  if (multi) actual = found->get<std::vector<std::string>>();
  if (found != nullptr && !multi) actual = {found->get<std::string>()};
  const bool null_set = actual.empty() || actual == std::vector<std::string>{""};

  if (op == "Null") {
    const bool null = found == nullptr || (multi && null_set);
    for (const NaiveJson& value : wanted) {
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      if (naive_lower(text) == (null ? "true" : "false")) return true;
    }
    return false;
  }

  const auto passes = [&](const std::string& one) {
    for (const NaiveJson& value : wanted) {
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      Tokens tokens;
      if (!with_variables) {
        tokens = naive_tokens(text);
      } else if (!naive_expand(text, context, tokens)) {
        continue;
      }
      if (value_matches(op, one, tokens)) return !negated;
    }
    return negated;
  };

  if (all || any) {
    if (null_set) return if_exists || all;
    std::size_t passed = 0;
    for (const std::string& one : actual) passed += passes(one) ? 1 : 0;
    return all ? passed == actual.size() : passed > 0;
  }
  if (found == nullptr) return if_exists || negated;
  return !multi && passes(actual[0]);
}

}  // namespace ecr::auth::iam::test
