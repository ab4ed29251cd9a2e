// The stored policies of a user, group, role, repository or managed policy.
import { get } from "./api.js";
import type { StoredPolicy } from "./types.js";

/**
 * The policies that are stored at `target`. A boundary is the managed policy that it names: it is
 * read and changed as that, and keeps the mark that it limits.
 */
export async function policiesOf(target: string, signal?: AbortSignal): Promise<StoredPolicy[]> {
  const { policies } = await get<{ policies: StoredPolicy[] }>("policies", { target }, signal);
  const found: StoredPolicy[] = [];
  for (const policy of policies) {
    const one = policy.kind === "boundary" ? { ...policy, kind: "managed", limits: true } : policy;
    const same = found.find((other) => other.kind === one.kind && other.target === one.target && other.name === one.name);
    if (!same) found.push(one);
    else if (one.limits) same.limits = true;
  }
  return found;
}

/** How the server names a policy in its traces and its advice. */
export function sourceOf(policy: StoredPolicy): string {
  switch (policy.kind) {
    case "inline": {
      const [, kind = "", rest = ""] = /:(user|role|group)\/(.*)$/.exec(policy.target) ?? [];
      return `inline policy ${policy.name ?? ""} of ${kind} ${rest.replace(/^.*\//, "")}`;
    }
    case "managed":
      return policy.target;
    case "repository":
      return `repository policy of ${policy.target.replace(/^.*:repository\//, "")}`;
    default:
      return `${policy.kind} policy of`;
  }
}
