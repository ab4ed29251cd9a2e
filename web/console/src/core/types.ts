// The JSON of the server's own paths, as docs/admin-api.md describes it.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

export type Verdict = "Allowed" | "ImplicitlyDenied" | "ExplicitlyDenied";
export type PolicyType = "scp" | "rcp" | "boundary" | "session" | "scope_down" | "endpoint" | "identity" | "resource";

/** Where a stored policy is: the members of a change. */
export interface PolicyPlace {
  kind: string;
  target: string;
  name?: string | null;
}

export interface Change extends PolicyPlace {
  /** The document or its text; null: the policy is removed. */
  document: JsonObject | string | null;
}

export interface TraceEntry {
  policyType: PolicyType;
  level?: number;
  policy: number;
  source: string;
  index: number;
  sid?: string;
  effect: "Allow" | "Deny";
  outcome: string;
  condition?: { operator: string; key: string; wanted: Json; actual: Json };
  document: JsonObject;
}

export interface Step {
  change: "add" | "removeOrNarrow";
  policyType: PolicyType;
  level?: number;
  where: string;
  index?: number;
  sid?: string;
  statement: JsonObject;
  narrowed?: JsonObject[];
  narrowedAlsoAllows?: string;
  /** The place of the policy, where it is stored; without a name: a new inline policy. */
  target?: PolicyPlace | null;
}

export interface Decision {
  sequence: number;
  requestId: string;
  time: string;
  principal: string | null;
  principalIssuer?: string;
  action: string;
  resource: string;
  resourceAccount: string | null;
  context: JsonObject;
  decision: Verdict;
  decidedBy: PolicyType;
  message: string | null;
  enforced: boolean;
  via: "api" | "registry" | "job";
  statement: (StatementPlace & { document: JsonObject }) | null;
  suggestion?: Step[];
  hints?: string[];
  work?: { name: string; missing: string[]; denied?: string[]; suggestion: Step[] };
  trace?: TraceEntry[];
}

export interface DecisionPage {
  decisions: Decision[];
  nextToken?: string;
}

/** The place of a statement in the policies of a decision. */
export interface StatementPlace {
  source: string;
  index: number;
  sid?: string;
}

export interface Outcome {
  decision: Verdict;
  decidedBy: string;
  statement: StatementPlace | null;
  sentence?: string | null;
}

export interface Replayed {
  replayed: number;
  skipped: number;
  /** There was no time for all of them. */
  truncated?: boolean;
  changed: {
    requestId: string;
    time: string;
    principal: string | null;
    action: string;
    resource: string;
    before: Outcome;
    after: Outcome;
  }[];
}

export interface StoredPolicy extends PolicyPlace {
  document: JsonObject | null;
  /** As it was stored, with its spaces and line breaks. */
  text?: string;
  /** AWS's own policies are not. */
  editable?: boolean;
  /** It is a permissions boundary. */
  limits?: boolean;
}

export interface Finding {
  severity: "error" | "warning";
  message: string;
  detail?: string;
  path?: string;
  line?: number;
  column?: number;
}

export interface RequestLine {
  sequence: number;
  time: string;
  requestId: string;
  client: string;
  method: string;
  path: string;
  status: number;
  micros: number;
  bytesIn: number;
  bytesOut: number;
  action: string | null;
  principal: string | null;
  error: string | null;
  decision: "Allowed" | "Denied" | null;
}
