#include "schemas/model/model.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace ecr::model {
namespace {

// Wraps shapes in the rest of a model.
std::string model_of(const std::string& shapes) {
  return R"({"metadata":{"apiVersion":"1"},"operations":{},"shapes":{)" + shapes + "}}";
}

TEST(Model, EcrLoads) {
  const ServiceModel& model = ServiceModel::ecr();
  EXPECT_EQ(model.target_prefix(), "AmazonEC2ContainerRegistry_V20150921");
  EXPECT_EQ(model.api_version(), "2015-09-21");
  EXPECT_EQ(model.operations().size(), 62u);
  const OperationModel* operation = model.find("CreateRepository");
  ASSERT_TRUE(operation);
  EXPECT_EQ(operation->name, "CreateRepository");
  EXPECT_EQ(operation->input->name, "CreateRepositoryRequest");
  EXPECT_EQ(operation->output->name, "CreateRepositoryResponse");
  EXPECT_EQ(operation->result_wrapper, "");
  EXPECT_FALSE(operation->errors.empty());
  EXPECT_FALSE(model.find("createRepository"));
}

TEST(Model, IamAndStsLoad) {
  const ServiceModel& iam = ServiceModel::iam();
  EXPECT_EQ(iam.xml_namespace(), "https://iam.amazonaws.com/doc/2010-05-08/");
  EXPECT_FALSE(iam.find("DeleteUser")->output);
  EXPECT_TRUE(iam.shape("passwordType")->sensitive);
  const ServiceModel& sts = ServiceModel::sts();
  EXPECT_EQ(sts.api_version(), "2011-06-15");
  EXPECT_EQ(sts.find("GetCallerIdentity")->result_wrapper, "GetCallerIdentityResult");
}

TEST(Model, MembersKeepTheirOrder) {
  const Shape& shape = *ServiceModel::ecr().shape("CreateRepositoryRequest");
  ASSERT_GE(shape.members.size(), 4u);
  EXPECT_EQ(shape.members[0].name, "registryId");
  EXPECT_EQ(shape.members[1].name, "repositoryName");
  EXPECT_EQ(shape.members[2].name, "tags");
  EXPECT_FALSE(shape.members[0].required);
  EXPECT_TRUE(shape.members[1].required);
  EXPECT_EQ(shape.find("tags"), &shape.members[2]);
  EXPECT_FALSE(shape.find("Tags"));
}

TEST(Model, ShapesCarryTheirConstraints) {
  const ServiceModel& model = ServiceModel::ecr();
  const Shape& name = *model.shape("RepositoryName");
  EXPECT_EQ(name.type, ShapeType::kString);
  EXPECT_EQ(name.min, 2);
  EXPECT_EQ(name.max, 256);
  EXPECT_TRUE(name.pattern->matches("a/b"));
  EXPECT_EQ(model.shape("EncryptionType")->enumeration,
            (std::vector<std::string>{"AES256", "KMS", "KMS_DSSE"}));
  EXPECT_EQ(model.shape("TagList")->element, model.shape("Tag"));
  EXPECT_TRUE(model.shape("Annotations")->key);
  EXPECT_TRUE(model.shape("RepositoryNotFoundException")->exception);
  EXPECT_FALSE(model.shape("NoSuchShape"));
}

TEST(Model, EveryReferenceIsResolved) {
  for (const ServiceModel* model :
       {&ServiceModel::ecr(), &ServiceModel::iam(), &ServiceModel::sts()}) {
    for (const auto& [name, operation] : model->operations()) {
      for (const std::string& error : operation.errors) EXPECT_TRUE(model->shape(error)) << error;
      if (!operation.input) continue;
      EXPECT_EQ(operation.input->type, ShapeType::kStructure) << name;
    }
  }
}

TEST(Model, ShapesMayBeRecursive) {
  const auto model = ServiceModel::load(
      model_of(R"("T":{"type":"structure","members":{"next":{"shape":"T"},"all":{"shape":"L"}}},)"
               R"("L":{"type":"list","member":{"shape":"T"}})"));
  const Shape* tree = model->shape("T");
  EXPECT_EQ(tree->find("next")->shape, tree);
  EXPECT_EQ(tree->find("all")->shape->element, tree);
}

TEST(Model, RefusesWhatIsNoModel) {
  for (const std::string& text :
       {std::string("{"), std::string("{}"), std::string("[]"), std::string("{\"metadata\":{}}"),
        model_of(R"("S":{"type":"bigdecimal"})"), model_of(R"("S":{})"),
        model_of(R"("S":{"type":"string","pattern":"(?<=a)b"})"),
        model_of(R"("S":{"type":"string","min":"1"})"),
        model_of(R"("S":{"type":"list","member":{"shape":"Missing"}})")}) {
    EXPECT_THROW(ServiceModel::load(text), std::runtime_error) << text;
  }
}

}  // namespace
}  // namespace ecr::model
