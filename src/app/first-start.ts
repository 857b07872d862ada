/**
 * What a person without any configuration gets: a domain that exists nowhere else, an account with a
 * password, and the words that tell how to use them.
 */

import type { Random } from "../base/random.ts";
import type { Store } from "../store/contract.ts";
import { makePassword } from "./password-maker.ts";

export const FIRST_DOMAIN = "posthorn.test";
export const FIRST_ADDRESS = "you@posthorn.test";

export type FirstAccount = { readonly address: string; readonly password: string };

/** Undefined when somebody has been here before. */
export async function makeFirstAccount(
  store: Store,
  random: Random,
): Promise<FirstAccount | undefined> {
  if (store.directory.domains().length > 0) return undefined;
  await store.directory.addDomain({ name: FIRST_DOMAIN });
  const password = makePassword(random);
  await store.directory.addAccount({
    address: FIRST_ADDRESS,
    password,
    displayName: "You",
  });
  return { address: FIRST_ADDRESS, password };
}
