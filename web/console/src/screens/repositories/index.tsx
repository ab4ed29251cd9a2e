// Screen 3: repositories by namespace, their tags, and an image in full.
import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { epoch, messageOf } from "../../core/api.js";
import { matcher } from "../../core/filter.js";
import { repositories, type Repository } from "../../core/identities.js";
import { go, route, to } from "../../core/route.js";
import { count } from "../../core/text.js";
import { treeRows, type TreeRow } from "../../core/tree.js";
import { Empty, Failure } from "../../parts/state.js";
import { Text } from "../../parts/text.js";
import { VirtualList } from "../../parts/virtual_list.js";
import { ImagePage } from "./image.js";
import { RepositoryPage } from "./repository.js";

const PAGE = 1000;
const MOST_REPOSITORIES = 20_000;

function TreeLine({ row }: { row: TreeRow<Repository> }) {
  return (
    <span class="tree-line" style={{ paddingLeft: `${row.depth * 1.1}rem` }}>
      {row.kind === "namespace" ? (
        <>
          <span aria-hidden="true">{row.open ? "▾" : "▸"}</span>
          <strong>
            <Text>{row.label}</Text>
          </strong>
          <span class="soft tree-count">{count(row.count, "repository", "repositories")}</span>
        </>
      ) : (
        <>
          <span aria-hidden="true">·</span>
          <span>
            <Text>{row.label}</Text>
          </span>
          <span class="soft tree-count">{count(row.item.images, "image")}</span>
        </>
      )}
    </span>
  );
}

export function Repositories() {
  const all = useSignal<readonly Repository[]>([]);
  const loading = useSignal(true);
  const failure = useSignal("");
  const filter = useSignal("");
  const open = useSignal<ReadonlySet<string>>(new Set());
  const cursor = useSignal<string | undefined>(undefined);
  const [arn, digest] = route.value.rest;

  useSignalEffect(() => {
    epoch.value;
    const stop = new AbortController();
    const load = async (): Promise<void> => {
      loading.value = true;
      failure.value = "";
      let found: Repository[] = [];
      let after: string | undefined;
      try {
        do {
          const page = await repositories({ limit: PAGE, ...(after === undefined ? {} : { after }) }, stop.signal);
          found = [...found, ...page.repositories];
          all.value = found;
          after = page.next ?? undefined;
        } while (after !== undefined && found.length < MOST_REPOSITORIES);
      } catch (error) {
        if (!stop.signal.aborted) failure.value = messageOf(error);
      }
      if (!stop.signal.aborted) loading.value = false;
    };
    void load();
    return () => stop.abort();
  });
  useEffect(() => {
    document.title = "Repositories – ECR Local";
  }, []);

  const rows = useMemo((): TreeRow<Repository>[] => {
    if (filter.value === "") return treeRows(all.value, open.value, (one) => one.arn);
    const matches = matcher(filter.value);
    return all.value
      .filter((one) => matches(`${one.name} ${one.account} ${one.region}`))
      .map((item) => ({ kind: "leaf" as const, key: item.arn, label: item.name, depth: 0, item }));
  }, [all.value, filter.value, open.value]);
  const activate = (row: TreeRow<Repository>): void => {
    if (row.kind === "leaf") {
      go("repositories", row.key);
      return;
    }
    const next = new Set(open.value);
    if (!next.delete(row.key)) next.add(row.key);
    open.value = next;
  };
  const repository = all.value.find((one) => one.arn === arn);

  return (
    <div class={"two-columns" + (arn ? " detail-open" : "")}>
      <section class="column list-column" aria-label="Repositories">
        <div class="list-head">
          <h1>Repositories</h1>
          <span class="soft">{count(all.value.length, "repository", "repositories")}</span>
          <input
            type="search"
            aria-label="Filter repositories"
            placeholder="Filter: team -test"
            value={filter.value}
            onInput={(event) => (filter.value = event.currentTarget.value)}
          />
        </div>
        {failure.value !== "" && <Failure message={failure.value} />}
        {!loading.value && all.value.length === 0 && failure.value === "" ? (
          <Empty>
            <p>
              There is no repository yet. <code>aws ecr create-repository</code> makes one.
            </p>
          </Empty>
        ) : (
          <VirtualList
            id="repository"
            label="Repositories by namespace"
            items={rows}
            rowHeight={36}
            keyOf={(row) => row.key}
            chosen={cursor.value ?? arn}
            choose={(row) => (cursor.value = row.key)}
            activate={activate}
            row={(row) => <TreeLine row={row} />}
          />
        )}
      </section>
      <section class="column detail-column" aria-label="Repository">
        {arn === undefined ? (
          <p class="note">Choose a repository.</p>
        ) : digest === undefined ? (
          <>
            <a class="back" href={to("repositories")}>
              ← All repositories
            </a>
            <RepositoryPage key={arn} arn={arn} repository={repository} />
          </>
        ) : (
          <ImagePage key={`${arn}/${digest}`} arn={arn} digest={digest} repository={repository} />
        )}
      </section>
    </div>
  );
}
