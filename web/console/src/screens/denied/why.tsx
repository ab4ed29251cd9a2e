// The reason of one decision: AWS's sentence, the ladder of policies, the request's context, and what
// would allow it.
import { useState } from "preact/hooks";
import { get } from "../../core/api.js";
import { failedKeys } from "../../core/ladder.js";
import { useLoad } from "../../core/load.js";
import { to } from "../../core/route.js";
import { fullTime } from "../../core/time.js";
import type { Decision, DecisionPage, Json } from "../../core/types.js";
import { isAllowed, VerdictBadge } from "../../parts/badge.js";
import { Failure, Loading } from "../../parts/state.js";
import { Copy, Text } from "../../parts/text.js";
import { Advice } from "./advice.js";
import { Ladder } from "./ladder.js";
import { viaOf } from "./via.js";

function valueText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Context({ decision }: { decision: Decision }) {
  const failed = failedKeys(decision);
  return (
    <table class="facts">
      <caption>What the conditions saw</caption>
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col">Value</th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(decision.context).map(([key, value]) => (
          <tr class={failed.has(key.toLowerCase()) ? "failed" : ""}>
            <th scope="row">
              <Text>{key}</Text>
            </th>
            <td>
              <Text>{valueText(value)}</Text>
              {failed.has(key.toLowerCase()) && <span class="soft"> (a condition on it did not hold)</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Reason({ decision }: { decision: Decision }) {
  const allowed = isAllowed(decision.decision);
  return (
    <article class="why">
      <header>
        <p class="why-what">
          <VerdictBadge decision={decision.decision} />
          <span class="tag">{viaOf(decision)}</span>
          <time dateTime={decision.time}>{fullTime(decision.time)}</time>
          {!allowed && !decision.enforced && <span class="tag">let pass: --iam soft</span>}
        </p>
        <h2>
          <Text>{decision.action}</Text>
        </h2>
        {decision.message !== null && (
          <blockquote class="sentence">
            <Text>{decision.message}</Text>
          </blockquote>
        )}
        {(decision.hints ?? []).map((hint) => (
          <p class="hint">
            <Text>{hint}</Text>
          </p>
        ))}
        <dl class="pairs">
          <dt>Principal</dt>
          <dd>
            <Text>{decision.principal ?? "anonymous"}</Text>
          </dd>
          <dt>Resource</dt>
          <dd>
            <Text>{decision.resource}</Text>
          </dd>
          <dt>Request</dt>
          <dd>
            <Text>{decision.requestId}</Text>{" "}
            <Copy text={new URL(to("denied", decision.requestId), location.href).href} label="Copy link" />
          </dd>
        </dl>
      </header>
      <Ladder decision={decision} />
      {!allowed && <Advice decision={decision} />}
      <Context decision={decision} />
    </article>
  );
}

export function Why({ requestId }: { requestId: string }) {
  const [chosen, setChosen] = useState<number>();
  const loaded = useLoad(requestId, (signal) =>
    get<DecisionPage>("decisions", { requestId, trace: true }, signal),
  );
  if (loaded.error !== undefined) return <Failure message={loaded.error} retry={loaded.reload} />;
  if (!loaded.value) return <Loading what="the reason" />;
  const all = loaded.value.decisions;
  const decision =
    all.find((one) => one.sequence === chosen) ?? all.find((one) => !isAllowed(one.decision)) ?? all[0];
  if (!decision) {
    return (
      <p class="note">
        The server keeps its last 1,000 decisions. Those of request <Text>{requestId}</Text> are not among them.
      </p>
    );
  }
  return (
    <>
      {all.length > 1 && (
        <label class="choice">
          This request needed {all.length} decisions:{" "}
          <select value={decision.sequence} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
            {all.map((one) => (
              <option value={one.sequence}>
                {isAllowed(one.decision) ? "✓" : "✗"} {one.action}
              </option>
            ))}
          </select>
        </label>
      )}
      <Reason decision={decision} />
    </>
  );
}
