// Screen 5: who there is, and who can do what.
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { matcher } from "../../core/filter.js";
import { accounts, type Account, type Identity } from "../../core/identities.js";
import { useLoad } from "../../core/load.js";
import { go, route, to } from "../../core/route.js";
import { count } from "../../core/text.js";
import { Empty, Failure, Loading } from "../../parts/state.js";
import { Text } from "../../parts/text.js";
import { VirtualList } from "../../parts/virtual_list.js";
import { IdentityPage, type Kind } from "./identity.js";
import { WhoCanPage } from "./who_can_page.js";

interface Row {
  readonly kind: Kind;
  readonly identity: Identity;
  readonly account: Account;
}

export function rowsOf(all: readonly Account[]): Row[] {
  return all.flatMap((account) => [
    ...(account.users ?? []).map((identity): Row => ({ kind: "user", identity, account })),
    ...(account.roles ?? []).map((identity): Row => ({ kind: "role", identity, account })),
    ...(account.groups ?? []).map((identity): Row => ({ kind: "group", identity, account })),
  ]);
}

function RowView({ row }: { row: Row }) {
  return (
    <span class="denial">
      <span class="denial-action">
        <Text>{row.identity.name}</Text>
      </span>
      <span class="tag">{row.kind}</span>
      <span class="denial-who soft">
        <Text>{row.account.id}</Text>
      </span>
    </span>
  );
}

export function Identities() {
  const filter = useSignal("");
  const [first, action, resource] = route.value.rest;
  const asks = first === "who-can";
  const chosen = asks ? undefined : first;
  const loaded = useLoad("identities", accounts);
  const all = useMemo(() => rowsOf(loaded.value ?? []), [loaded.value]);
  const rows = useMemo(() => {
    const matches = matcher(filter.value);
    return all.filter((row) => matches(`${row.kind} ${row.identity.arn}`));
  }, [all, filter.value]);
  const open = all.find((row) => row.identity.arn === chosen);
  useEffect(() => {
    document.title = "Identities – ECR Local";
  }, []);

  return (
    <div class={"two-columns" + (first ? " detail-open" : "")}>
      <section class="column list-column" aria-label="Identities">
        <div class="list-head">
          <h1>Identities</h1>
          <a class="button" href={to("identities", "who-can")} aria-current={asks ? "page" : undefined}>
            Who can …
          </a>
          <input
            type="search"
            aria-label="Filter identities"
            placeholder="Filter: role -test"
            value={filter.value}
            onInput={(event) => (filter.value = event.currentTarget.value)}
          />
        </div>
        {loaded.error !== undefined && <Failure message={loaded.error} retry={loaded.reload} />}
        {!loaded.value && loaded.loading && <Loading what="identities" />}
        {loaded.value && all.length === 0 ? (
          <Empty>
            <p>
              There are no users and roles: every account has its root user alone. <code>aws iam create-user</code> or a
              seed file makes more.
            </p>
          </Empty>
        ) : (
          <VirtualList
            id="identity"
            label={`Users, roles and groups: ${count(rows.length, "line")}`}
            items={rows}
            rowHeight={62}
            keyOf={(row) => row.identity.arn}
            chosen={chosen}
            choose={(row) => go("identities", row.identity.arn)}
            row={(row) => <RowView row={row} />}
          />
        )}
      </section>
      <section class="column detail-column" aria-label="Details">
        {first && (
          <a class="back" href={to("identities")}>
            ← All identities
          </a>
        )}
        {asks ? (
          <WhoCanPage key={`${action}|${resource}`} action={action ?? "ecr:PutImage"} resource={resource ?? ""} />
        ) : open ? (
          <IdentityPage key={open.identity.arn} kind={open.kind} identity={open.identity} account={open.account} />
        ) : chosen !== undefined && loaded.value ? (
          <p class="note">
            There is no user, role or group <Text>{chosen}</Text>.
          </p>
        ) : (
          <p class="note">Choose a user, role or group; or ask who can do something.</p>
        )}
      </section>
    </div>
  );
}
