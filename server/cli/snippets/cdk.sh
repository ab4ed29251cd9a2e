# Publishes the container images of a synthesized CDK app (cdk synth), as cdk deploy does. There is
# no CloudFormation here, so this script creates what "cdk bootstrap" would create.
export AWS_ENDPOINT_URL_ECR=@endpoint@ AWS_ENDPOINT_URL_STS=@endpoint@ AWS_ENDPOINT_URL_IAM=@endpoint@
export AWS_ACCESS_KEY_ID=@access_key@ AWS_SECRET_ACCESS_KEY=@secret_key@ AWS_REGION=@region@
export CDK_DEFAULT_ACCOUNT=@account@ CDK_DEFAULT_REGION=@region@
aws ecr create-repository --region @region@ \
  --repository-name cdk-hnb659fds-container-assets-@account@-@region@
aws iam create-role --role-name cdk-hnb659fds-image-publishing-role-@account@-@region@ \
  --assume-role-policy-document '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::@account@:root"}, "Action": "sts:AssumeRole"}]}'
aws iam put-role-policy --role-name cdk-hnb659fds-image-publishing-role-@account@-@region@ \
  --policy-name publish --policy-document '{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}]}'
for manifest in cdk.out/*.assets.json; do
  npx cdk-assets publish --path "$manifest"
done
