#include "server/cli/text_tree.h"

namespace ecr::server {
namespace {

void append_line(std::string& out, const std::string& text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  out += '\n';
}

void append_children(std::string& out, const TextTree& tree, const std::string& indent) {
  for (std::size_t i = 0; i < tree.children.size(); ++i) {
    const bool last = i + 1 == tree.children.size();
    out += indent;
    out += last ? "└─ " : "├─ ";
    append_line(out, tree.children[i].text);
    append_children(out, tree.children[i], indent + (last ? "   " : "│  "));
  }
}

}  // namespace

std::string render(const TextTree& tree) {
  std::string out;
  append_line(out, tree.text);
  append_children(out, tree, "");
  return out;
}

}  // namespace ecr::server
