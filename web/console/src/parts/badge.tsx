// A verdict as a mark and a word: never by colour alone.
import type { Verdict } from "../core/types.js";

export function isAllowed(decision: Verdict | string | null | undefined): boolean {
  return decision === "Allowed" || decision === "allowed";
}

const WORDS: Record<string, string> = {
  Allowed: "allowed",
  ImplicitlyDenied: "denied, nothing allows it",
  ExplicitlyDenied: "denied by a statement",
};

export function VerdictBadge({ decision, short = false }: { decision: Verdict; short?: boolean }) {
  const allowed = isAllowed(decision);
  return (
    <span class={"badge " + (allowed ? "good" : "bad")}>
      <span aria-hidden="true">{allowed ? "✓" : "✗"}</span>{" "}
      {short ? (allowed ? "allowed" : "denied") : WORDS[decision] ?? decision}
    </span>
  );
}
