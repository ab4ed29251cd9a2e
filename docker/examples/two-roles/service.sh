#!/bin/sh
# What each service does: says who it is, looks at the repositories, and tries to create one.
set -u
# Clients older than 2024 know the token itself, and not its file.
if [ -n "${AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE:-}" ]; then
  AWS_CONTAINER_AUTHORIZATION_TOKEN=$(cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
  export AWS_CONTAINER_AUTHORIZATION_TOKEN
fi
call() { aws --endpoint-url "$AWS_ENDPOINT_URL" --output text "$@"; }

echo "I am $(call sts get-caller-identity --query Arn)"
echo "I see $(call ecr describe-repositories --repository-names app --query 'repositories[].repositoryName')"
if call ecr create-repository --repository-name mine --query repository.repositoryName 2>refused; then
  call ecr delete-repository --repository-name mine --query repository.repositoryName
  echo "I may create repositories"
else
  cat refused
fi
