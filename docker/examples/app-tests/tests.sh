#!/bin/sh
# What an application's tests may do: push, pull, look, see a refusal, begin anew.
set -eu
ecr() { aws --endpoint-url "$AWS_ENDPOINT_URL" ecr "$@"; }
login() { ecr get-login-password | docker login --username AWS --password-stdin "${uri%%/*}"; }

uri=$(ecr describe-repositories --repository-names app \
  --query 'repositories[0].repositoryUri' --output text)
echo "the repository is $uri"
login
tar -c -C / tests.sh | docker import - "$uri:1"
docker push "$uri:1"
docker rmi "$uri:1"
docker pull "$uri:1"
ecr describe-images --repository-name app --query 'imageDetails[].imageTags[]' --output text

export AWS_ACCESS_KEY_ID=AKIAREADER0000000001 AWS_SECRET_ACCESS_KEY=reader-secret
login
docker pull "$uri:1"
docker tag "$uri:1" "$uri:2"
if docker push "$uri:2" 2>refused; then
  echo "a reader could push" >&2
  exit 1
fi
cat refused
docker rmi "$uri:1" "$uri:2"

curl --fail --silent -X POST -H 'Authorization: Bearer admin' "$AWS_ENDPOINT_URL/_ecr-local/reset"
echo "all tests passed"
