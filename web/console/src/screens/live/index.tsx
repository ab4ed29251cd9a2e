// Screen 2: one line a request, as it happens.
import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { epoch, get, messageOf } from "../../core/api.js";
import { matcher } from "../../core/filter.js";
import { isRefused, LiveRows, workOf, type LiveRow } from "../../core/groups.js";
import { isWide } from "../../core/media.js";
import { follow } from "../../core/stream.js";
import { count, milliseconds, shortArn } from "../../core/text.js";
import { clockTime } from "../../core/time.js";
import type { RequestLine } from "../../core/types.js";
import { Empty, Failure } from "../../parts/state.js";
import { Text } from "../../parts/text.js";
import { VirtualList } from "../../parts/virtual_list.js";
import { RequestDrawer } from "./drawer.js";

const FIRST_LINES = 200;

/** A row as it is drawn: a request, a group, or a request inside an open group. */
interface Shown {
  readonly key: string;
  readonly line: RequestLine;
  readonly group: LiveRow | undefined;
  readonly open: boolean;
  readonly inside: boolean;
}

function searched(line: RequestLine): string {
  const verdict = line.decision === null ? "" : line.decision === "Allowed" ? "allowed" : "denied";
  return [line.method, line.path, line.action, line.status, line.principal, verdict, line.error, line.requestId].join(" ");
}

/** What is drawn of `rows`, with the lines of open groups below their group. */
export function shownOf(rows: readonly LiveRow[], filter: string, open: ReadonlySet<string>): Shown[] {
  const matches = matcher(filter);
  const shown: Shown[] = [];
  for (const row of rows) {
    const lines = filter === "" ? row.lines : row.lines.filter((line) => matches(searched(line)));
    const last = lines[lines.length - 1];
    if (!last) continue;
    if (row.lines.length === 1) {
      shown.push({ key: row.key, line: last, group: undefined, open: false, inside: false });
      continue;
    }
    const isOpen = open.has(row.key);
    shown.push({ key: row.key, line: last, group: row, open: isOpen, inside: false });
    if (!isOpen) continue;
    for (let i = lines.length - 1; i >= 0; i -= 1) {
      const line = lines[i];
      if (line) shown.push({ key: `${row.key}/${line.sequence}`, line, group: undefined, open: false, inside: true });
    }
  }
  return shown;
}

function Verdict({ refused, decision }: { refused: boolean; decision: string | null }) {
  if (decision === null && !refused) return <span class="soft">–</span>;
  const word = decision === null ? "refused" : decision === "Allowed" ? "allowed" : "denied";
  const good = word === "allowed";
  return (
    <span class={good ? "good-text" : "bad-text"}>
      <span aria-hidden="true">{good ? "✓" : "✗"}</span> {word}
    </span>
  );
}

function LineView({ shown }: { shown: Shown }) {
  const { line, group } = shown;
  const lines = group?.lines ?? [line];
  const refused = lines.filter(isRefused).length;
  const micros = lines.reduce((sum, one) => sum + one.micros, 0);
  return (
    <span class={"live-line" + (shown.inside ? " inside" : "")}>
      <time dateTime={line.time}>{clockTime(line.time)}</time>
      <span class="live-method">{group ? (shown.open ? "▾" : "▸") : <Text>{line.method}</Text>}</span>
      <span class="live-what">
        {group ? (
          <>
            <strong>docker {workOf(group)}</strong> <Text>{group.repository}</Text>{" "}
            <span class="soft">
              {count(group.lines.length, "request")}
              {refused > 0 && `, ${refused} refused`}
            </span>
          </>
        ) : (
          <Text>{line.action ?? line.path}</Text>
        )}
      </span>
      <span class={"live-status" + (line.status >= 400 ? " bad-text" : "")}>{line.status}</span>
      <span class="live-ms">{milliseconds(micros)} ms</span>
      <span class="live-who">
        <Text>{line.principal === null ? "–" : shortArn(line.principal)}</Text>
      </span>
      <span class="live-verdict">
        <Verdict
          refused={refused > 0}
          decision={group ? (lines.find((one) => one.decision !== null && one.decision !== "Allowed")?.decision ?? line.decision) : line.decision}
        />
      </span>
    </span>
  );
}

export function Live() {
  const store = useRef(new LiveRows());
  const held = useRef<RequestLine[]>([]);
  const drawn = useSignal(0);
  const waiting = useSignal(0);
  const paused = useSignal(false);
  const filter = useSignal("");
  const failure = useSignal("");
  const open = useSignal<ReadonlySet<string>>(new Set());
  const chosen = useSignal<string | undefined>(undefined);
  const detail = useSignal<RequestLine | undefined>(undefined);

  useSignalEffect(() => {
    epoch.value;
    const stop = new AbortController();
    let frame = 0;
    // However many lines arrive, they are drawn once a frame.
    const draw = (): void => {
      frame = 0;
      if (paused.peek()) {
        waiting.value = held.current.length;
        return;
      }
      for (const line of held.current) store.current.add(line);
      held.current = [];
      waiting.value = 0;
      drawn.value += 1;
    };
    const arrived = (lines: RequestLine[]): void => {
      for (const line of lines) held.current.push(line);
      if (held.current.length > 5000) held.current.splice(0, held.current.length - 5000);
      if (frame === 0) frame = requestAnimationFrame(draw);
    };
    const begin = async (): Promise<void> => {
      try {
        const page = await get<{ requests: RequestLine[] }>("requests", { limit: FIRST_LINES }, stop.signal);
        store.current.clear();
        held.current = [];
        const newest = page.requests[0]?.sequence ?? 0;
        arrived(page.requests.reverse());
        failure.value = "";
        await follow<RequestLine>("requests", {}, newest, stop.signal, arrived, (refusal) => {
          failure.value = refusal.message;
        });
      } catch (error) {
        if (!stop.signal.aborted) failure.value = messageOf(error);
      }
    };
    void begin();
    return () => {
      stop.abort();
      cancelAnimationFrame(frame);
    };
  });

  useEffect(() => {
    document.title = "Live – ECR Local";
  }, []);

  const resume = (): void => {
    paused.value = !paused.value;
    if (!paused.value) {
      for (const line of held.current) store.current.add(line);
      held.current = [];
      waiting.value = 0;
      drawn.value += 1;
    }
  };
  const shown = useMemo(
    () => shownOf(store.current.rows(), filter.value, open.value),
    [drawn.value, filter.value, open.value],
  );
  const activate = (item: Shown): void => {
    if (!item.group) {
      detail.value = item.line;
      return;
    }
    const next = new Set(open.value);
    if (!next.delete(item.group.key)) next.add(item.group.key);
    open.value = next;
  };

  return (
    <div class="column live">
      <div class="list-head">
        <h1>Live</h1>
        <input
          type="search"
          aria-label="Filter requests"
          placeholder="Filter: denied -GetAuthorizationToken"
          value={filter.value}
          onInput={(event) => (filter.value = event.currentTarget.value)}
        />
        <button type="button" aria-pressed={paused.value} onClick={resume}>
          {paused.value ? `Resume (${waiting.value} new)` : "Pause"}
        </button>
        <button
          type="button"
          onClick={() => {
            store.current.clear();
            drawn.value += 1;
          }}
        >
          Clear
        </button>
        <span class="soft">{count(store.current.size(), "request")}</span>
      </div>
      {failure.value !== "" && <Failure message={failure.value} />}
      {shown.length === 0 && failure.value === "" ? (
        <Empty>
          <p>{filter.value === "" ? "No request yet. Each one appears here as it is answered." : "No request matches the filter."}</p>
        </Empty>
      ) : (
        <VirtualList
          id="live"
          label="Requests, newest first"
          items={shown}
          rowHeight={isWide.value ? 32 : 56}
          keyOf={(item) => item.key}
          chosen={chosen.value}
          choose={(item) => (chosen.value = item.key)}
          activate={activate}
          row={(item) => <LineView shown={item} />}
          rowClass={(item) => (item.inside ? "inside" : "")}
        />
      )}
      {detail.value && <RequestDrawer line={detail.value} close={() => (detail.value = undefined)} />}
    </div>
  );
}
