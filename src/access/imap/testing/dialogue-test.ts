/**
 * A dialogue that is held twice: with commands in whole packets, and cut into single octets both
 * ways (a server must not care where packets end). Each time in fresh accounts.
 */

import { test } from "node:test";
import type { ImapOptions } from "../../../imap/serve-options.ts";
import type { ImapDialogue } from "./imap-dialogue.ts";
import type { ImapWorld } from "./imap-world.ts";

export type Login = (address: string, options?: Partial<ImapOptions>) => Promise<ImapDialogue>;

export function dialogueTest(
  name: string,
  world: () => ImapWorld,
  run: (login: Login) => Promise<void>,
): void {
  for (const chunkOctets of [undefined, 1]) {
    const how = chunkOctets === undefined ? "" : " (octet by octet)";
    test(name + how, () =>
      run((address, options) =>
        world().login(address, options, chunkOctets === undefined ? {} : { chunkOctets }),
      ),
    );
  }
}
