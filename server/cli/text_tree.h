// A tree of lines, drawn with box characters. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ecr::server {

struct TextTree {
  TextTree(std::string line, std::vector<TextTree> below)
      : text(std::move(line)), children(std::move(below)) {}

  std::string text;
  std::vector<TextTree> children;
};

// One line a node. Control characters become '?': the text of a policy or of a client's header may
// hold what a terminal would obey.
std::string render(const TextTree& tree);

}  // namespace ecr::server
