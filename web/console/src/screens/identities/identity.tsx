// One user, role or group: its policies, what limits it, and who may become it.
import type { Account, Identity } from "../../core/identities.js";
import { useLoad } from "../../core/load.js";
import { policiesOf } from "../../core/policies.js";
import { to } from "../../core/route.js";
import { trustSentences } from "../../core/trust.js";
import { JsonView } from "../../parts/json_view.js";
import { Failure, Loading } from "../../parts/state.js";
import { Text } from "../../parts/text.js";
import { titleOf } from "../editor/model.js";

export type Kind = "user" | "role" | "group";

function Policies({ identity }: { identity: Identity }) {
  const loaded = useLoad(identity.arn, (signal) => policiesOf(identity.arn, signal));
  if (loaded.error !== undefined) return <Failure message={loaded.error} retry={loaded.reload} />;
  if (!loaded.value) return <Loading what="its policies" />;
  const policies = loaded.value.filter((policy) => policy.kind !== "trust");
  return (
    <>
      {policies.length === 0 && <p class="note">None: only policies of others can allow it anything.</p>}
      {policies.map((policy) => (
        <details class="document">
          <summary>
            <Text>{titleOf(policy)}</Text>
          </summary>
          <JsonView value={policy.document} label={titleOf(policy)} />
          <a href={to("editor", policy.kind === "managed" ? policy.target : identity.arn, policy.kind, policy.name ?? policy.target)}>
            Edit
          </a>
        </details>
      ))}
    </>
  );
}

function Organization({ account }: { account: Account }) {
  const scps = account.scps ?? [];
  if (scps.length === 0) return <p class="note">The account is in no organization with service control policies.</p>;
  return (
    <ol class="levels">
      {scps.map((scp) => (
        <li>
          <span class="tag">
            <Text>{String(scp.level)}</Text>
          </span>{" "}
          {scp.document ? (
            <details class="document">
              <summary>
                <Text>{scp.name}</Text>
              </summary>
              <JsonView value={scp.document} label={`Service control policy ${scp.name}`} />
            </details>
          ) : (
            <Text>{scp.name}</Text>
          )}
        </li>
      ))}
    </ol>
  );
}

export function IdentityPage({ kind, identity, account }: { kind: Kind; identity: Identity; account: Account }) {
  const attached = identity.attachedPolicies ?? [];
  return (
    <article class="why">
      <h2>
        <Text>{identity.name}</Text> <span class="tag">{kind}</span>
      </h2>
      <dl class="pairs">
        <dt>ARN</dt>
        <dd>
          <Text>{identity.arn}</Text>
        </dd>
        {(identity.groups?.length ?? 0) > 0 && (
          <>
            <dt>Groups</dt>
            <dd>
              <Text>{identity.groups?.join(", ")}</Text>
            </dd>
          </>
        )}
        {attached.length > 0 && (
          <>
            <dt>Attached</dt>
            <dd>
              <Text>{attached.map((arn) => arn.replace(/^.*\//, "")).join(", ")}</Text>
            </dd>
          </>
        )}
        <dt>Boundary</dt>
        <dd>
          <Text>{identity.boundary ?? "none"}</Text>
        </dd>
      </dl>
      {kind === "role" && (
        <section aria-label="Trust">
          <h3>Who may become it</h3>
          <ul>
            {trustSentences(identity.trustPolicy).map((sentence) => (
              <li>
                It <Text>{sentence}</Text>.
              </li>
            ))}
          </ul>
          {identity.trustPolicy && (
            <details class="document">
              <summary>Trust policy</summary>
              <JsonView value={identity.trustPolicy} label="Trust policy" />
              <a href={to("editor", identity.arn, "trust", identity.arn)}>Edit</a>
            </details>
          )}
        </section>
      )}
      <section aria-label="Policies">
        <h3>Its policies</h3>
        <Policies identity={identity} />
        <p>
          <a href={to("editor", identity.arn)}>Open in the policy editor</a>
        </p>
      </section>
      <section aria-label="Organization">
        <h3>Service control policies on the way</h3>
        <Organization account={account} />
      </section>
    </article>
  );
}
