// Screen 4: policies, edited where one sees what the edit does.
import { useEffect, useState } from "preact/hooks";
import { accounts, repositories } from "../../core/identities.js";
import { useLoad } from "../../core/load.js";
import { policiesOf } from "../../core/policies.js";
import { go, replace, route, to } from "../../core/route.js";
import type { StoredPolicy } from "../../core/types.js";
import { Failure, Loading } from "../../parts/state.js";
import { Text } from "../../parts/text.js";
import { newPolicyFor, titleOf } from "./model.js";
import { PolicyPage, type Said } from "./policy.js";

function keyOf(policy: StoredPolicy): string {
  return `${policy.kind}|${policy.target}|${policy.name ?? ""}`;
}

/** Whose policies: any ARN may be typed, and what is known is offered. */
function TargetPicker({ target }: { target: string }) {
  const known = useLoad("targets", async (signal) => {
    const [all, found] = await Promise.all([accounts(signal), repositories({ limit: 100 }, signal)]);
    const people = all.flatMap((account) => [
      ...(account.users ?? []),
      ...(account.roles ?? []),
      ...(account.groups ?? []),
      ...(account.managedPolicies ?? []),
    ]);
    return [...people.map((one) => one.arn ?? ""), ...found.repositories.map((one) => one.arn)].filter((arn) => arn !== "");
  });
  const choose = (value: string): void => {
    if (value.startsWith("arn:") && value !== target) go("editor", value);
  };
  return (
    <>
      <label class="field grow">
        <span>User, role, group, policy or repository (ARN)</span>
        <input
          key={target}
          list="editor-targets"
          defaultValue={target}
          placeholder="arn:aws:iam::000000000000:user/jane"
          onChange={(event) => choose(event.currentTarget.value.trim())}
        />
      </label>
      <datalist id="editor-targets">
        {(known.value ?? []).map((arn) => (
          <option value={arn} />
        ))}
      </datalist>
      {target === "" && known.value && (
        <ul class="targets">
          {known.value.slice(0, 100).map((arn) => (
            <li>
              <a href={to("editor", arn)}>
                <Text>{arn}</Text>
              </a>
            </li>
          ))}
        </ul>
      )}
      {known.error !== undefined && <Failure message={known.error} retry={known.reload} />}
    </>
  );
}

function PoliciesOf({ target }: { target: string }) {
  const loaded = useLoad(target, (signal) => policiesOf(target, signal));
  const [said, say] = useState<Said>();
  const [, kind, name] = route.value.rest;
  if (loaded.error !== undefined) return <Failure message={loaded.error} retry={loaded.reload} />;
  if (!loaded.value) return <Loading what="its policies" />;
  const stored = loaded.value;
  const fresh = newPolicyFor(target, stored);
  const all = fresh ? [...stored, fresh] : stored;
  const chosen = all.find((one) => one.kind === kind && (one.name ?? one.target) === (name ?? target)) ?? all[0];
  if (!chosen) return <p class="note">It has no policy, and cannot get one.</p>;
  return (
    <>
      <label class="field">
        <span>Policy</span>
        <select
          value={keyOf(chosen)}
          onChange={(event) => {
            const next = all.find((one) => keyOf(one) === event.currentTarget.value);
            say(undefined);
            if (next) go("editor", target, next.kind, next.name ?? next.target);
          }}
        >
          {all.map((one) => (
            <option value={keyOf(one)}>
              {one === fresh ? "New: " : ""}
              {titleOf(one)}
            </option>
          ))}
        </select>
      </label>
      <PolicyPage
        key={keyOf(chosen)}
        policy={chosen}
        isNew={chosen === fresh}
        said={said}
        say={say}
        stored={(now) => {
          // A new policy has the name that was given to it, and a removed one is not looked for.
          if (now) replace("editor", target, now.kind, now.name ?? now.target);
          else replace("editor", target);
          loaded.reload();
        }}
      />
    </>
  );
}

export function Editor() {
  const target = route.value.rest[0] ?? "";
  useEffect(() => {
    document.title = "Policies – ECR Local";
  }, []);
  return (
    <div class="page editor-page">
      <h1>Policies</h1>
      <div class="editor-grid">
        <TargetPicker target={target} />
        {target !== "" && <PoliciesOf key={target} target={target} />}
      </div>
    </div>
  );
}
