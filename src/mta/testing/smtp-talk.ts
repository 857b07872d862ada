/** A client that says what a test writes and hears what the server answers, line by line. */

import { decodeUtf8, encodeUtf8 } from "../../base/bytes.ts";
import type { Channel } from "../../base/channel.ts";
import { makeMemoryPipe, type MemoryChannelOptions } from "../../base/testing/memory-channel.ts";
import type { Listener } from "./world.ts";

export class SmtpTalk {
  readonly channel: Channel;
  #text = "";

  private constructor(channel: Channel) {
    this.channel = channel;
  }

  /** Connects and reads the banner. */
  static async begin(listener: Listener, options: MemoryChannelOptions = {}): Promise<SmtpTalk> {
    const { client, server } = makeMemoryPipe(options);
    listener(server);
    const talk = new SmtpTalk(client);
    await talk.reply();
    return talk;
  }

  /** Sends a line and resolves with the reply, its lines joined by `|`. */
  async say(line: string): Promise<string> {
    await this.channel.write(encodeUtf8(`${line}\r\n`));
    return this.reply();
  }

  async reply(): Promise<string> {
    for (;;) {
      const match = /^(?:\d{3}-[^\r\n]*\r\n)*\d{3}(?: [^\r\n]*)?\r\n/.exec(this.#text);
      if (match !== null) {
        this.#text = this.#text.slice(match[0].length);
        return match[0].trimEnd().replaceAll("\r\n", "|");
      }
      const octets = await this.channel.read(1000);
      if (octets === undefined) return `closed after "${this.#text}"`;
      this.#text += decodeUtf8(octets);
    }
  }

  /** A whole transaction; resolves with all replies. `message` has its CRLFs, without the final dot. */
  async send(from: string, to: readonly string[], message: string): Promise<string[]> {
    const replies = [await this.say(`MAIL FROM:${from}`)];
    for (const recipient of to) replies.push(await this.say(`RCPT TO:${recipient}`));
    replies.push(await this.say("DATA"));
    if (!replies.at(-1)?.startsWith("354")) return replies;
    return [...replies, await this.say(`${message}.`)];
  }

  async logIn(name: string, password: string): Promise<string> {
    const response = btoa(`\0${name}\0${password}`);
    return this.say(`AUTH PLAIN ${response}`);
  }
}
