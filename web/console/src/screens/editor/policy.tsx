// One policy: its text with what is wrong with it, and beside it what the text would change.
import { useState } from "preact/hooks";
import { messageOf, post } from "../../core/api.js";
import { useSettled } from "../../core/load.js";
import { count } from "../../core/text.js";
import type { Finding, PolicyPlace, StoredPolicy } from "../../core/types.js";
import { Question } from "../../parts/dialog.js";
import { JsonEditor } from "../../parts/json_editor.js";
import { Tabs } from "../../parts/tabs.js";
import { Copy, Text } from "../../parts/text.js";
import { Difference } from "./difference.js";
import { Matrix } from "./matrix.js";
import { changeOf, documentOf, storedText, templateFor, textOf, titleOf, typeOf } from "./model.js";
import { Replay } from "./replay.js";

const TABS = [
  { id: "matrix", title: "Who may what" },
  { id: "replay", title: "Replay" },
  { id: "difference", title: "Difference" },
];

function findingText(finding: Finding): string {
  return finding.detail ? `${finding.message}: ${finding.detail}` : finding.message;
}

function Findings({ findings, goTo }: { findings: readonly Finding[]; goTo: (finding: Finding) => void }) {
  if (findings.length === 0) return <p class="soft">No mistake is known.</p>;
  return (
    <ul class="findings" aria-label="Findings">
      {findings.map((finding) => (
        <li class={finding.severity}>
          <button type="button" class="plain" onClick={() => goTo(finding)}>
            {finding.severity === "error" ? "✗ Error" : "! Warning"}
            {finding.line !== undefined && `, line ${finding.line}`}
          </button>{" "}
          <Text>{findingText(finding)}</Text>
        </li>
      ))}
    </ul>
  );
}

export interface Said {
  readonly good: boolean;
  readonly text: string;
}

export function PolicyPage(props: {
  policy: StoredPolicy;
  isNew: boolean;
  said: Said | undefined;
  say: (said: Said | undefined) => void;
  /** `now`: what is at the place; undefined: nothing is. */
  stored: (now: PolicyPlace | undefined) => void;
}) {
  const { policy, isNew, said, say } = props;
  const before = storedText(policy);
  const [start, setStart] = useState(isNew ? textOf(templateFor(policy.kind, policy.target)) : before);
  const [text, setText] = useState(start);
  const [name, setName] = useState(policy.name ?? "");
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const [place, setPlace] = useState<{ line: number; column: number }>();
  const [tab, setTab] = useState("matrix");
  const [asks, setAsks] = useState(false);
  const settled = useSettled(text, 250);
  // The newest text without mistakes: what it would do is shown, as a text with mistakes does nothing.
  const [valid, setValid] = useState<string>();
  const document = valid === undefined ? undefined : documentOf(valid);
  const readOnly = policy.editable === false;
  const named = policy.kind === "inline" ? { ...policy, name } : policy;

  const check = async (now: string): Promise<readonly Finding[]> => {
    try {
      const answer = await post<{ findings: Finding[] }>("validate-policy", { document: now, type: typeOf(policy.kind) });
      setFindings(answer.findings);
      if (!answer.findings.some((finding) => finding.severity === "error")) setValid(now);
      return answer.findings;
    } catch (error) {
      setFindings([{ severity: "error", message: messageOf(error) }]);
      return [];
    }
  };
  const store = async (remove: boolean): Promise<void> => {
    setAsks(false);
    if (!remove && documentOf(text) === undefined) {
      say({ good: false, text: "The text is not a JSON object." });
      return;
    }
    try {
      await post("policies", changeOf(named, remove ? null : text), { method: "PUT" });
      say({ good: true, text: remove ? "Removed." : "Stored. The next call is decided by it." });
      props.stored(remove ? undefined : named);
    } catch (error) {
      say({ good: false, text: messageOf(error) });
    }
  };
  const change = document && changeOf(named, document);
  return (
    <>
      <section class="editor-left" aria-label="Policy document">
        {isNew && policy.kind === "inline" && (
          <label class="field">
            <span>Name of the new policy</span>
            <input value={name} onInput={(event) => setName(event.currentTarget.value)} />
          </label>
        )}
        {readOnly && <p class="hint">AWS keeps this policy: it can be read, and not changed.</p>}
        <JsonEditor
          text={start}
          label={titleOf(policy)}
          readOnly={readOnly}
          changed={setText}
          check={check}
          goTo={place}
        />
        <Findings findings={findings} goTo={(one) => setPlace({ line: one.line ?? 1, column: one.column ?? 1 })} />
        <div class="buttons">
          <button type="button" class="primary" disabled={readOnly || text === before || !documentOf(text)} onClick={() => store(false)}>
            Store
          </button>
          <button
            type="button"
            disabled={text === before || isNew}
            onClick={() => {
              setStart("");
              setStart(before);
              setText(before);
            }}
          >
            Take back
          </button>
          <Copy text={text} />
          {!isNew && !readOnly && policy.kind !== "trust" && (
            <button type="button" class="danger" onClick={() => setAsks(true)}>
              Remove …
            </button>
          )}
        </div>
        {said && (
          <p role="status" class={"result " + (said.good ? "good" : "bad")}>
            <Text>{said.text}</Text>
          </p>
        )}
        {asks && (
          <Question title="Remove this policy?" action="Remove" carryOut={() => void store(true)} close={() => setAsks(false)}>
            <p>
              <Text>{`${titleOf(policy)} of ${policy.target}`}</Text>
            </p>
          </Question>
        )}
      </section>
      <section class="editor-right" aria-label="What it would do">
        {!documentOf(settled) && <p class="hint">The text is not a JSON object at the moment.</p>}
        {documentOf(settled) && findings.some((one) => one.severity === "error") && (
          <p class="hint">The text has mistakes. Below is what it would do without the last changes.</p>
        )}
        <Tabs label="What it would do" tabs={TABS} chosen={tab} choose={setTab}>
          {tab === "matrix" && <Matrix policy={policy} change={change} />}
          {tab === "replay" && <Replay change={change} />}
          {tab === "difference" && <Difference before={before} after={settled} />}
        </Tabs>
        <p class="visually-hidden" role="status">
          {count(findings.length, "finding")}
        </p>
      </section>
    </>
  );
}
