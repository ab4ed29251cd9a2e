#include "schemas/model/embedded.h"

#include "schemas/base/embed.h"

// The assembler embeds every file (embed.h), which costs the compiler nothing. The build defines
// ECR_SCHEMA_DIR.
#define ECR_MODEL(name, file)              \
  ECR_EMBED(name, ECR_SCHEMA_DIR "/" file) \
  std::string_view ecr::model::embedded::name() { return ECR_EMBEDDED(name); }

ECR_MODEL(ecr_model, "ecr.json")
ECR_MODEL(iam_model, "iam.json")
ECR_MODEL(sts_model, "sts.json")
ECR_MODEL(organizations_model, "organizations.json")
ECR_MODEL(ecr_authorization, "authorization/ecr.json")
ECR_MODEL(iam_authorization, "authorization/iam.json")
ECR_MODEL(sts_authorization, "authorization/sts.json")
ECR_MODEL(aws_managed_policies, "aws_managed_policies.xz")
ECR_MODEL(service_linked_roles, "service_linked_roles.tsv")
