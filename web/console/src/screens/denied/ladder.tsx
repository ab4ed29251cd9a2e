// The ladder: each kind of policies, what it said, and its documents with the statement that decided.
import { documentOf, ladderOf, reasonOf, type PolicyRead, type Rung } from "../../core/ladder.js";
import { plain } from "../../core/text.js";
import type { Decision } from "../../core/types.js";
import { JsonView } from "../../parts/json_view.js";
import { Text } from "../../parts/text.js";

const MARKS = { allowed: "✓", denied: "✗", silent: "–", absent: "·" } as const;

function decidingIndex(policy: PolicyRead, decision: Decision, rung: Rung): number | undefined {
  const { statement } = decision;
  if (!statement || !rung.decided || statement.source !== policy.source) return undefined;
  return policy.entries.some((entry) => entry.index === statement.index) ? statement.index : undefined;
}

function PolicyDetail({ policy, decision, rung }: { policy: PolicyRead; decision: Decision; rung: Rung }) {
  const document = documentOf(policy);
  const single = policy.entries.length === 1;
  const deciding = decidingIndex(policy, decision, rung);
  const marked = deciding === undefined ? undefined : `Statement/${single ? 0 : deciding}`;
  return (
    <div class="policy">
      <h4>
        {policy.level !== undefined && <span class="tag">level {policy.level}</span>} <Text>{policy.source}</Text>
      </h4>
      <ul class="statements">
        {policy.entries.map((entry) => (
          <li class={entry.outcome === "Matched" ? (entry.effect === "Deny" ? "bad" : "good") : "silent"}>
            <span aria-hidden="true">{entry.outcome === "Matched" ? (entry.effect === "Deny" ? "✗" : "✓") : "–"}</span>{" "}
            <strong>
              {entry.effect} statement {entry.index}
              {entry.sid ? ` (${entry.sid})` : ""}
            </strong>
            {deciding === entry.index && <span class="tag decided">decided</span>}: <Text>{reasonOf(entry, decision)}</Text>
          </li>
        ))}
      </ul>
      <details open={marked !== undefined}>
        <summary>Document</summary>
        <JsonView value={document} marked={marked} label={`Document of ${plain(policy.source)}`} />
      </details>
    </div>
  );
}

function RungView({ rung, decision }: { rung: Rung; decision: Decision }) {
  const head = (
    <>
      <span class="rung-mark" aria-hidden="true">
        {MARKS[rung.said]}
      </span>
      <span class="rung-title">{rung.title}</span>
      <span class="rung-words">{rung.words}</span>
      {rung.decided && <span class="tag decided">decided here</span>}
    </>
  );
  const name = `rung ${rung.said}${rung.decided ? " deciding" : ""}`;
  if (rung.policies.length === 0) return <li class={name}>{<div class="rung-head">{head}</div>}</li>;
  return (
    <li class={name}>
      <details open={rung.decided}>
        <summary class="rung-head">{head}</summary>
        {rung.policies.map((policy) => (
          <PolicyDetail policy={policy} decision={decision} rung={rung} />
        ))}
      </details>
    </li>
  );
}

export function Ladder({ decision }: { decision: Decision }) {
  return (
    <section aria-label="Which policy decided">
      <h3>Which policy decided</h3>
      <ol class="ladder">
        {ladderOf(decision).map((rung) => (
          <RungView rung={rung} decision={decision} />
        ))}
      </ol>
    </section>
  );
}
