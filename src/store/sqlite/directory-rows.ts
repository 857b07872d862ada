/** Rows of the directory, and what they mean. */

import type { Account, Alias, Domain, List } from "../directory.ts";

export const DOMAIN: string = `id, name, catch_all AS catchAll, follows, quota_octets AS quotaOctets,
  quota_messages AS quotaMessages, created_at_ms AS createdAtMs`;
export const ACCOUNT: string = `account.id, address, display_name AS displayName,
  account.quota_octets AS quotaOctets, account.quota_messages AS quotaMessages,
  is_enabled AS isEnabled, may_relay AS mayRelay,
  account.created_at_ms AS createdAtMs`;
export const ALIAS: string = "alias.id, address, targets";
export const LIST: string =
  "list.id, address, display_name AS displayName, owner, members, posting";

export type DomainRow = {
  id: number;
  name: string;
  catchAll: string | null;
  follows: string | null;
  quotaOctets: number | null;
  quotaMessages: number | null;
  createdAtMs: number;
};
export type AccountRow = {
  id: number;
  address: string;
  displayName: string;
  quotaOctets: number | null;
  quotaMessages: number | null;
  isEnabled: number;
  mayRelay: number;
  createdAtMs: number;
};
export type AliasRow = { id: number; address: string; targets: string };
export type ListRow = {
  id: number;
  address: string;
  displayName: string;
  owner: string;
  members: string;
  posting: List["posting"];
};

export function domainOf(row: DomainRow): Domain {
  const { follows, ...rest } = row;
  const domain = {
    ...rest,
    catchAll: row.catchAll ?? undefined,
    quotaOctets: row.quotaOctets ?? undefined,
    quotaMessages: row.quotaMessages ?? undefined,
  };
  return follows === null ? domain : { ...domain, follows };
}

export function accountOf(row: AccountRow): Account {
  return {
    ...row,
    quotaOctets: row.quotaOctets ?? undefined,
    quotaMessages: row.quotaMessages ?? undefined,
    isEnabled: row.isEnabled !== 0,
    mayRelay: row.mayRelay !== 0,
  };
}

export function aliasOf(row: AliasRow): Alias {
  return { ...row, targets: JSON.parse(row.targets) as string[] };
}

export function listOf(row: ListRow): List {
  return { ...row, members: JSON.parse(row.members) as string[] };
}
