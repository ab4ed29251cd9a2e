// The last calls, judged again as if the text were stored.
import { post } from "../../core/api.js";
import { useLoad } from "../../core/load.js";
import { to } from "../../core/route.js";
import { count, repositoryOf, shortArn } from "../../core/text.js";
import { clockTime } from "../../core/time.js";
import type { Change, Replayed } from "../../core/types.js";
import { isAllowed, VerdictBadge } from "../../parts/badge.js";
import { Failure, Loading } from "../../parts/state.js";
import { Text } from "../../parts/text.js";

const LIMIT = 1000;
const MOST_SHOWN = 100;

function summary(answer: Replayed): string {
  const denied = answer.changed.filter((one) => !isAllowed(one.after.decision)).length;
  const allowed = answer.changed.length - denied;
  const of = `Of the last ${count(answer.replayed, "call")}, `;
  if (answer.changed.length === 0) return of + "none would be decided otherwise.";
  const parts = [
    denied > 0 ? `${denied} would now be denied` : "",
    allowed > 0 ? `${allowed} would now be allowed` : "",
  ];
  return of + parts.filter((part) => part !== "").join(" and ") + ".";
}

export function Replay({ change }: { change: Change | undefined }) {
  const key = change === undefined ? "" : JSON.stringify(change);
  const loaded = useLoad(key, async (signal) =>
    change === undefined ? undefined : post<Replayed>("decisions/replay", { changes: [change], limit: LIMIT }, { signal }),
  );
  if (change === undefined) return null;
  if (loaded.error !== undefined) return <Failure message={loaded.error} retry={loaded.reload} />;
  if (!loaded.value) return <Loading what="the replay" />;
  const { value } = loaded;
  return (
    <>
      <p role="status">
        <strong>{summary(value)}</strong>
        {value.truncated && <span class="soft"> There was no time for more.</span>}
        {value.skipped > 0 && <span class="soft"> {count(value.skipped, "call")} could not be judged again.</span>}
      </p>
      {value.changed.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Calls that would be decided otherwise">
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Who</th>
                <th scope="col">What</th>
                <th scope="col">Would be</th>
              </tr>
            </thead>
            <tbody>
              {value.changed.slice(0, MOST_SHOWN).map((one) => (
                <tr>
                  <td>
                    <a href={to("denied", one.requestId)}>{clockTime(one.time)}</a>
                  </td>
                  <td>
                    <Text>{shortArn(one.principal)}</Text>
                  </td>
                  <td>
                    <Text>{one.action}</Text> <span class="soft">on</span> <Text>{repositoryOf(one.resource)}</Text>
                    {one.after.sentence && (
                      <div class="soft">
                        <Text>{one.after.sentence}</Text>
                      </div>
                    )}
                  </td>
                  <td>
                    <VerdictBadge decision={one.after.decision} short />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {value.changed.length > MOST_SHOWN && (
            <p class="soft">The first {MOST_SHOWN} of {count(value.changed.length, "call")}.</p>
          )}
        </div>
      )}
    </>
  );
}
