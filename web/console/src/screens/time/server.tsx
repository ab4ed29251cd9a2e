// What one does to a server between two tests: jobs, garbage, faults, snapshot, reset.
import { useSignal } from "@preact/signals";
import { get, messageOf, post, send } from "../../core/api.js";
import { useLoad } from "../../core/load.js";
import { fullTime } from "../../core/time.js";
import type { Json, JsonObject } from "../../core/types.js";
import { Question } from "../../parts/dialog.js";
import { JsonView } from "../../parts/json_view.js";
import { Text } from "../../parts/text.js";

interface Job {
  id: number;
  kind: string;
  state: string;
  due?: string;
  error?: string;
}

const KINDS = ["throttle", "error", "latency", "reset"] as const;
const MOST_JOBS = 100;

function Jobs({ turn }: { turn: number }) {
  const loaded = useLoad(`jobs ${turn}`, (signal) => get<{ jobs: Job[] }>("jobs", { limit: MOST_JOBS }, signal));
  const jobs = loaded.value?.jobs ?? [];
  if (jobs.length === 0) return <p class="note">No work waits.</p>;
  return (
    <table>
      <caption>Work that waits</caption>
      <thead>
        <tr>
          <th scope="col">Kind</th>
          <th scope="col">State</th>
          <th scope="col">Due</th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <tr key={job.id}>
            <th scope="row">
              <Text>{job.kind}</Text>
            </th>
            <td>
              <Text>{job.error ?? job.state}</Text>
            </td>
            <td>{fullTime(job.due)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Faults({ turn, act }: { turn: number; act: (what: string, work: () => Promise<Json>) => Promise<void> }) {
  const loaded = useLoad(`faults ${turn}`, (signal) => get<{ rules: JsonObject[] }>("faults", {}, signal));
  const kind = useSignal<(typeof KINDS)[number]>("throttle");
  const operation = useSignal("");
  const rate = useSignal("0.3");
  const milliseconds = useSignal("500");
  const add = (event: Event): void => {
    event.preventDefault();
    const rule: JsonObject = { kind: kind.value, rate: Number(rate.value) };
    if (operation.value.trim() !== "") rule["operation"] = operation.value.trim();
    if (kind.value === "latency") rule["milliseconds"] = Number(milliseconds.value);
    void act("The fault is in force.", () => post<Json>("faults", { rules: [rule] }));
  };
  const rules = loaded.value?.rules ?? [];
  return (
    <>
      <form onSubmit={add} class="buttons">
        <label>
          Fault{" "}
          <select value={kind.value} onChange={(event) => (kind.value = KINDS.find((one) => one === event.currentTarget.value) ?? "throttle")}>
            {KINDS.map((one) => (
              <option value={one}>{one}</option>
            ))}
          </select>
        </label>
        <label>
          Operation{" "}
          <input placeholder="all, or PutImage" value={operation.value} onInput={(event) => (operation.value = event.currentTarget.value)} />
        </label>
        <label>
          Share{" "}
          <input type="number" min="0" max="1" step="0.05" value={rate.value} onInput={(event) => (rate.value = event.currentTarget.value)} />
        </label>
        {kind.value === "latency" && (
          <label>
            Milliseconds{" "}
            <input type="number" min="0" value={milliseconds.value} onInput={(event) => (milliseconds.value = event.currentTarget.value)} />
          </label>
        )}
        <button type="submit">Add</button>
        <button
          type="button"
          disabled={rules.length === 0}
          onClick={() => void act("No fault is left.", () => post<Json>("faults", undefined, { method: "DELETE" }))}
        >
          Clear faults
        </button>
      </form>
      {rules.length > 0 && <JsonView value={rules} label="Faults" />}
    </>
  );
}

function saveFile(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function Server({ changed }: { changed: () => void }) {
  const turn = useSignal(0);
  const said = useSignal<{ good: boolean; text: string; answer?: Json } | undefined>(undefined);
  const asks = useSignal<"reset" | "restore" | undefined>(undefined);
  const file = useSignal<File | undefined>(undefined);
  const act = async (what: string, work: () => Promise<Json>): Promise<void> => {
    asks.value = undefined;
    try {
      const answer = await work();
      said.value = { good: true, text: what, answer };
    } catch (error) {
      said.value = { good: false, text: messageOf(error) };
    }
    turn.value += 1;
    changed();
  };
  const snapshot = (): Promise<void> =>
    act("The snapshot is in your downloads. It has secrets in it.", async () => {
      saveFile("ecr-local-snapshot.tar", await (await send("snapshot")).blob());
      return null;
    });
  const restore = (): Promise<void> =>
    act("The snapshot is restored.", async () => {
      const given = file.value;
      if (!given) return null;
      await send("snapshot", { method: "PUT", body: given, headers: { "X-Ecr-Local-Console": "1" } });
      return null;
    });
  return (
    <section aria-label="Server">
      <h2>Server</h2>
      <div class="buttons">
        <button type="button" onClick={() => void act("All due work is done.", () => post<Json>("jobs/run", undefined))}>
          Do due work
        </button>
        <button type="button" onClick={() => void act("Unreferenced layers are gone.", () => post<Json>("gc", undefined))}>
          Collect garbage
        </button>
        <button type="button" onClick={() => void snapshot()}>
          Snapshot
        </button>
        <button type="button" class="danger" onClick={() => (asks.value = "restore")}>
          Restore …
        </button>
        <button type="button" class="danger" onClick={() => (asks.value = "reset")}>
          Reset …
        </button>
      </div>
      {said.value && (
        <div role="status" class={"result " + (said.value.good ? "good" : "bad")}>
          <p>
            <Text>{said.value.text}</Text>
          </p>
          {said.value.answer && Object.keys(said.value.answer).length > 0 && (
            <details>
              <summary>Answer</summary>
              <JsonView value={said.value.answer} label="Answer" />
            </details>
          )}
        </div>
      )}
      <h3>Faults</h3>
      <Faults turn={turn.value} act={act} />
      <Jobs turn={turn.value} />
      {asks.value === "reset" && (
        <Question
          title="Reset the server?"
          action="Reset"
          carryOut={() => void act("The server is empty again.", () => post<Json>("reset", undefined))}
          close={() => (asks.value = undefined)}
        >
          <p>All repositories, images, users and policies go. What the seed file of the start names comes back.</p>
        </Question>
      )}
      {asks.value === "restore" && (
        <Question title="Restore a snapshot?" action="Restore" carryOut={() => void restore()} close={() => (asks.value = undefined)}>
          <p>Everything that the server has is replaced by it.</p>
          <label class="field">
            <span>Snapshot (tar)</span>
            <input type="file" accept=".tar" onChange={(event) => (file.value = event.currentTarget.files?.[0])} />
          </label>
        </Question>
      )}
    </section>
  );
}
