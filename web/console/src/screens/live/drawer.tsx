// One request in full: its decisions, its events and the record of the call.
import { get } from "../../core/api.js";
import { useLoad } from "../../core/load.js";
import { to } from "../../core/route.js";
import { bytes, milliseconds } from "../../core/text.js";
import { fullTime } from "../../core/time.js";
import type { DecisionPage, JsonObject, RequestLine } from "../../core/types.js";
import { VerdictBadge } from "../../parts/badge.js";
import { Dialog } from "../../parts/dialog.js";
import { JsonView } from "../../parts/json_view.js";
import { Failure, Loading } from "../../parts/state.js";
import { Text } from "../../parts/text.js";
import { Ladder } from "../denied/ladder.js";

interface EventPage {
  events: { sequence: number; kind: "event" | "record"; event: JsonObject }[];
}

function Facts({ line }: { line: RequestLine }) {
  const pairs: [string, string][] = [
    ["Request", `${line.method} ${line.path}`],
    ["Status", String(line.status)],
    ["Time", `${fullTime(line.time)}, ${milliseconds(line.micros)} ms`],
    ["Principal", line.principal ?? "not known"],
    ["Client", line.client],
    ["Received, sent", `${bytes(line.bytesIn)}, ${bytes(line.bytesOut)}`],
    ["Request id", line.requestId],
    ["Error", line.error ?? ""],
  ];
  return (
    <dl class="pairs">
      {pairs
        .filter(([, value]) => value !== "")
        .map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>
              <Text>{value}</Text>
            </dd>
          </>
        ))}
    </dl>
  );
}

export function RequestDrawer({ line, close }: { line: RequestLine; close: () => void }) {
  const loaded = useLoad(line.requestId, async (signal) => {
    const { requestId } = line;
    const [decisions, events] = await Promise.all([
      get<DecisionPage>("decisions", { requestId, trace: true }, signal),
      get<EventPage>("events", { requestId, limit: 20 }, signal),
    ]);
    return { decisions: decisions.decisions, events: events.events };
  });
  const { value } = loaded;
  return (
    <Dialog title={line.action ?? `${line.method} ${line.path}`} drawer close={close}>
      <Facts line={line} />
      {loaded.error !== undefined && <Failure message={loaded.error} retry={loaded.reload} />}
      {!value && loaded.loading && <Loading what="its decisions and events" />}
      {value?.decisions.map((decision) => (
        <section>
          <h3>
            <VerdictBadge decision={decision.decision} short /> <Text>{decision.action}</Text>{" "}
            <a href={to("denied", decision.requestId)}>Why</a>
          </h3>
          <Ladder decision={decision} />
        </section>
      ))}
      {value?.decisions.length === 0 && <p class="soft">No decision is recorded for this request.</p>}
      {value?.events.map((one) => (
        <section>
          <h3>{one.kind === "record" ? "Record of the call" : "Event"}</h3>
          <JsonView value={one.event} label={one.kind === "record" ? "Record of the call" : "Event"} />
        </section>
      ))}
    </Dialog>
  );
}
