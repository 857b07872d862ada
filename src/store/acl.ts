/**
 * Access control lists (RFC 4314) as text and sets. An identifier is the address of an account,
 * `@domain` for all accounts of a domain, or `anyone`; with `-` before it, its rights are taken away
 * from what the others give. The owner is in no list: an owner has every right.
 */

import { ALL_RIGHTS, type Right } from "./mailbox-grant.ts";

export const ANYONE = "anyone";

export type AclEntry = { readonly identifier: string; readonly rights: ReadonlySet<Right> };

export type AclChange = {
  readonly identifier: string;
  /** `set` with no rights removes the entry. */
  readonly action: "set" | "add" | "remove";
  readonly rights: ReadonlySet<Right>;
};

/** Entries of one mailbox: each look-up of rights reads a few, a listing all. */
export const MAX_ACL_ENTRIES = 500;

/** RFC 4314 §2.1.1: what the rights of RFC 2086 stand for now. */
const OBSOLETE: ReadonlyMap<string, readonly Right[]> = new Map([
  ["c", ["k", "x"]],
  ["d", ["t", "e"]],
]);

/** Undefined when a letter is no right. */
export function parseRights(text: string): ReadonlySet<Right> | undefined {
  const rights = new Set<Right>();
  for (const letter of text) {
    const right = ALL_RIGHTS.find((known) => known === letter);
    const meant = right === undefined ? OBSOLETE.get(letter) : [right];
    if (meant === undefined) return undefined;
    for (const each of meant) rights.add(each);
  }
  return rights;
}

export function formatRights(rights: ReadonlySet<Right>): string {
  return ALL_RIGHTS.filter((right) => rights.has(right)).join("");
}

/** The rights one identifier after another gives and takes away (RFC 4314 §2). */
export function effectiveRights(entries: readonly AclEntry[]): ReadonlySet<Right> {
  const rights = new Set<Right>();
  for (const entry of entries) {
    if (!isNegative(entry.identifier)) for (const right of entry.rights) rights.add(right);
  }
  for (const entry of entries) {
    if (isNegative(entry.identifier)) for (const right of entry.rights) rights.delete(right);
  }
  return rights;
}

export function isNegative(identifier: string): boolean {
  return identifier.startsWith("-");
}

/** All identifiers that mean this account. */
export function identifiersOf(address: string): readonly string[] {
  const domain = address.slice(address.lastIndexOf("@"));
  const names = [address, domain, ANYONE];
  return [...names, ...names.map((name) => `-${name}`)];
}

/**
 * The one spelling of an identifier; undefined if it cannot be one. A name without a domain is of
 * the owner's.
 */
export function normalizeIdentifier(identifier: string, ownerAddress: string): string | undefined {
  const sign = isNegative(identifier) ? "-" : "";
  const name = identifier.slice(sign.length).toLowerCase();
  if (name === ANYONE) return sign + name;
  if (name === "" || name.length > 320 || /[\x00-\x20\x7f]/.test(name) || !name.isWellFormed()) {
    return undefined;
  }
  const at = name.lastIndexOf("@");
  if (at === name.length - 1) return undefined;
  return sign + (at === -1 ? name + ownerAddress.slice(ownerAddress.lastIndexOf("@")) : name);
}
