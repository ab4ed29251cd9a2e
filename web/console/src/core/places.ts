// Which stored policy a step of advice is about, and what the policy is after it.
import { sourceOf } from "./policies.js";
import type { Decision, JsonObject, PolicyPlace, Step, StoredPolicy } from "./types.js";

const LANGUAGE_VERSION = "2012-10-17";

export function statementsOf(document: JsonObject | null): JsonObject[] {
  const given = document?.["Statement"];
  if (Array.isArray(given)) return given as JsonObject[];
  return given !== null && typeof given === "object" ? [given as JsonObject] : [];
}

/** The document with one more statement. */
export function withStatement(document: JsonObject | null, statement: JsonObject): JsonObject {
  return { Version: LANGUAGE_VERSION, ...document, Statement: [...statementsOf(document), statement] };
}

/** The document with other statements in place of one. */
export function withNarrowed(document: JsonObject, index: number, narrowed: readonly JsonObject[]): JsonObject {
  const statements = statementsOf(document);
  return { ...document, Statement: [...statements.slice(0, index), ...narrowed, ...statements.slice(index + 1)] };
}

/** A name for a new inline policy that none of the stored ones has. */
export function freshName(wanted: string, stored: readonly StoredPolicy[]): string {
  const base = wanted.replace(/[^\w+=,.@-]/g, "").slice(0, 100) || "Console";
  const names = new Set(stored.map((policy) => policy.name ?? ""));
  let name = base;
  for (let i = 2; names.has(name); i += 1) name = `${base}-${i}`;
  return name;
}

export function samePlace(a: PolicyPlace, b: PolicyPlace): boolean {
  return a.kind === b.kind && a.target === b.target && (a.name ?? "") === (b.name ?? "");
}

/** The policies that are stored at the places of the steps. */
export type Stored = readonly StoredPolicy[];

/** The stored policy that the server's words "where" are about. */
function namedIn(where: string, stored: Stored): StoredPolicy | undefined {
  const named = stored.filter((policy) => where.includes(sourceOf(policy)));
  return named.sort((a, b) => sourceOf(b).length - sourceOf(a).length)[0];
}

function placeOf(step: Step, decision: Decision, stored: Stored): PolicyPlace | undefined {
  const { target } = step;
  if (!target) return namedIn(step.where, stored);
  if (target.kind !== "inline" || target.name) return target;
  const owner = stored.filter((policy) => policy.target === target.target);
  return { ...target, name: freshName("Allow-" + decision.action.replace(/^.*:/, ""), owner) };
}

/** A document at its place; null: the policy is removed. */
export interface DocumentChange extends PolicyPlace {
  readonly document: JsonObject | null;
}

/** What has to be stored for a step; undefined where the page cannot tell which policy it is. */
export function changeFor(step: Step, decision: Decision, stored: Stored): DocumentChange | undefined {
  const found = placeOf(step, decision, stored);
  if (!found) return undefined;
  const place: PolicyPlace = { kind: found.kind, target: found.target, ...(found.name ? { name: found.name } : {}) };
  const before = stored.find((policy) => samePlace(policy, place));
  if (before?.editable === false) return undefined;
  if (step.change === "add") return { ...place, document: withStatement(before?.document ?? null, step.statement) };
  if (!before?.document || step.index === undefined) return undefined;
  const document = withNarrowed(before.document, step.index, step.narrowed ?? []);
  // A policy without a statement is no policy: it goes altogether.
  return { ...place, document: statementsOf(document).length === 0 ? null : document };
}

export interface Plan {
  readonly changes: readonly DocumentChange[];
  /** The steps whose policy the page cannot tell, or that cannot be changed. */
  readonly unknown: readonly Step[];
}

/** Changes of one policy become one: each step is made on what the one before it left. */
export function planFor(steps: readonly Step[], decision: Decision, stored: Stored): Plan {
  const changes: DocumentChange[] = [];
  const unknown: Step[] = [];
  // From the last statement on, so that the numbers of the others stay what they are.
  const ordered = [...steps].sort((a, b) => (b.index ?? -1) - (a.index ?? -1));
  let now = stored;
  for (const step of ordered) {
    const change = changeFor(step, decision, now);
    if (!change) {
      unknown.push(step);
      continue;
    }
    const earlier = changes.findIndex((one) => samePlace(one, change));
    if (earlier >= 0) changes[earlier] = change;
    else changes.push(change);
    now = [...now.filter((one) => !samePlace(one, change)), change];
  }
  return { changes, unknown };
}
