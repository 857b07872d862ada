/** A POP3 client of twenty lines over a socket, for tests that look at each octet. */

import { connect } from "../../src/net/connect.ts";
import type { Channel } from "../../src/base/channel.ts";
import type { TlsWish } from "../../src/base/channel.ts";

export class Pop3Probe {
  readonly channel: Channel;
  #buffer = Buffer.alloc(0);

  private constructor(channel: Channel) {
    this.channel = channel;
  }

  static async open(port: number, tls?: TlsWish): Promise<Pop3Probe> {
    const channel = await connect({ host: "127.0.0.1", port, timeoutMs: 5_000, tls });
    const probe = new Pop3Probe(channel);
    await probe.line();
    return probe;
  }

  async send(text: string): Promise<void> {
    await this.channel.write(Buffer.from(text, "utf8"));
  }

  /** One line of the server, without its CRLF. */
  async line(): Promise<string> {
    return (await this.#upTo("\r\n")).toString("utf8");
  }

  /** Sends a command, gives the first line of the answer. */
  async ask(command: string): Promise<string> {
    await this.send(`${command}\r\n`);
    return this.line();
  }

  /** Sends a command with a multi-line answer; gives it with the dots undone, or the -ERR line. */
  async askLines(command: string): Promise<Buffer> {
    const first = await this.ask(command);
    if (!first.startsWith("+OK")) return Buffer.from(first);
    // The line before may be the terminator's beginning.
    this.#buffer = Buffer.concat([Buffer.from("\r\n"), this.#buffer]);
    const stuffed = (await this.#upTo("\r\n.\r\n")).subarray(2);
    const text = stuffed.length === 0 ? "" : `${stuffed.toString("latin1")}\r\n`;
    return Buffer.from(text.replace(/(^|\r\n)\.\./g, "$1."), "latin1");
  }

  async login(name: string, password: string): Promise<string> {
    await this.ask(`USER ${name}`);
    return this.ask(`PASS ${password}`);
  }

  async startTls(wish: TlsWish): Promise<void> {
    await this.ask("STLS");
    await this.channel.startTls(wish);
  }

  async close(): Promise<void> {
    await this.channel.close();
  }

  async #upTo(end: string): Promise<Buffer> {
    for (;;) {
      const at = this.#buffer.indexOf(end, 0, "latin1");
      if (at !== -1) {
        const found = this.#buffer.subarray(0, at);
        this.#buffer = this.#buffer.subarray(at + end.length);
        return found;
      }
      const more = await this.channel.read(10_000);
      if (more === undefined) throw new Error("the server hung up");
      this.#buffer = Buffer.concat([this.#buffer, more]);
    }
  }
}
