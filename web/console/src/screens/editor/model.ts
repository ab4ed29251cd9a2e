// What the policy editor knows without a server: kinds of policies, what to ask about them, and text.
import { linesOf } from "../../core/json_lines.js";
import type { Change, JsonObject, PolicyPlace, StoredPolicy } from "../../core/types.js";

const WRITE_AND_READ = [
  "ecr:BatchGetImage",
  "ecr:GetDownloadUrlForLayer",
  "ecr:BatchCheckLayerAvailability",
  "ecr:InitiateLayerUpload",
  "ecr:UploadLayerPart",
  "ecr:CompleteLayerUpload",
  "ecr:PutImage",
  "ecr:DescribeImages",
  "ecr:BatchDeleteImage",
  "ecr:DeleteRepository",
];
const TRUST = ["sts:AssumeRole", "sts:TagSession", "sts:AssumeRoleWithWebIdentity"];

export function actionsFor(kind: string): readonly string[] {
  return kind === "trust" ? TRUST : WRITE_AND_READ;
}

/** The `type` of validate-policy for a kind of stored policy. */
export function typeOf(kind: string): string {
  if (kind === "repository") return "resource";
  return kind === "registry" || kind === "trust" || kind === "scp" || kind === "rcp" ? kind : "identity";
}

export function titleOf(place: StoredPolicy): string {
  const name = place.name ?? "";
  switch (place.kind) {
    case "inline":
      return `Inline policy ${name}`;
    case "managed":
      return `${place.limits ? "Permissions boundary" : "Managed policy"} ${name || place.target.replace(/^.*\//, "")}`;
    case "repository":
      return "Repository policy";
    case "registry":
      return "Registry policy";
    case "trust":
      return "Trust policy";
    case "scp":
      return `Service control policy ${name}`;
    case "rcp":
      return `Resource control policy ${name}`;
    default:
      return `${place.kind} ${name}`.trim();
  }
}

export type TargetKind = "user" | "role" | "group" | "managed" | "repository" | "other";

export function targetKind(arn: string): TargetKind {
  const rest = arn.split(":").slice(5).join(":");
  if (rest.startsWith("user/")) return "user";
  if (rest.startsWith("role/") || rest.startsWith("assumed-role/")) return "role";
  if (rest.startsWith("group/")) return "group";
  if (rest.startsWith("policy/")) return "managed";
  return rest.startsWith("repository/") ? "repository" : "other";
}

/** The policy that a target does not have yet, and may get. */
export function newPolicyFor(target: string, stored: readonly StoredPolicy[]): StoredPolicy | undefined {
  const kind = targetKind(target);
  if (kind === "user" || kind === "role" || kind === "group") {
    const names = new Set(stored.map((policy) => policy.name));
    let name = "console";
    for (let i = 2; names.has(name); i += 1) name = `console-${i}`;
    return { kind: "inline", target, name, document: null, editable: true };
  }
  if (kind === "repository" && !stored.some((policy) => policy.kind === "repository")) {
    return { kind: "repository", target, document: null, editable: true };
  }
  return undefined;
}

const IDENTITY_TEMPLATE: JsonObject = {
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], Resource: "arn:aws:ecr:*:*:repository/app" },
  ],
};

export function templateFor(kind: string, target: string): JsonObject {
  if (kind !== "repository") return IDENTITY_TEMPLATE;
  const account = target.split(":")[4] ?? "000000000000";
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
      },
    ],
  };
}

export function textOf(document: JsonObject | null): string {
  return document === null ? "" : linesOf(document, Infinity).map((line) => line.text).join("\n");
}

/** The document of a text; undefined while it is no JSON object. */
export function documentOf(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/** The text to begin with: as it was stored where people can read that, else indented. */
export function storedText(policy: StoredPolicy): string {
  return policy.text?.includes("\n") ? policy.text : textOf(policy.document);
}

export function changeOf(place: PolicyPlace, document: JsonObject | string | null): Change {
  return { kind: place.kind, target: place.target, ...(place.name ? { name: place.name } : {}), document };
}
