// Who can carry out an action on a resource.
import { get } from "./api.js";
import type { StatementPlace } from "./types.js";

export interface Able {
  principal: string;
  /** "user", "role", "session", "root" or "service". */
  kind: string;
  account: string;
  verdict: "allowed" | "conditional";
  decidedBy: string;
  statement: StatementPlace | null;
  policy?: string | null;
  conditions?: string[];
}

export interface WhoCan {
  action: string;
  resource: string;
  principals: Able[];
  truncated: boolean;
}

export function whoCan(action: string, resource: string, signal?: AbortSignal): Promise<WhoCan> {
  return get<WhoCan>("who-can", { action, resource }, signal);
}
