// Draws a decision as a tree for people: the verdict, when it was, and what would allow the
// request, then who asked, every statement that was evaluated and why it did not apply, and the
// context. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "schemas/base/json.h"

namespace ecr::server {

// A tree of lines, drawn with box characters.
struct TextTree {
  TextTree(std::string line, std::vector<TextTree> below)
      : text(std::move(line)), children(std::move(below)) {}

  std::string text;
  std::vector<TextTree> children;
};

// One line a node. Control characters become '?': the text of a policy or of a client's header may
// hold what a terminal would obey.
std::string render(const TextTree& tree);

// `decision`: as /_ecr-local/decisions?trace=true has it; beside that, "age" ("2 minutes ago") and
// "since": sentences about requests that came after it. Ends with a newline.
std::string explain_text(const base::OrderedJson& decision);

// `failure`: as /_ecr-local/authentication-failures has it. Ends with a newline.
std::string failure_text(const base::OrderedJson& failure);

}  // namespace ecr::server
