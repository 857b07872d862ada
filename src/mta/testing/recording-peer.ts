/** Another mail host in a test's world: takes all, and remembers what it was told and given, octet for octet. */

import { concatBytes } from "../../base/bytes.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import type { Extension } from "../../smtp/extension-names.ts";
import type { SmtpHandler, SmtpSession } from "../../smtp/handler.ts";
import { serveSmtp } from "../../smtp/serve.ts";
import { RecordingHandler, Recording } from "../../smtp/testing/recording-handler.ts";
import type { ServeOptions } from "../../smtp/serve-options.ts";
import type { Listener, World } from "./world.ts";

export type Taken = {
  readonly to: readonly string[];
  readonly params: object;
  readonly octets: Uint8Array;
  readonly isSecure: boolean;
};

export class RecordingPeer {
  /** The same, for another place in the world. */
  readonly listener: Listener;
  readonly #recording: Recording = new Recording();

  /** `name` is its domain too. */
  constructor(
    world: World,
    name: string,
    address: string,
    extensions: readonly Extension[],
    options: Partial<ServeOptions> = {},
  ) {
    const makeHandler = (session: SmtpSession): SmtpHandler =>
      new RecordingHandler(session, this.#recording);
    const served = { extensions, ...options };
    world.addPeer(name, address, makeHandler, served);
    this.listener = (channel) => {
      const random = new SeededRandom(99);
      const { clock } = world;
      void serveSmtp(channel, makeHandler, { hostName: name, clock, random, ...served });
    };
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
