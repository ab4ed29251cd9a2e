// The tags of one repository, to look through and to delete.
import { useSignal, useSignalEffect } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { epoch, messageOf, post } from "../../core/api.js";
import { matcher } from "../../core/filter.js";
import type { Repository } from "../../core/identities.js";
import { images, platformText, type Image } from "../../core/images.js";
import { to } from "../../core/route.js";
import { bytes, count, repositoryOf, shortDigest } from "../../core/text.js";
import { fullTime } from "../../core/time.js";
import { Question } from "../../parts/dialog.js";
import { Failure, Loading } from "../../parts/state.js";
import { Copy, Text } from "../../parts/text.js";

/** A line of the table: a tag, or an image without one. */
interface TagRow {
  readonly tag: string | undefined;
  readonly image: Image;
}

interface Deleted {
  deleted: unknown[];
  failures: { tag: string; code: string; reason: string }[];
}

export function tagRows(list: readonly Image[]): TagRow[] {
  return list.flatMap((image): TagRow[] =>
    image.tags.length === 0 ? [{ tag: undefined, image }] : image.tags.map((tag) => ({ tag, image })),
  );
}

function States({ image }: { image: Image }) {
  return (
    <>
      {image.archived && <span class="tag">archived</span>} {image.signed && <span class="tag">signed</span>}
    </>
  );
}

function Row({ row, arn, chosen, toggle }: { row: TagRow; arn: string; chosen: boolean; toggle: () => void }) {
  const { tag, image } = row;
  return (
    <tr>
      <td>
        {tag !== undefined && (
          <input type="checkbox" checked={chosen} onChange={toggle} aria-label={`Choose tag ${tag}`} />
        )}
      </td>
      <th scope="row">
        <a href={to("repositories", arn, image.digest)}>
          {tag === undefined ? <span class="soft">untagged</span> : <Text>{tag}</Text>}
        </a>
      </th>
      <td class="mono">{shortDigest(image.digest)}</td>
      <td class="number">{bytes(image.size)}</td>
      <td>
        <Text>{(image.platforms ?? []).map(platformText).join(", ") || image.artifactType || ""}</Text>
      </td>
      <td>{fullTime(image.pushedAt)}</td>
      <td>{fullTime(image.lastPulledAt)}</td>
      <td>
        <States image={image} />
      </td>
    </tr>
  );
}

export function RepositoryPage({ arn, repository }: { arn: string; repository: Repository | undefined }) {
  const list = useSignal<readonly Image[]>([]);
  const next = useSignal<string | undefined>(undefined);
  const loading = useSignal(true);
  const failure = useSignal("");
  const filter = useSignal("");
  const chosen = useSignal<ReadonlySet<string>>(new Set());
  const asks = useSignal(false);
  const said = useSignal<{ good: boolean; text: string } | undefined>(undefined);
  const turn = useSignal(0);

  const load = async (after: string | undefined, signal: AbortSignal): Promise<void> => {
    loading.value = true;
    try {
      const page = await images(arn, after, signal);
      list.value = after === undefined ? page.images : [...list.peek(), ...page.images];
      next.value = page.next ?? undefined;
      failure.value = "";
    } catch (error) {
      if (!signal.aborted) failure.value = messageOf(error);
    }
    if (!signal.aborted) loading.value = false;
  };
  useSignalEffect(() => {
    epoch.value;
    turn.value;
    const stop = new AbortController();
    void load(undefined, stop.signal);
    return () => stop.abort();
  });

  const rows = useMemo(() => {
    const matches = matcher(filter.value);
    return tagRows(list.value).filter((row) => matches(`${row.tag ?? "untagged"} ${row.image.digest}`));
  }, [list.value, filter.value]);
  const toggle = (tag: string): void => {
    const changed = new Set(chosen.value);
    if (!changed.delete(tag)) changed.add(tag);
    chosen.value = changed;
  };
  const shownTags = rows.flatMap((row) => (row.tag === undefined ? [] : [row.tag]));
  const allChosen = shownTags.length > 0 && shownTags.every((tag) => chosen.value.has(tag));
  const remove = async (): Promise<void> => {
    const tags = [...chosen.value];
    asks.value = false;
    try {
      const answer = await post<Deleted>("repositories/delete-tags", { arn, tags });
      const failed = answer.failures.map((one) => `${one.tag}: ${one.reason}`);
      said.value =
        failed.length === 0
          ? { good: true, text: `${count(tags.length, "tag")} deleted.` }
          : { good: false, text: `${tags.length - failed.length} of ${tags.length} tags deleted. ${failed.join("; ")}` };
      chosen.value = new Set();
    } catch (error) {
      said.value = { good: false, text: messageOf(error) };
    }
    turn.value += 1;
  };
  const uri = repository?.uri;

  return (
    <article>
      <h2>
        <Text>{repositoryOf(arn)}</Text>
      </h2>
      <dl class="pairs">
        <dt>ARN</dt>
        <dd>
          <Text>{arn}</Text>
        </dd>
        {repository && (
          <>
            <dt>Address</dt>
            <dd>
              <Text>{repository.uri}</Text> <Copy text={repository.uri} />
            </dd>
            <dt>Holds</dt>
            <dd>
              {count(repository.images, "image")}, {count(repository.tags, "tag")}, {bytes(repository.size)}
            </dd>
            <dt>Tags</dt>
            <dd>
              <Text>{repository.mutability}</Text>
            </dd>
          </>
        )}
      </dl>
      <div class="buttons">
        <a class="button" href={to("editor", arn)}>
          Repository policy
        </a>
        <a class="button" href={to("time", arn)}>
          Lifecycle
        </a>
        <a class="button" href={to("identities", "who-can", "ecr:PutImage", arn)}>
          Who can push
        </a>
      </div>
      <div class="buttons">
        <input
          type="search"
          aria-label="Filter tags"
          placeholder="Filter: v1 -rc"
          value={filter.value}
          onInput={(event) => (filter.value = event.currentTarget.value)}
        />
        <button type="button" class="danger" disabled={chosen.value.size === 0} onClick={() => (asks.value = true)}>
          {chosen.value.size === 0 ? "Delete tags …" : `Delete ${count(chosen.value.size, "tag")} …`}
        </button>
      </div>
      {said.value && (
        <p role="status" class={"result " + (said.value.good ? "good" : "bad")}>
          <Text>{said.value.text}</Text>
        </p>
      )}
      {failure.value !== "" && <Failure message={failure.value} retry={() => (turn.value += 1)} />}
      {rows.length > 0 && (
        <div class="scroll wide-scroll" tabIndex={0} role="region" aria-label="Tags">
          <table>
            <thead>
              <tr>
                <th scope="col">
                  <input
                    type="checkbox"
                    aria-label="Choose all tags shown"
                    checked={allChosen}
                    onChange={() => (chosen.value = allChosen ? new Set() : new Set(shownTags))}
                  />
                </th>
                <th scope="col">Tag</th>
                <th scope="col">Digest</th>
                <th scope="col" class="number">
                  Size
                </th>
                <th scope="col">Platforms</th>
                <th scope="col">Pushed</th>
                <th scope="col">Last pulled</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row
                  key={`${row.image.digest}/${row.tag ?? ""}`}
                  row={row}
                  arn={arn}
                  chosen={row.tag !== undefined && chosen.value.has(row.tag)}
                  toggle={() => row.tag !== undefined && toggle(row.tag)}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {loading.value && <Loading what="its images" />}
      {!loading.value && rows.length === 0 && failure.value === "" && (
        <p class="note">
          {list.value.length > 0 ? "No tag matches the filter." : "It holds no image."}
          {list.value.length === 0 && uri !== undefined && (
            <>
              {" "}
              <code>docker push {uri}:1</code> puts one there.
            </>
          )}
        </p>
      )}
      {next.value !== undefined && !loading.value && (
        <button type="button" onClick={() => void load(next.value, new AbortController().signal)}>
          More images
        </button>
      )}
      {asks.value && (
        <Question
          title={`Delete ${count(chosen.value.size, "tag")}?`}
          action={`Delete ${count(chosen.value.size, "tag")}`}
          carryOut={() => void remove()}
          close={() => (asks.value = false)}
        >
          <p>
            From <Text>{repositoryOf(arn)}</Text>. An image without another tag goes with its last one.
          </p>
          <ul class="tag-list">
            {[...chosen.value].sort().map((tag) => (
              <li>
                <Text>{tag}</Text>
              </li>
            ))}
          </ul>
        </Question>
      )}
    </article>
  );
}
