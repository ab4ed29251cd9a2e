// Who can pull from a repository and push to it, in one table.
import { useLoad } from "../../core/load.js";
import { to } from "../../core/route.js";
import { shortArn } from "../../core/text.js";
import { whoCan, type Able } from "../../core/who_can.js";
import { Failure, Loading } from "../../parts/state.js";
import { Text } from "../../parts/text.js";

const PULL = "ecr:BatchGetImage";
const PUSH = "ecr:PutImage";
const MOST_SHOWN = 100;

function Cell({ able }: { able: Able | undefined }) {
  if (!able) return <td class="soft">–</td>;
  return (
    <td>
      <span class="good-text">{able.verdict === "conditional" ? "if" : "yes"}</span>{" "}
      <span class="soft">
        {able.verdict === "conditional" ? <Text>{(able.conditions ?? []).join(", ")}</Text> : <Text>{able.policy ?? able.decidedBy}</Text>}
      </span>
    </td>
  );
}

export function WhoMay({ arn }: { arn: string }) {
  const loaded = useLoad(arn, async (signal) => {
    const [pull, push] = await Promise.all([whoCan(PULL, arn, signal), whoCan(PUSH, arn, signal)]);
    return { pull: pull.principals, push: push.principals };
  });
  if (loaded.error !== undefined) return <Failure message={loaded.error} retry={loaded.reload} />;
  if (!loaded.value) return <Loading what="who can" />;
  const { pull, push } = loaded.value;
  const names = [...new Set([...pull, ...push].map((one) => one.principal))];
  return (
    <>
      <table>
        <thead>
          <tr>
            <th scope="col">Principal</th>
            <th scope="col">Pull</th>
            <th scope="col">Push</th>
          </tr>
        </thead>
        <tbody>
          {names.slice(0, MOST_SHOWN).map((name) => (
            <tr>
              <th scope="row">
                <a href={to("identities", name)} title={name}>
                  <Text>{shortArn(name)}</Text>
                </a>
              </th>
              <Cell able={pull.find((one) => one.principal === name)} />
              <Cell able={push.find((one) => one.principal === name)} />
            </tr>
          ))}
        </tbody>
      </table>
      {names.length > MOST_SHOWN && (
        <p class="soft">
          The first {MOST_SHOWN} of {names.length}.
        </p>
      )}
      <p>
        <a href={to("identities", "who-can", PULL, arn)}>Ask about another action</a>
      </p>
    </>
  );
}
