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
  attachedPolicies?: NamedPolicy[];
  boundary?: string | { arn: string } | null;
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
  next?: string;
}

export async function accounts(signal?: AbortSignal): Promise<Account[]> {
  return (await get<{ accounts: Account[] }>("identities", {}, signal)).accounts;
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
