// What a lifecycle policy would delete, and when: of a repository, or of a pasted list of images.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ApiFailure, messageOf, post } from "../../core/api.js";
import { repositories } from "../../core/identities.js";
import { useLoad, useSettled } from "../../core/load.js";
import { go } from "../../core/route.js";
import { count, shortDigest } from "../../core/text.js";
import { fullTime } from "../../core/time.js";
import type { Finding, Json, JsonObject } from "../../core/types.js";
import { JsonEditor } from "../../parts/json_editor.js";
import { Failure, Loading } from "../../parts/state.js";
import { Text } from "../../parts/text.js";
import { documentOf, textOf } from "../editor/model.js";
import { Bars, type DryRun } from "./bars.js";

const MOST_SHOWN = 100;
/** Where a repository has no policy yet. */
const EXAMPLE: JsonObject = {
  rules: [
    {
      rulePriority: 1,
      description: "untagged images after two weeks",
      selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 14 },
      action: { type: "expire" },
    },
  ],
};

function goneText(run: DryRun): string {
  const archived = run.transitioning ?? 0;
  const deleted = `${count(run.expiring, "image")} ${run.expiring === 1 ? "is" : "are"} deleted`;
  return archived === 0 ? deleted : `${deleted} and ${archived} archived`;
}

/** The images of a pasted answer of `aws ecr describe-images`, or of its list alone. */
export function pastedImages(text: string): Json[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value as Json[];
    if (value !== null && typeof value === "object" && "imageDetails" in value && Array.isArray(value.imageDetails)) {
      return value.imageDetails as Json[];
    }
  } catch {
    // Not JSON: undefined below.
  }
  return undefined;
}

const WORDS = { EXPIRE: "deleted", TRANSITION: "archived", NONE: "later" } as const;

function Going({ run }: { run: DryRun }) {
  if (run.images.length === 0) return <p class="note">No image ever goes by these rules.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Images that go">
      <table>
        <thead>
          <tr>
            <th scope="col">Image</th>
            <th scope="col">Tags</th>
            <th scope="col">Rule</th>
            <th scope="col">What</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          {run.images.slice(0, MOST_SHOWN).map((image) => (
            <tr>
              <th scope="row" class="mono">
                {shortDigest(image.digest)}
              </th>
              <td>
                <Text>{(image.tags ?? []).join(", ") || "untagged"}</Text>
              </td>
              <td>{image.rule}</td>
              <td>{WORDS[image.action]}</td>
              <td>{image.at ? fullTime(image.at) : "at once"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {run.images.length > MOST_SHOWN && (
        <p class="soft">
          The first {MOST_SHOWN} of {count(run.images.length, "image")}.
        </p>
      )}
    </div>
  );
}

export function Lifecycle({ arn, now, then, days }: { arn: string; now: string; then: string; days: number }) {
  const pasted = useSignal("");
  const policy = useSignal("");
  const start = useSignal("");
  const known = useLoad("lifecycle-choices", (signal) => repositories({ limit: 100 }, signal));
  const list = pasted.value.trim() === "" ? undefined : pastedImages(pasted.value);
  const stored = useLoad(`stored|${arn}`, async (signal) => {
    if (arn === "") return null;
    try {
      return (await post<DryRun>("lifecycle/dry-run", { arn }, { signal })).policy ?? null;
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 404) return null;
      throw error;
    }
  });
  useEffect(() => {
    if (stored.value === undefined) return;
    start.value = textOf(stored.value ?? EXAMPLE);
    policy.value = start.value;
  }, [stored.value]);

  const document = documentOf(useSettled(policy.value, 300));
  const ask = useSettled(
    JSON.stringify(
      document === undefined || (list === undefined && arn === "")
        ? null
        : { policy: document, now: then, ...(list === undefined ? { arn } : { images: list }) },
    ),
    150,
  );
  const run = useLoad(ask, async (signal) => (ask === "null" ? undefined : post<DryRun>("lifecycle/dry-run", JSON.parse(ask), { signal })));
  const check = async (text: string): Promise<readonly Finding[]> => {
    if (text.trim() === "") return [];
    try {
      return (await post<{ findings: Finding[] }>("validate-policy", { document: text, type: "lifecycle" })).findings;
    } catch (error) {
      return [{ severity: "error", message: messageOf(error) }];
    }
  };
  return (
    <section aria-label="Lifecycle">
      <h2>Lifecycle</h2>
      <div class="editor-grid">
        <div class="low-editor">
          <label class="field">
            <span>Repository (ARN)</span>
            <input
              key={arn}
              list="lifecycle-repositories"
              defaultValue={arn}
              onChange={(event) => go("time", ...[event.currentTarget.value.trim()].filter((one) => one !== ""))}
            />
          </label>
          <datalist id="lifecycle-repositories">
            {(known.value?.repositories ?? []).map((one) => (
              <option value={one.arn} />
            ))}
          </datalist>
          <p class="soft">
            {stored.value === null ? "It has no lifecycle policy; this is an example." : "Its lifecycle policy."} What you
            write here is tried out, and not stored.
          </p>
          <JsonEditor text={start.value} label="Lifecycle policy" changed={(text) => (policy.value = text)} check={check} />
          <details class="document" open={arn === ""}>
            <summary>Images of AWS instead: paste what "aws ecr describe-images" printed</summary>
            <label class="field">
              <span>JSON</span>
              <textarea rows={5} value={pasted.value} onInput={(event) => (pasted.value = event.currentTarget.value)} />
            </label>
            {pasted.value.trim() !== "" && (
              <p class={list === undefined ? "bad-text" : "soft"} role="status">
                {list === undefined ? "This is not what aws ecr describe-images prints." : `${count(list.length, "image")} read.`}
              </p>
            )}
          </details>
        </div>
        <div>
          {stored.error !== undefined && <Failure message={stored.error} retry={stored.reload} />}
          {run.error !== undefined && <Failure message={run.error} retry={run.reload} />}
          {run.loading && !run.value && ask !== "null" && <Loading what="the dry run" />}
          {ask === "null" && <p class="note">Name a repository or paste images, and write a policy.</p>}
          {run.value && (
            <>
              <p role="status">
                <strong>
                  {goneText(run.value)} by {fullTime(then)}.
                </strong>
              </p>
              <Bars run={run.value} now={now} days={days} />
              <Going run={run.value} />
            </>
          )}
        </div>
      </div>
    </section>
  );
}
