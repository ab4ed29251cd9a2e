// Every expression of the linked models, against a matcher that follows the definition: it
// backtracks over the syntax tree, and shares no code with the simulation.
#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/utf8.h"
#include "schemas/model/embedded.h"
#include "schemas/model/pattern.h"
#include "schemas/model/pattern_syntax.h"

namespace ecr::model {
namespace {

using pattern_syntax::Node;
using Continuation = std::function<bool(std::size_t)>;

// True when the node matches some text from `at` and `then` accepts where that ends.
class Reference {
 public:
  explicit Reference(std::string_view text) : text_(text) {}

  bool matches(const Node& node) {
    return match(node, 0, [this](std::size_t at) { return at == text_.size(); });
  }

 private:
  bool match(const Node& node, std::size_t at, const Continuation& then) {
    switch (node.kind) {
      case Node::Kind::kConcat:
        return match_from(node, 0, at, then);
      case Node::Kind::kAlternate:
        return std::any_of(node.children.begin(), node.children.end(),
                           [&](const Node& child) { return match(child, at, then); });
      case Node::Kind::kRepeat:
        return match_repeat(node, 0, at, then);
      case Node::Kind::kSet: {
        std::size_t after = at;
        return at < text_.size() && node.set.contains(base::next_code_point(text_, after)) &&
               then(after);
      }
      case Node::Kind::kNotBefore: {
        std::size_t after = at;
        const bool comes =
            at < text_.size() && node.set.contains(base::next_code_point(text_, after));
        return !comes && then(at);
      }
      case Node::Kind::kStart:
        return at == 0 && then(at);
      case Node::Kind::kEnd:
        return at == text_.size() && then(at);
    }
    return false;
  }

  bool match_from(const Node& node, std::size_t child, std::size_t at, const Continuation& then) {
    if (child == node.children.size()) return then(at);
    return match(node.children[child], at,
                 [&](std::size_t next) { return match_from(node, child + 1, next, then); });
  }

  bool match_repeat(const Node& node, std::size_t done, std::size_t at, const Continuation& then) {
    if (done >= node.min && then(at)) return true;
    if (done == node.max) return false;
    return match(node.children.front(), at, [&](std::size_t next) {
      // Once the minimum is reached, another empty round changes nothing.
      if (next == at && done >= node.min) return false;
      return match_repeat(node, done + 1, next, then);
    });
  }

  std::string_view text_;
};

// Short strings that come near a match: drawn from the tree, then disturbed.
class Samples {
 public:
  explicit Samples(const std::string& alphabet) : alphabet_(alphabet) {}

  std::string draw(const Node& node) {
    std::string text;
    append(node, text);
    if (text.size() > 24 && below(4) != 0) text.resize(24);
    for (std::size_t i = below(3); i > 0; --i) disturb(text);
    return text;
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  char any() { return alphabet_[below(alphabet_.size())]; }

  void append(const Node& node, std::string& text) {
    switch (node.kind) {
      case Node::Kind::kConcat:
        for (const Node& child : node.children) append(child, text);
        break;
      case Node::Kind::kAlternate:
        append(node.children[below(node.children.size())], text);
        break;
      case Node::Kind::kRepeat: {
        const std::size_t times = std::min(node.max, node.min + below(3));
        for (std::size_t i = 0; i < times; ++i) append(node.children.front(), text);
        break;
      }
      case Node::Kind::kSet: {
        char c = any();
        for (int i = 0; i < 200 && !node.set.contains(static_cast<unsigned char>(c)); ++i)
          c = any();
        text += c;
        break;
      }
      default:
        break;
    }
  }

  void disturb(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    switch (below(3)) {
      case 0:
        text.insert(at, 1, any());
        break;
      case 1:
        text.erase(at, 1);
        break;
      default:
        if (at < text.size()) text[at] = any();
    }
  }

  std::string alphabet_;
  std::mt19937 random_{1};
};

// Pattern text to the shape that has it.
std::map<std::string, std::string> model_patterns() {
  std::map<std::string, std::string> patterns;
  for (const auto model : {embedded::ecr_model(), embedded::iam_model(), embedded::sts_model()}) {
    const base::Json document = *base::parse_json(model);
    for (const auto& [name, shape] : document["shapes"].items()) {
      if (shape.contains("pattern")) patterns[shape["pattern"].get<std::string>()] = name;
    }
  }
  return patterns;
}

std::string alphabet_of(const std::string& expression) {
  std::string alphabet = "aZ09-_./: \n\x7F";
  for (const char c : expression) {
    if (alphabet.find(c) == std::string::npos) alphabet += c;
  }
  return alphabet;
}

TEST(ModelPatterns, AllCompile) {
  EXPECT_GT(model_patterns().size(), 50u);
  for (const auto& [expression, shape] : model_patterns()) {
    const auto pattern = Pattern::compile(expression);
    EXPECT_TRUE(pattern) << shape << ' ' << expression << ": " << pattern.error();
  }
}

TEST(ModelPatterns, AgreeWithTheReference) {
  std::size_t matched = 0;
  std::size_t refused = 0;
  for (const auto& [expression, shape] : model_patterns()) {
    const auto tree = pattern_syntax::parse(expression);
    const auto pattern = Pattern::compile(expression);
    ASSERT_TRUE(tree && pattern) << expression;
    Samples samples(alphabet_of(expression));
    for (int i = 0; i < 150; ++i) {
      const std::string text = samples.draw(*tree);
      const bool expected = Reference(text).matches(*tree);
      EXPECT_EQ(pattern->matches(text), expected)
          << shape << ' ' << expression << " '" << text << "'";
      ++(expected ? matched : refused);
    }
  }
  // Both sides were really tried.
  EXPECT_GT(matched, 1000u);
  EXPECT_GT(refused, 1000u);
}

TEST(ModelPatterns, AcceptAndRefuseWhatTheirAuthorsMeant) {
  struct Case {
    const char* shape;
    const char* text;
    bool matches;
  };
  std::map<std::string, std::string> by_shape;
  for (const auto& [expression, shape] : model_patterns()) by_shape[shape] = expression;
  for (const auto& [shape, text, matches] :
       {Case{"CredentialArn",
             "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub", true},
        Case{"CredentialArn", "arn:aws:secretsmanager:us-east-1:123456789012:secret:other/hub",
             false},
        Case{"KmsKeyForRepositoryCreationTemplate", "", true},
        Case{"KmsKeyForRepositoryCreationTemplate", "arn:aws:kms:us-east-1:123456789012:key/0f-1",
             true},
        Case{"KmsKeyForRepositoryCreationTemplate", "key", false},
        Case{"LayerDigest", "sha256:00ff", true}, Case{"LayerDigest", "sha256:", false},
        Case{"accountAliasType", "my-alias", true}, Case{"accountAliasType", "my--alias", false},
        Case{"pathType", "/", true}, Case{"pathType", "/a/b/", true}, Case{"pathType", "/a", false},
        Case{"policyVersionIdType", "v12.x", true}, Case{"policyVersionIdType", "v0", false}}) {
    ASSERT_TRUE(by_shape.contains(shape)) << shape;
    EXPECT_EQ(Pattern::compile(by_shape[shape])->matches(text), matches) << shape << ' ' << text;
  }
}

}  // namespace
}  // namespace ecr::model
