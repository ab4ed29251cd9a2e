provider "aws" {
  region                  = "@region@"
  access_key              = "@access_key@"
  secret_key              = "@secret_key@"
  skip_metadata_api_check = true
  skip_region_validation  = true
  endpoints {
    ecr           = "@endpoint@"
    iam           = "@endpoint@"
    organizations = "@endpoint@"
    sts           = "@endpoint@"
  }
}
