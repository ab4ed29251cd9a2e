// The kinds of policies in the order in which IAM asks them, and what each said of one request.
import type { Decision, Json, JsonObject, PolicyType, TraceEntry } from "./types.js";

export type Said = "allowed" | "denied" | "silent" | "absent";

export interface PolicyRead {
  readonly source: string;
  readonly level: number | undefined;
  readonly entries: readonly TraceEntry[];
}

export interface Rung {
  readonly types: readonly PolicyType[];
  readonly title: string;
  readonly said: Said;
  readonly words: string;
  /** The verdict names this kind. */
  readonly decided: boolean;
  readonly policies: readonly PolicyRead[];
}

const KINDS: readonly { types: PolicyType[]; title: string; limits: boolean }[] = [
  { types: ["scp"], title: "Service control policies", limits: true },
  { types: ["rcp"], title: "Resource control policies", limits: true },
  { types: ["boundary"], title: "Permissions boundary", limits: true },
  { types: ["session", "scope_down"], title: "Session policies", limits: true },
  { types: ["endpoint"], title: "VPC endpoint policy", limits: true },
  { types: ["identity"], title: "Identity-based policies", limits: false },
  { types: ["resource"], title: "Repository and registry policies", limits: false },
];

function policiesOf(entries: readonly TraceEntry[]): PolicyRead[] {
  const found: { key: string; policy: PolicyRead & { entries: TraceEntry[] } }[] = [];
  for (const entry of entries) {
    const key = `${entry.policyType}/${entry.level ?? ""}/${entry.policy}`;
    let one = found.find((candidate) => candidate.key === key);
    if (!one) {
      one = { key, policy: { source: entry.source, level: entry.level, entries: [] } };
      found.push(one);
    }
    one.policy.entries.push(entry);
  }
  return found.map((one) => one.policy);
}

const applies = (entry: TraceEntry): boolean => entry.outcome === "Matched";

function saidBy(policies: readonly PolicyRead[], each: boolean): Said {
  const entries = policies.flatMap((policy) => policy.entries);
  if (entries.length === 0) return "absent";
  if (entries.some((entry) => applies(entry) && entry.effect === "Deny")) return "denied";
  const allows = (list: readonly TraceEntry[]): boolean => list.some(applies);
  if (!each) return allows(entries) ? "allowed" : "silent";
  // Every level of an organization, and every boundary, has to allow.
  const groups = new Map<string, TraceEntry[]>();
  policies.forEach((policy, i) => {
    const key = policy.level === undefined ? `policy ${i}` : `level ${policy.level}`;
    groups.set(key, [...(groups.get(key) ?? []), ...policy.entries]);
  });
  return [...groups.values()].every(allows) ? "allowed" : "silent";
}

function wordsOf(said: Said, limits: boolean, each: boolean): string {
  switch (said) {
    case "allowed":
      return "allows it";
    case "denied":
      return "denies it";
    case "silent":
      return each ? "does not allow it" : "says nothing about it";
    default:
      return limits ? "none: no limit" : "none: allows nothing";
  }
}

export function ladderOf(decision: Decision): Rung[] {
  const rungs = KINDS.map(({ types, title, limits }) => {
    const policies = policiesOf((decision.trace ?? []).filter((entry) => types.includes(entry.policyType)));
    const levelled = types[0] === "scp" || types[0] === "rcp" || types[0] === "boundary" || types[0] === "session" || types[0] === "endpoint";
    const said = saidBy(policies, levelled);
    return {
      types,
      title,
      said,
      words: wordsOf(said, limits, levelled),
      decided: types.includes(decision.decidedBy),
      policies,
    };
  });
  // Few servers stand behind a VPC endpoint: the others do not speak of one.
  return rungs.filter((rung) => rung.types[0] !== "endpoint" || rung.decided || rung.said !== "absent");
}

/** The document of a policy, as far as the trace has it: all of its statements. */
export function documentOf(policy: PolicyRead): JsonObject {
  const statements = [...policy.entries].sort((a, b) => a.index - b.index).map((entry) => entry.document);
  return { Version: "2012-10-17", Statement: statements };
}

function dump(value: Json | undefined): string {
  return JSON.stringify(value ?? null);
}

/** Why a statement does not apply, or that it does. */
export function reasonOf(entry: TraceEntry, decision: Decision): string {
  const element = (name: string, asked: string): string => {
    const negated = "Not" + name in entry.document;
    const key = negated ? "Not" + name : name;
    if (!(key in entry.document)) return `it has no ${name}`;
    return `its ${key} ${dump(entry.document[key])} ${negated ? "leaves out" : "does not match"} ${asked}`;
  };
  switch (entry.outcome) {
    case "Matched":
      return "applies";
    case "PrincipalMismatch":
      return element("Principal", decision.principal ?? "an anonymous caller");
    case "ActionMismatch":
      return element("Action", decision.action);
    case "ResourceMismatch":
      return element("Resource", decision.resource);
    default: {
      const { condition } = entry;
      if (!condition) return "a condition does not hold";
      const has = condition.actual === null ? "the request does not have it" : `the request has ${dump(condition.actual)}`;
      return `${condition.operator} ${condition.key} wants ${dump(condition.wanted)}, ${has}`;
    }
  }
}

/** The condition keys that a statement asked for and that did not hold, in lower case. */
export function failedKeys(decision: Decision): Set<string> {
  const keys = (decision.trace ?? []).flatMap((entry) => (entry.condition ? [entry.condition.key.toLowerCase()] : []));
  return new Set(keys);
}
