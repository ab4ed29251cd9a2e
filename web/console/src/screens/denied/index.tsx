// Screen 1: why a call was denied. Left the denials, right the reason of one of them.
import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { epoch, get, messageOf } from "../../core/api.js";
import { matcher } from "../../core/filter.js";
import { isWide } from "../../core/media.js";
import { go, route, to } from "../../core/route.js";
import { follow } from "../../core/stream.js";
import { repositoryOf, shortArn } from "../../core/text.js";
import { clockTime } from "../../core/time.js";
import type { Decision, DecisionPage } from "../../core/types.js";
import { Empty, Failure } from "../../parts/state.js";
import { Text } from "../../parts/text.js";
import { VirtualList } from "../../parts/virtual_list.js";
import { viaOf } from "./via.js";
import { Why } from "./why.js";

const ROW_HEIGHT = 62;
const MOST_DENIALS = 2000;
const PAGE = 100;

function searched(denial: Decision): string {
  return [denial.principal, denial.action, denial.resource, viaOf(denial), denial.requestId].join(" ");
}

function Row({ denial }: { denial: Decision }) {
  return (
    <span class="denial">
      <span class="denial-action">
        <Text>{denial.action}</Text>
      </span>
      <time dateTime={denial.time}>{clockTime(denial.time)}</time>
      <span class="denial-who">
        <Text>{shortArn(denial.principal)}</Text>
        <span class="soft"> on </span>
        <Text>{repositoryOf(denial.resource)}</Text>
      </span>
      <span class="tag">{viaOf(denial)}</span>
    </span>
  );
}

export function Denied() {
  const denials = useSignal<readonly Decision[]>([]);
  const older = useSignal<string | undefined>(undefined);
  const failure = useSignal("");
  const ready = useSignal(false);
  const filter = useSignal("");
  const chosen = route.value.rest[0];

  useSignalEffect(() => {
    epoch.value;
    const stop = new AbortController();
    failure.value = "";
    const begin = async (): Promise<void> => {
      try {
        const page = await get<DecisionPage>("decisions", { decision: "Denied", limit: PAGE }, stop.signal);
        denials.value = page.decisions;
        older.value = page.nextToken;
        ready.value = true;
        const newest = page.decisions[0]?.sequence ?? 0;
        await follow<Decision>("decisions", { decision: "Denied" }, newest, stop.signal, (entries) => {
          denials.value = [...entries.reverse(), ...denials.value].slice(0, MOST_DENIALS);
        });
      } catch (error) {
        if (!stop.signal.aborted) failure.value = messageOf(error);
      }
    };
    void begin();
    return () => stop.abort();
  });

  const loadOlder = async (): Promise<void> => {
    const token = older.value;
    if (token === undefined) return;
    older.value = undefined;
    try {
      const page = await get<DecisionPage>("decisions", { decision: "Denied", limit: PAGE, nextToken: token });
      const known = new Set(denials.value.map((one) => one.sequence));
      denials.value = [...denials.value, ...page.decisions.filter((one) => !known.has(one.sequence))];
      older.value = page.nextToken;
    } catch (error) {
      failure.value = messageOf(error);
    }
  };

  const shown = useMemo(() => {
    const matches = matcher(filter.value);
    return denials.value.filter((denial) => matches(searched(denial)));
  }, [denials.value, filter.value]);

  // On a wide screen the newest denial is what the reader came for. It stays while newer ones arrive:
  // what somebody reads must not change under their eyes.
  const first = useRef<string | undefined>(undefined);
  if (!shown.some((denial) => denial.requestId === first.current)) first.current = shown[0]?.requestId;
  const open = chosen ?? (isWide.value ? first.current : undefined);
  useEffect(() => {
    document.title = chosen ? "Why denied – ECR Local" : "Denied – ECR Local";
  }, [chosen]);

  return (
    <div class={"two-columns" + (chosen ? " detail-open" : "")}>
      <section class="column list-column" aria-label="Denials">
        <div class="list-head">
          <h1>Why denied</h1>
          <input
            type="search"
            aria-label="Filter denials"
            placeholder="Filter: jane -pull"
            value={filter.value}
            onInput={(event) => (filter.value = event.currentTarget.value)}
          />
        </div>
        {failure.value !== "" && <Failure message={failure.value} />}
        {ready.value && denials.value.length === 0 ? (
          <Empty>
            <p>
              <strong>Nothing was denied.</strong> A call that is refused appears here at once, with the policy that
              decided.
            </p>
          </Empty>
        ) : (
          <VirtualList
            id="denial"
            label="Denials, newest first"
            items={shown}
            rowHeight={ROW_HEIGHT}
            keyOf={(denial) => `${denial.requestId}/${denial.sequence}`}
            chosen={shownKey(shown, open)}
            choose={(denial) => go("denied", denial.requestId)}
            row={(denial) => <Row denial={denial} />}
            atEnd={() => void loadOlder()}
          />
        )}
        {denials.value.length > 0 && shown.length === 0 && <p class="note">No denial matches the filter.</p>}
      </section>
      <section class="column detail-column" aria-label="Reason">
        {open === undefined ? (
          <p class="note">Choose a denial.</p>
        ) : (
          <>
            {chosen && (
              <a class="back" href={to("denied")}>
                ← All denials
              </a>
            )}
            <Why key={open} requestId={open} />
          </>
        )}
      </section>
    </div>
  );
}

function shownKey(shown: readonly Decision[], requestId: string | undefined): string | undefined {
  const found = shown.find((denial) => denial.requestId === requestId);
  return found && `${found.requestId}/${found.sequence}`;
}
