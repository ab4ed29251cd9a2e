// The accounts, users and repositories that the tests of the console share.
import { ACCOUNT, allow, policy, repositoryArn } from "./server.mjs";

export const JANE = ["AKIAJANE000000000001", "jane-secret"];
export const CI = ["AKIACI00000000000001", "ci-secret"];

/** Jane may pull app; Ci may push and pull everything. */
export function seed(more = {}) {
  return {
    accounts: {
      [ACCOUNT]: {
        repositories: [{ name: "app" }, { name: "team-a/web" }, { name: "team-a/api" }, ...(more.repositories ?? [])],
        users: [
          {
            name: "jane",
            accessKeys: [{ accessKeyId: JANE[0], secretAccessKey: JANE[1] }],
            policies: {
              pull: policy(allow("ecr:GetAuthorizationToken"), allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], repositoryArn("app"))),
            },
          },
          {
            name: "ci",
            accessKeys: [{ accessKeyId: CI[0], secretAccessKey: CI[1] }],
            policies: { all: policy(allow("ecr:*")) },
          },
          ...(more.users ?? []),
        ],
        roles: [
          {
            name: "deploy",
            trustPolicy: policy({
              Effect: "Allow",
              Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com` },
              Action: "sts:AssumeRoleWithWebIdentity",
              Condition: {
                StringEquals: { "token.actions.githubusercontent.com:aud": "sts.amazonaws.com" },
                StringLike: { "token.actions.githubusercontent.com:sub": "repo:octo/app:ref:refs/heads/main" },
              },
            }),
          },
        ],
      },
    },
  };
}
