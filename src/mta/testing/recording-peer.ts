/** Another mail host in a test's world: takes all, and remembers what it was told and given, octet for octet. */

import { concatBytes } from "../../base/bytes.ts";
import type { Extension } from "../../smtp/extension-names.ts";
import { RecordingHandler, Recording } from "../../smtp/testing/recording-handler.ts";
import type { ServeOptions } from "../../smtp/serve-options.ts";
import type { World } from "./world.ts";

export type Taken = {
  readonly to: readonly string[];
  readonly params: object;
  readonly octets: Uint8Array;
  readonly isSecure: boolean;
};

export class RecordingPeer {
  readonly #recording: Recording = new Recording();

  /** `name` is its domain too. */
  constructor(
    world: World,
    name: string,
    address: string,
    extensions: readonly Extension[],
    options: Partial<ServeOptions> = {},
  ) {
    world.addPeer(name, address, (session) => new RecordingHandler(session, this.#recording), {
      extensions,
      ...options,
    });
  }

  get taken(): readonly Taken[] {
    return this.#recording.messages.map(({ to, mail, content, session }) => ({
      to,
      params: mail,
      octets: concatBytes([content]),
      isSecure: session.tls !== undefined,
    }));
  }
}
