// "Who can": an action and a resource, and every principal that may carry it out, with the reason.
import { useState } from "preact/hooks";
import { repositories } from "../../core/identities.js";
import { useLoad } from "../../core/load.js";
import { go, to } from "../../core/route.js";
import { count, shortArn } from "../../core/text.js";
import { whoCan, type Able } from "../../core/who_can.js";
import { actionsFor } from "../editor/model.js";
import { Failure, Loading } from "../../parts/state.js";
import { Text } from "../../parts/text.js";

const PAGE = 100;

function Row({ able }: { able: Able }) {
  const identity = able.kind === "user" || able.kind === "role";
  return (
    <tr>
      <th scope="row" title={able.principal}>
        {identity ? (
          <a href={to("identities", able.principal)}>
            <Text>{shortArn(able.principal)}</Text>
          </a>
        ) : (
          <Text>{shortArn(able.principal)}</Text>
        )}
        <div class="soft">
          <Text>{able.account}</Text>
        </div>
      </th>
      <td>
        <span class="tag">{able.kind}</span>
      </td>
      <td>
        {able.verdict === "allowed" ? (
          <span class="good-text">✓ always</span>
        ) : (
          <>
            if the request has <Text>{(able.conditions ?? []).join(", ")}</Text>
          </>
        )}
      </td>
      <td>
        <Text>{able.policy || able.decidedBy}</Text>
        {able.statement && (
          <span class="soft">
            , statement {able.statement.index}
            {able.statement.sid && (
              <>
                {" "}
                (<Text>{able.statement.sid}</Text>)
              </>
            )}
          </span>
        )}
      </td>
    </tr>
  );
}

function Answer({ action, resource }: { action: string; resource: string }) {
  const [pages, setPages] = useState(1);
  const loaded = useLoad(`${action}|${resource}`, (signal) => whoCan(action, resource, signal));
  if (loaded.error !== undefined) return <Failure message={loaded.error} retry={loaded.reload} />;
  if (!loaded.value) return <Loading what="the answer" />;
  const { principals, truncated } = loaded.value;
  return (
    <>
      <p role="status">
        <strong>{principals.length === 0 ? "Nobody can." : `${count(principals.length, "principal")} can.`}</strong>
        {truncated && " There are more than the server lists."}
      </p>
      {principals.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Principal</th>
              <th scope="col">Kind</th>
              <th scope="col">When</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {principals.slice(0, pages * PAGE).map((able) => (
              <Row key={able.principal} able={able} />
            ))}
          </tbody>
        </table>
      )}
      {principals.length > pages * PAGE && (
        <button type="button" onClick={() => setPages(pages + 1)}>
          More
        </button>
      )}
    </>
  );
}

export function WhoCanPage(props: { action: string; resource: string }) {
  const [action, setAction] = useState(props.action);
  const [resource, setResource] = useState(props.resource);
  const known = useLoad("who-can-resources", (signal) => repositories({ limit: 100 }, signal));
  const ask = (event: Event): void => {
    event.preventDefault();
    go("identities", "who-can", action.trim(), resource.trim());
  };
  return (
    <article class="why">
      <h2>Who can</h2>
      <form onSubmit={ask}>
        <label class="field">
          <span>Action</span>
          <input required list="who-can-actions" value={action} onInput={(event) => setAction(event.currentTarget.value)} />
        </label>
        <datalist id="who-can-actions">
          {actionsFor("identity").map((one) => (
            <option value={one} />
          ))}
        </datalist>
        <label class="field">
          <span>Resource (ARN)</span>
          <input required list="who-can-resources" value={resource} onInput={(event) => setResource(event.currentTarget.value)} />
        </label>
        <datalist id="who-can-resources">
          {(known.value?.repositories ?? []).map((one) => (
            <option value={one.arn} />
          ))}
        </datalist>
        <div class="buttons">
          <button type="submit" class="primary">
            Ask
          </button>
        </div>
      </form>
      {props.resource !== "" && <Answer action={props.action} resource={props.resource} />}
    </article>
  );
}
