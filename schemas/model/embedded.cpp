#include "schemas/model/embedded.h"

// The assembler copies the files: no generated sources, no cost at compile time. CMake makes this
// object depend on them.
#define ECR_EMBED(name, file)                                                               \
  __asm__(                                                                                  \
      ".pushsection .rodata\n"                                                              \
      ".global ecr_embedded_" #name "\n.hidden ecr_embedded_" #name "\necr_embedded_" #name \
      ":\n"                                                                                 \
      ".incbin \"" ECR_SCHEMA_DIR "/" file                                                  \
      "\"\n"                                                                                \
      ".global ecr_embedded_" #name "_end\n.hidden ecr_embedded_" #name                     \
      "_end\n"                                                                              \
      "ecr_embedded_" #name                                                                 \
      "_end:\n.byte 0\n"                                                                    \
      ".popsection\n");                                                                     \
  extern "C" const char ecr_embedded_##name[];                                              \
  extern "C" const char ecr_embedded_##name##_end[];                                        \
  std::string_view ecr::model::embedded::name() {                                           \
    return {ecr_embedded_##name, ecr_embedded_##name##_end};                                \
  }

ECR_EMBED(ecr_model, "ecr.json")
ECR_EMBED(iam_model, "iam.json")
ECR_EMBED(sts_model, "sts.json")
ECR_EMBED(organizations_model, "organizations.json")
ECR_EMBED(ecr_authorization, "authorization/ecr.json")
ECR_EMBED(iam_authorization, "authorization/iam.json")
ECR_EMBED(sts_authorization, "authorization/sts.json")
