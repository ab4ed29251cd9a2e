// Principals × actions on one resource: what is allowed now, and what the text would make of it.
import { useState } from "preact/hooks";
import { post } from "../../core/api.js";
import { accounts, repositories, type Account } from "../../core/identities.js";
import { useLoad, useSettled } from "../../core/load.js";
import { shortArn } from "../../core/text.js";
import type { Change, StoredPolicy, Verdict } from "../../core/types.js";
import { isAllowed } from "../../parts/badge.js";
import { Failure, Loading } from "../../parts/state.js";
import { Text } from "../../parts/text.js";
import { actionsFor, targetKind } from "./model.js";

const MOST_PRINCIPALS = 20;

interface Cell {
  action: string;
  /** null: there was no time for it. */
  decision: Verdict | null;
  /** Keys of a request by which it could be decided otherwise. */
  conditions?: string[];
}

interface Answer {
  rows: { principal: string; cells: Cell[] }[];
  truncated?: boolean;
}

/** The principals that a policy is likely to be about. */
export function principalsFor(policy: StoredPolicy, all: readonly Account[]): string[] {
  const people = all.flatMap((account) => [...(account.users ?? []), ...(account.roles ?? [])]);
  const owner = policy.kind === "inline" || policy.kind === "boundary" ? policy.target : undefined;
  switch (owner === undefined ? targetKind(policy.target) : targetKind(owner)) {
    case "user":
      return [policy.target];
    case "role":
      return policy.kind === "trust" ? people.map((one) => one.arn) : [policy.target];
    case "group": {
      const name = policy.target.replace(/^.*\//, "");
      return people.filter((one) => one.groups?.some((group) => group === name || group === policy.target)).map((one) => one.arn);
    }
    case "managed": {
      const has = people.filter((one) => one.boundary === policy.target || one.attachedPolicies?.includes(policy.target));
      return has.map((one) => one.arn);
    }
    default:
      return people.map((one) => one.arn);
  }
}

function MatrixCell({ cell, was }: { cell: Cell | undefined; was: Cell | undefined }) {
  if (!cell?.decision) return <td class="soft">no time</td>;
  const allowed = isAllowed(cell.decision);
  const changed = was?.decision != null && isAllowed(was.decision) !== allowed;
  const keys = cell.conditions ?? [];
  return (
    <td class={(allowed ? "good" : "bad") + (changed ? " changed" : "")} data-decision={cell.decision}>
      <span aria-hidden="true">{allowed ? "✓" : "✗"}</span>
      <span class={changed ? "" : "visually-hidden"}>
        {" "}
        {changed && "now "}
        {allowed ? "allowed" : "denied"}
      </span>
      {keys.length > 0 && (
        <span class="soft" title={`Depends on ${keys.join(", ")}`}>
          {" "}
          <Text>{`depends on ${keys.join(", ")}`}</Text>
        </span>
      )}
    </td>
  );
}

function Table({ now, then, resource }: { now: Answer; then: Answer | undefined; resource: string }) {
  const shown = then ?? now;
  const actions = shown.rows[0]?.cells.map((cell) => cell.action) ?? [];
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Who may what">
      <table class="matrix">
        <caption class="visually-hidden">Verdicts on {resource}</caption>
        <thead>
          <tr>
            <th scope="col">Action</th>
            {shown.rows.map((row) => (
              <th scope="col" title={row.principal}>
                <Text>{shortArn(row.principal)}</Text>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {actions.map((action, i) => (
            <tr>
              <th scope="row">
                <Text>{action}</Text>
              </th>
              {shown.rows.map((row, k) => {
                return <MatrixCell cell={row.cells[i]} was={now.rows[k]?.cells[i]} />;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function splitWords(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

export function Matrix({ policy, change }: { policy: StoredPolicy; change: Change | undefined }) {
  const known = useLoad("matrix-choices", async (signal) => {
    const [all, found] = await Promise.all([accounts(signal), repositories({ limit: 100 }, signal)]);
    return { all, repositories: found.repositories.map((one) => one.arn) };
  });
  const [typed, setTyped] = useState<{ principals?: string; actions?: string; resource?: string }>({});
  const likely = known.value ? principalsFor(policy, known.value.all).slice(0, MOST_PRINCIPALS) : [];
  const fixed = policy.kind === "trust" || policy.kind === "repository" ? policy.target : undefined;
  const principals = typed.principals ?? likely.join("\n");
  const actions = typed.actions ?? actionsFor(policy.kind).join("\n");
  const resource = typed.resource ?? fixed ?? known.value?.repositories[0] ?? "*";
  const asked = useSettled(JSON.stringify({ principals: splitWords(principals), actions: splitWords(actions), resource }), 300);
  const body = JSON.parse(asked) as { principals: string[]; actions: string[]; resource: string };
  const ready = known.value !== undefined && body.principals.length > 0 && body.actions.length > 0;
  const ask = async (changes: Change[], signal: AbortSignal): Promise<Answer | undefined> =>
    ready ? post<Answer>("decisions/matrix", { ...body, changes }, { signal }) : undefined;
  const now = useLoad(`now|${ready}|${asked}`, (signal) => ask([], signal));
  const then = useLoad(`then|${ready}|${asked}|${change === undefined ? "" : JSON.stringify(change)}`, async (signal) =>
    change === undefined ? undefined : ask([change], signal),
  );
  const failure = known.error ?? now.error ?? then.error;
  return (
    <>
      {failure !== undefined && <Failure message={failure} retry={now.reload} />}
      <label class="field">
        <span>On</span>
        <input
          list="matrix-resources"
          value={resource}
          onInput={(event) => setTyped({ ...typed, resource: event.currentTarget.value.trim() })}
        />
      </label>
      <datalist id="matrix-resources">
        {(known.value?.repositories ?? []).map((arn) => (
          <option value={arn} />
        ))}
      </datalist>
      {now.value && <Table now={now.value} then={then.value} resource={body.resource} />}
      {!now.value && (known.loading || (ready && now.loading)) && <Loading what="the verdicts" />}
      {known.value && body.principals.length === 0 && <p class="note">No principal has this policy: name one below.</p>}
      <details>
        <summary>Principals and actions</summary>
        <label class="field">
          <span>Principals (ARNs)</span>
          <textarea rows={4} value={principals} onInput={(event) => setTyped({ ...typed, principals: event.currentTarget.value })} />
        </label>
        <label class="field">
          <span>Actions</span>
          <textarea rows={6} value={actions} onInput={(event) => setTyped({ ...typed, actions: event.currentTarget.value })} />
        </label>
      </details>
    </>
  );
}
