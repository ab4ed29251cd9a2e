// Screen 6: the clock, what lifecycle rules will do, and what a test suite does to a server.
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { get, messageOf, post } from "../../core/api.js";
import { useLoad } from "../../core/load.js";
import { route } from "../../core/route.js";
import { duration, fullTime } from "../../core/time.js";
import { Failure, Loading } from "../../parts/state.js";
import { Text } from "../../parts/text.js";
import { Lifecycle } from "./lifecycle.js";
import { Server } from "./server.js";

export interface Clock {
  frozen: boolean;
  machine: string;
  now: string;
  offsetSeconds: number;
}

const DAY_SECONDS = 86400;
const MOST_DAYS = 365;

export function Time() {
  const loaded = useLoad("clock", (signal) => get<Clock>("clock", {}, signal));
  const days = useSignal(0);
  const failure = useSignal("");
  useEffect(() => {
    document.title = "Time – ECR Local";
  }, []);
  const set = async (change: unknown): Promise<void> => {
    try {
      await post("clock", change);
      failure.value = "";
      days.value = 0;
    } catch (error) {
      failure.value = messageOf(error);
    }
    loaded.reload();
  };
  const clock = loaded.value;
  const then = clock && new Date(Date.parse(clock.now) + days.value * DAY_SECONDS * 1000).toISOString().replace(/\.\d+/, "");
  return (
    <div class="page">
      <h1>Time and lifecycle</h1>
      {loaded.error !== undefined && <Failure message={loaded.error} retry={loaded.reload} />}
      {!clock && loaded.loading && <Loading what="the clock" />}
      {clock && then && (
        <>
          <section aria-label="Clock">
            <p>
              Clients see <strong>{fullTime(clock.now)}</strong>
              {clock.frozen && <span class="tag">frozen</span>}
              {clock.offsetSeconds !== 0 && <span class="soft"> ({duration(clock.offsetSeconds)} ahead of the machine)</span>}
            </p>
            <label class="field">
              <span>
                Look ahead: {days.value} days, {fullTime(then)}
              </span>
              <input
                type="range"
                min={0}
                max={MOST_DAYS}
                value={days.value}
                onInput={(event) => (days.value = Number(event.currentTarget.value))}
              />
            </label>
            <div class="buttons">
              <button type="button" class="primary" disabled={days.value === 0} onClick={() => set({ advance: days.value * DAY_SECONDS })}>
                Move the clock there
              </button>
              <button type="button" onClick={() => set({ freeze: !clock.frozen })}>
                {clock.frozen ? "Let it run" : "Freeze"}
              </button>
              <button type="button" onClick={() => set({ reset: true })}>
                Back to the machine's time
              </button>
            </div>
            {failure.value !== "" && (
              <p class="failure" role="alert">
                <Text>{failure.value}</Text>
              </p>
            )}
          </section>
          <Lifecycle arn={route.value.rest[0] ?? ""} now={clock.now} then={then} days={days.value} />
          <Server changed={loaded.reload} />
        </>
      )}
    </div>
  );
}
