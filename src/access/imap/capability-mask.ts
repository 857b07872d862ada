/**
 * Capabilities hidden from accounts or programs that break on them: each mask names some, and whom it
 * is for by patterns of the account's address and of the name the program gives with ID.
 */

import { fitsPattern } from "../../base/star-pattern.ts";

export type CapabilityMask = {
  /** As CAPABILITY names them. */
  readonly capabilities: readonly string[];
  /** `*` stands for any characters. */
  readonly account: string;
  readonly client: string;
};

export type MaskedClient = {
  /** "" before login. */
  readonly address: string;
  /** "" until ID has been given. */
  readonly clientName: string;
};

/** The names to leave out, in upper case as well. */
export function hiddenFrom(
  masks: readonly CapabilityMask[],
  client: MaskedClient,
): ReadonlySet<string> {
  const hidden = new Set<string>();
  for (const mask of masks) {
    if (!fitsPattern(mask.account, client.address) || !fitsPattern(mask.client, client.clientName))
      continue;
    for (const name of mask.capabilities) hidden.add(name).add(name.toUpperCase());
  }
  return hidden;
}
