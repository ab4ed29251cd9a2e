// A trust policy as sentences: "may be assumed by repository octo/app on branch main".
import { statementsOf } from "./places.js";
import { shortArn } from "./text.js";
import type { Json, JsonObject } from "./types.js";

function list(value: Json | undefined): string[] {
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? value : [value]).map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
}

function joined(parts: readonly string[], word = "or"): string {
  if (parts.length <= 1) return parts[0] ?? "";
  return `${parts.slice(0, -1).join(", ")} ${word} ${parts[parts.length - 1]}`;
}

/** The subject of a token of GitHub, GitLab or Kubernetes in words; undefined: none of them. */
export function subjectText(subject: string): string | undefined {
  let found = /^repo:([^:]+):(.*)$/.exec(subject);
  if (found) {
    const [, repository = "", rest = ""] = found;
    const branch = /^ref:refs\/heads\/(.+)$/.exec(rest);
    const tag = /^ref:refs\/tags\/(.+)$/.exec(rest);
    const environment = /^environment:(.+)$/.exec(rest);
    if (branch) return `repository ${repository} on branch ${branch[1]}`;
    if (tag) return `repository ${repository} on tag ${tag[1]}`;
    if (environment) return `repository ${repository} in environment ${environment[1]}`;
    if (rest === "pull_request") return `pull requests of repository ${repository}`;
    if (rest === "*") return `repository ${repository} on any branch`;
    return `repository ${repository} with ${rest}`;
  }
  found = /^project_path:([^:]+):ref_type:(branch|tag|\*):ref:(.+)$/.exec(subject);
  if (found) return `project ${found[1]} on ${found[2] === "*" ? "ref" : found[2]} ${found[3]}`;
  found = /^system:serviceaccount:([^:]+):(.+)$/.exec(subject);
  return found ? `service account ${found[2]} in namespace ${found[1]}` : undefined;
}

function principalText(kind: string, value: string): string {
  if (value === "*") return "anyone";
  switch (kind) {
    case "Service":
      return `the service ${value}`;
    case "Federated":
      return `who has a token of ${value.replace(/^.*(?:oidc-provider|saml-provider)\//, "")}`;
    default: {
      const account = /^(?:arn:[^:]*:iam::)?(\d{12})(?::root)?$/.exec(value);
      return account ? `anyone of account ${account[1]}` : shortArn(value);
    }
  }
}

function principalsText(principal: Json | undefined): string {
  if (principal === undefined) return "nobody";
  if (typeof principal === "string") return principal === "*" ? "anyone" : principal;
  if (principal === null || typeof principal !== "object" || Array.isArray(principal)) return "nobody";
  const parts = Object.entries(principal).flatMap(([kind, values]) => list(values).map((value) => principalText(kind, value)));
  return joined(parts);
}

interface Conditions {
  readonly subjects: string[];
  readonly others: string[];
}

function conditionsOf(statement: JsonObject): Conditions {
  const subjects: string[] = [];
  const others: string[] = [];
  const condition = statement["Condition"];
  if (condition === null || condition === undefined || typeof condition !== "object" || Array.isArray(condition)) return { subjects, others };
  for (const [operator, keys] of Object.entries(condition)) {
    if (keys === null || typeof keys !== "object" || Array.isArray(keys)) continue;
    for (const [key, wanted] of Object.entries(keys)) {
      const values = list(wanted);
      const words = values.map(subjectText);
      if (/:sub$/.test(key) && /^String(Like|Equals)/.test(operator) && words.every((word) => word !== undefined)) {
        subjects.push(joined(words as string[]));
      } else if (/:aud$/.test(key)) {
        continue; // The audience says which service a token is for, and not whose it is.
      } else {
        others.push(`${key} ${operatorText(operator)} ${joined(values)}`);
      }
    }
  }
  return { subjects, others };
}

function operatorText(operator: string): string {
  const bare = operator.replace(/^For(All|Any)\w*:/, "").replace(/IfExists$/, "");
  const words: Record<string, string> = {
    StringEquals: "is",
    StringLike: "is like",
    ArnEquals: "is",
    ArnLike: "is like",
    StringNotEquals: "is not",
    StringNotLike: "is not like",
    Bool: "is",
    IpAddress: "is in",
    NotIpAddress: "is not in",
  };
  return words[bare] ?? `(${operator})`;
}

/** One sentence a statement. */
export function trustSentences(document: JsonObject | null | undefined): string[] {
  return statementsOf(document ?? null).map((statement) => {
    const { subjects, others } = conditionsOf(statement);
    const who =
      "NotPrincipal" in statement
        ? `anyone but ${principalsText(statement["NotPrincipal"])}`
        : subjects.length > 0
          ? joined(subjects, "and")
          : principalsText(statement["Principal"]);
    const may = statement["Effect"] === "Deny" ? "may not be assumed by" : "may be assumed by";
    return `${may} ${who}${others.length > 0 ? `, if ${joined(others, "and")}` : ""}`;
  });
}
