// Who and what there is: accounts, their users, roles and groups, and repositories, for choosing.
import { get } from "./api.js";
import type { JsonObject } from "./types.js";

export interface NamedPolicy {
  name: string;
  arn?: string;
  document?: JsonObject | null;
}

export interface Identity {
  name: string;
  arn: string;
  path?: string;
  groups?: string[];
  policies?: NamedPolicy[];
  /** ARNs. */
  attachedPolicies?: string[];
  boundary?: string | null;
  trustPolicy?: JsonObject | null;
}

export interface Account {
  id: string;
  users?: Identity[];
  groups?: Identity[];
  roles?: Identity[];
  managedPolicies?: NamedPolicy[];
  scps?: { level: string | number; name: string; document?: JsonObject | null }[];
  registryPolicies?: { region: string; document: JsonObject | null }[];
  /** The names where its lists go on, by list. */
  next?: Partial<Record<ListName, string>> | null;
}

const LISTS = ["users", "groups", "roles", "managedPolicies"] as const;
type ListName = (typeof LISTS)[number];
const MOST_OF_A_LIST = 10_000;

/** Loads the rest of one list of an account, page after page. */
async function complete(account: Account, kind: ListName, signal?: AbortSignal): Promise<void> {
  let after = account.next?.[kind];
  while (after !== undefined && (account[kind]?.length ?? 0) < MOST_OF_A_LIST) {
    const page: Account | undefined = (
      await get<{ accounts: Account[] }>("identities", { account: account.id, kind, after, limit: 1000 }, signal)
    ).accounts[0];
    const more: unknown[] = page?.[kind] ?? [];
    (account as { [name in ListName]?: unknown[] })[kind] = [...(account[kind] ?? []), ...more];
    after = more.length === 0 ? undefined : page?.next?.[kind];
  }
}

export async function accounts(signal?: AbortSignal): Promise<Account[]> {
  const all = (await get<{ accounts: Account[] }>("identities", {}, signal)).accounts;
  for (const account of all) {
    for (const kind of LISTS) await complete(account, kind, signal);
  }
  return all;
}

export interface Repository {
  name: string;
  arn: string;
  account: string;
  region: string;
  images: number;
  tags: number;
  size: number;
  uri: string;
  mutability: string;
  createdAt: string;
}

export async function repositories(
  parameters: { after?: string; limit?: number; prefix?: string; search?: string },
  signal?: AbortSignal,
): Promise<{ repositories: Repository[]; next?: string }> {
  return get("repositories", parameters, signal);
}
