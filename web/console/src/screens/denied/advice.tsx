// What would allow a refused call: the smallest statements, tried out, stored, or copied.
import { useState } from "preact/hooks";
import { messageOf, post } from "../../core/api.js";
import { useLoad } from "../../core/load.js";
import { policiesOf } from "../../core/policies.js";
import { planFor, type Plan, type Stored } from "../../core/places.js";
import { to } from "../../core/route.js";
import { count } from "../../core/text.js";
import type { Decision, Replayed, Step } from "../../core/types.js";
import { isAllowed } from "../../parts/badge.js";
import { JsonView } from "../../parts/json_view.js";
import { Failure } from "../../parts/state.js";
import { Text, Copy } from "../../parts/text.js";

const LIMIT = 1000;

/**
 * What is stored at the places of the steps. It fails as a whole: a policy that could not be read
 * must not be taken for one that is not there, and be overwritten.
 */
async function storedFor(targets: readonly string[], signal: AbortSignal): Promise<Stored> {
  return (await Promise.all(targets.map((target) => policiesOf(target, signal)))).flat();
}

function StepView({ step }: { step: Step }) {
  const narrowed = step.narrowed ?? [];
  return (
    <li>
      {step.change === "add" ? (
        <>
          <p>
            Add this statement to <Text>{step.where}</Text>:
          </p>
          <JsonView value={step.statement} label="Statement to add" />
        </>
      ) : (
        <>
          <p>
            {narrowed.length === 0 ? "Remove" : "Narrow"} statement {step.index}
            {step.sid ? ` (${step.sid})` : ""} of <Text>{step.where}</Text>, which denies it
            {narrowed.length === 0 ? "." : ":"}
          </p>
          <JsonView value={narrowed.length === 0 ? step.statement : narrowed} label="Statement to change" />
          {step.narrowedAlsoAllows && (
            <p class="hint">
              Careful: this no longer denies the caller <Text>{step.narrowedAlsoAllows}</Text> either.
            </p>
          )}
        </>
      )}
    </li>
  );
}

function Trial({ answer, decision }: { answer: Replayed; decision: Decision }) {
  const mine = answer.changed.filter((one) => one.requestId === decision.requestId && one.action === decision.action);
  const others = answer.changed.filter((one) => !mine.includes(one));
  const allowed = others.filter((one) => isAllowed(one.after.decision)).length;
  const works = mine.some((one) => isAllowed(one.after.decision));
  return (
    <div role="status" class={"result " + (works ? "good" : "bad")}>
      <p>
        <strong>{works ? "✓ This call would be allowed." : "✗ This call would still be denied."}</strong>
      </p>
      {!works && mine[0]?.after.sentence && (
        <p>
          <Text>{mine[0].after.sentence}</Text>
        </p>
      )}
      <p>
        Of the last {count(answer.replayed, "recorded call")},{" "}
        {others.length === 0 ? "no other would change." : `${allowed} more would be allowed and ${others.length - allowed} denied.`}
      </p>
    </div>
  );
}

function Buttons({ plan, decision, text, applied }: { plan: Plan; decision: Decision; text: string; applied: () => void }) {
  const [trial, setTrial] = useState<Replayed>();
  const [said, setSaid] = useState<{ good: boolean; text: string }>();
  const [busy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setSaid(undefined);
    try {
      await work();
    } catch (error) {
      setSaid({ good: false, text: messageOf(error) });
    } finally {
      setBusy(false);
    }
  };
  const simulate = (): Promise<void> =>
    attempt(async () => setTrial(await post<Replayed>("decisions/replay", { changes: plan.changes, limit: LIMIT })));
  const apply = (): Promise<void> =>
    attempt(async () => {
      for (const change of plan.changes) await post("policies", change, { method: "PUT" });
      setTrial(undefined);
      setSaid({ good: true, text: "Stored. The next call is decided by it." });
      applied();
    });
  const possible = plan.changes.length > 0 && plan.unknown.length === 0;
  const target = plan.changes[0]?.target;
  return (
    <>
      <div class="buttons">
        {possible && (
          <>
            <button type="button" disabled={busy} onClick={simulate}>
              Simulate
            </button>
            <button type="button" class="primary" disabled={busy} onClick={apply}>
              Apply
            </button>
          </>
        )}
        <Copy text={text} />
        {target && (
          <a class="button" href={to("editor", target)}>
            Open in the editor
          </a>
        )}
      </div>
      {!possible && <p class="soft">This policy cannot be changed from here: copy the statement to where it belongs.</p>}
      {possible && (
        <p class="soft">
          Goes into{" "}
          {plan.changes.map((change, i) => (
            <>
              {i > 0 && ", "}
              <Text>{change.name ? `${change.name} of ${change.target}` : `the policy of ${change.target}`}</Text>
            </>
          ))}
          .
        </p>
      )}
      {trial && <Trial answer={trial} decision={decision} />}
      {said && (
        <p role="status" class={"result " + (said.good ? "good" : "bad")}>
          <Text>{said.text}</Text>
        </p>
      )}
    </>
  );
}

export function Advice({ decision }: { decision: Decision }) {
  const work = decision.work && decision.work.suggestion.length > 0 ? decision.work : undefined;
  const [whole, setWhole] = useState(true);
  const all = [...(decision.suggestion ?? []), ...(work?.suggestion ?? [])];
  const targets = [...new Set(all.flatMap((step) => (step.target ? [step.target.target] : [])))];
  const loaded = useLoad(targets.join(" "), (signal) => storedFor(targets, signal));
  const steps = (work && whole ? work.suggestion : decision.suggestion) ?? [];
  if (steps.length === 0) {
    return (
      <section aria-label="What would allow it">
        <h3>What would allow it</h3>
        <p>No statement is known that would allow this call.</p>
      </section>
    );
  }
  const statements = steps.flatMap((step) => (step.change === "add" ? [step.statement] : (step.narrowed ?? [])));
  const text = JSON.stringify(statements.length === 1 ? statements[0] : statements, null, 2);
  return (
    <section aria-label="What would allow it">
      <h3>What would allow it</h3>
      {work && (
        <fieldset class="choice">
          <legend>Allow</legend>
          <label>
            <input type="radio" name="whole" checked={whole} onChange={() => setWhole(true)} /> the whole docker{" "}
            {work.name} ({work.missing.length} actions are missing)
          </label>
          <label>
            <input type="radio" name="whole" checked={!whole} onChange={() => setWhole(false)} /> this action only
          </label>
        </fieldset>
      )}
      <ol class="steps">
        {steps.map((step) => (
          <StepView step={step} />
        ))}
      </ol>
      {work?.denied && whole && (
        <p class="hint">
          Statements also deny <Text>{work.denied.join(", ")}</Text>: change those, too.
        </p>
      )}
      {loaded.error !== undefined && <Failure message={loaded.error} retry={loaded.reload} />}
      {loaded.value && (
        <Buttons
          key={whole ? "whole" : "one"}
          plan={planFor(steps, decision, loaded.value)}
          decision={decision}
          text={text}
          applied={loaded.reload}
        />
      )}
    </section>
  );
}
