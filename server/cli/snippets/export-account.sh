#!/bin/sh
# Exports what `ecr-local import-account` reads about an AWS account. Every call is a Get, a List or
# a Describe: nothing is changed, and no secret is read.
#
#   sh export-account.sh                      the account of your credentials
#   AWS_PROFILE=prod sh export-account.sh     another one, into the same folder
#
# REGIONS="us-east-1 eu-west-1"  the Regions of the repositories (default: that of your configuration)
# DIR=aws-export                 the folder
# PAUSE=0.1                      seconds between two calls; AWS's answer "slow down" is heeded as well
# IMAGES=1                       lists the images, too
# AWS="aws"                      the AWS CLI, with flags for each call
#
# Exit status: 0 all of it is there; 1 you may not read some of it: DIR/ACCOUNT/incomplete has AWS's
# answers, as standard error.
set -eu
: "${AWS:=aws}" "${DIR:=aws-export}" "${PAUSE:=0.1}" "${IMAGES:=}"
: "${REGIONS:=${AWS_REGION:-${AWS_DEFAULT_REGION:-$($AWS configure get region || true)}}}"
: "${REGIONS:?says no Region: set REGIONS}"
AWS_PAGER='' AWS_RETRY_MODE=${AWS_RETRY_MODE:-adaptive} AWS_MAX_ATTEMPTS=${AWS_MAX_ATTEMPTS:-10}
export AWS_PAGER AWS_RETRY_MODE AWS_MAX_ATTEMPTS

# One call. The AWS CLI asks for one page after the other.
call() {
  sleep "$PAUSE"
  $AWS "$@"
}

# missing WHAT: it could not be read, and AWS's answer is in the file "answer".
missing() {
  echo "export-account: left out $1: $(cat "$here/answer")" | tee -a "$here/incomplete" >&2
}

# save FILE COMMAND...: writes the answer. There is no file of what the account does not have.
save() {
  file=$1
  shift
  mkdir -p "$(dirname "$file")"
  if call --output json "$@" > "$file" 2> "$here/answer"; then return 0; fi
  rm "$file"
  case $(cat "$here/answer") in
  *NotFound* | *NoSuchEntity* | *AWSOrganizationsNotInUse*) ;;
  *) missing "$file" ;;
  esac
  return 1
}

# names QUERY COMMAND...: a line for each.
names() {
  query=$1
  shift
  if list=$(call --output text --query "$query" "$@" 2> "$here/answer"); then
    echo "$list" | tr '\t' '\n' | grep -v -e '^None$' -e '^$' || true
  else
    missing "$1 $2"
  fi
}

# The units and accounts below a root or unit, and so on down.
save_below() {
  save "$to/below/$1/units.json" organizations list-organizational-units-for-parent --parent-id "$1" || return 0
  save "$to/below/$1/accounts.json" organizations list-accounts-for-parent --parent-id "$1" || true
  for unit in $(names 'OrganizationalUnits[].Id' organizations list-organizational-units-for-parent --parent-id "$1"); do
    save_below "$unit"
  done
}

account=$(call sts get-caller-identity --query Account --output text)
here=$DIR/$account
mkdir -p "$here"
rm -f "$here/incomplete" "$here/export.json"
to=$here/iam
save "$here/identity.json" sts get-caller-identity
save "$to/details.json" iam get-account-authorization-details || true
save "$to/aliases.json" iam list-account-aliases || true
for arn in $(names 'OpenIDConnectProviderList[].Arn' iam list-open-id-connect-providers); do
  save "$to/oidc/$(basename "$arn").json" iam get-open-id-connect-provider --open-id-connect-provider-arn "$arn" || true
done
for arn in $(names 'SAMLProviderList[].Arn' iam list-saml-providers); do
  save "$to/saml/$(basename "$arn").json" iam get-saml-provider --saml-provider-arn "$arn" || true
done

for region in $REGIONS; do
  to=$here/ecr/$region
  save "$to/repositories.json" ecr describe-repositories --region "$region" || continue
  save "$to/registry-policy.json" ecr get-registry-policy --region "$region" || true
  save "$to/registry.json" ecr describe-registry --region "$region" || true
  # The name of a repository begins with a small letter or a digit, that of a file here with "_".
  for arn in $(names 'repositories[].repositoryArn' ecr describe-repositories --region "$region"); do
    name=${arn#*:repository/}
    at=$to/repositories/$name
    save "$at/_policy.json" ecr get-repository-policy --region "$region" --repository-name "$name" || true
    save "$at/_lifecycle.json" ecr get-lifecycle-policy --region "$region" --repository-name "$name" || true
    save "$at/_tags.json" ecr list-tags-for-resource --region "$region" --resource-arn "$arn" || true
    [ -z "$IMAGES" ] ||
      save "$at/_images.json" ecr describe-images --region "$region" --repository-name "$name" || true
  done
done

# Only the management account, and those to which it delegated it, may read the organization.
to=$here/organization
if save "$to/organization.json" organizations describe-organization &&
  save "$to/roots.json" organizations list-roots; then
  for root in $(names 'Roots[].Id' organizations list-roots); do
    save_below "$root"
  done
  for type in SERVICE_CONTROL_POLICY RESOURCE_CONTROL_POLICY; do
    for id in $(names 'Policies[].Id' organizations list-policies --filter "$type"); do
      save "$to/policies/$id/policy.json" organizations describe-policy --policy-id "$id" || true
      save "$to/policies/$id/targets.json" organizations list-targets-for-policy --policy-id "$id" || true
    done
  done
fi
rm -f "$here/answer"
result=complete
[ ! -e "$here/incomplete" ] || result=incomplete
echo "{\"exportAccount\": \"$account\", \"result\": \"$result\"}" > "$here/export.json"
echo "export-account: $account is in $here" >&2
[ "$result" = complete ]
