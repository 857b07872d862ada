/** A POP3 handler over messages in memory, for tests of the engine: what `access/pop3` does, without a store. */

import { encodeLatin1 } from "../../base/bytes.ts";
import { MailError } from "../../base/errors.ts";
import type { Channel } from "../../base/channel.ts";
import { loginWithPassword } from "../../sasl/login-attempt.ts";
import type { Outcome } from "../../sasl/server-exchange.ts";
import type { SaslServerDeps } from "../../sasl/server-deps.ts";
import { advertisedMechanisms, serverMechanism } from "../../sasl/server-mechanism.ts";
import type { ServerMechanism } from "../../sasl/mechanism.ts";
import type { Maildrop, OpenRefusal, Pop3Handler } from "../handler.ts";

export class MemoryMaildrop implements Maildrop {
  readonly messages: (Uint8Array | undefined)[];
  /** What QUIT asked for. */
  updates: { deleted: readonly number[]; retrieved: readonly number[] }[] = [];
  releases = 0;
  /** Makes `update` fail. */
  failure: MailError | undefined;
  /** How many octets `read` gives at most. */
  readonly #readLimit: number;

  constructor(messages: readonly (string | Uint8Array)[], readLimit: number = Number.MAX_VALUE) {
    this.messages = messages.map((text) => (typeof text === "string" ? encodeLatin1(text) : text));
    this.#readLimit = readLimit;
  }

  get count(): number {
    return this.messages.length;
  }

  sizeOctets(index: number): number {
    return this.messages[index]?.length ?? 0;
  }

  uniqueId(index: number): string {
    return `17.${index + 101}`;
  }

  async read(index: number, start: number, end: number): Promise<Uint8Array> {
    const message = this.messages[index];
    if (message === undefined) throw new MailError("not-found", "expunged");
    return message.subarray(start, Math.min(end, start + this.#readLimit));
  }

  async update(deleted: readonly number[], retrieved: readonly number[]): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.updates.push({ deleted, retrieved });
  }

  async release(): Promise<void> {
    this.releases++;
  }
}

export class MemoryHandler implements Pop3Handler {
  readonly apop: Pop3Handler["apop"];
  /** What `open` answers with. */
  opens: Maildrop | OpenRefusal;
  readonly #deps: SaslServerDeps;
  readonly #channel: Pick<Channel, "tls">;

  constructor(
    deps: SaslServerDeps,
    channel: Pick<Channel, "tls">,
    opens: Maildrop | OpenRefusal,
    apop?: Pop3Handler["apop"],
  ) {
    this.#deps = deps;
    this.#channel = channel;
    this.opens = opens;
    this.apop = apop;
  }

  mechanisms(): readonly string[] {
    return advertisedMechanisms(this.#deps, { tls: this.#channel.tls !== undefined });
  }

  startMechanism(name: string): ServerMechanism | undefined {
    return serverMechanism(name, this.#deps);
  }

  login(name: string, password: string): Promise<Outcome> {
    return loginWithPassword(this.#deps, { name }, password);
  }

  async open(): Promise<Maildrop | OpenRefusal> {
    return this.opens;
  }
}
