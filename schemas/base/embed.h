// Files linked into the program as they are. The assembler copies them: no generated sources, no
// cost at compile time. CMake makes the object depend on the files (OBJECT_DEPENDS), and a source
// that embeds stays out of unity units, which know no such dependency.
#pragma once

#include <string_view>

// At file scope: embeds the file at `path`, a string literal. `name` is unique in the program.
#define ECR_EMBED(name, path)                                                               \
  __asm__(                                                                                  \
      ".pushsection .rodata\n"                                                              \
      ".global ecr_embedded_" #name "\n.hidden ecr_embedded_" #name "\necr_embedded_" #name \
      ":\n"                                                                                 \
      ".incbin \"" path                                                                     \
      "\"\n"                                                                                \
      ".global ecr_embedded_" #name "_end\n.hidden ecr_embedded_" #name                     \
      "_end\necr_embedded_" #name                                                           \
      "_end:\n.byte 0\n"                                                                    \
      ".popsection\n");                                                                     \
  extern "C" const char ecr_embedded_##name[];                                              \
  extern "C" const char ecr_embedded_##name##_end[];

// Its bytes, which live as long as the program.
#define ECR_EMBEDDED(name) (std::string_view(ecr_embedded_##name, ecr_embedded_##name##_end))
