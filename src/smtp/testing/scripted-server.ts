/**
 * A server that answers by rote, for tests of the client: what it says to each command is written
 * in the test, right or wrong. After 354 it takes content up to CRLF.CRLF; after BDAT, by count.
 */

import { concatBytes, decodeUtf8, encodeUtf8 } from "../../base/bytes.ts";
import type { Channel } from "../../base/channel.ts";
import { DataDecoder } from "../data-decoder.ts";

/** The answer to a command (CRLF added); undefined closes the connection, null says nothing. Several lines are several replies. */
export type Answer = (command: string, count: number) => string | undefined | null;

/** Longer than any client waits. */
const PATIENCE_MS = 86_400_000;

export class ScriptedServer {
  /** Commands in order, content left out. */
  readonly commands: string[] = [];
  /** Content of each message, dots removed; of each BDAT as it came. */
  readonly contents: string[] = [];
  /** Everything that came, as it came. */
  wire: Uint8Array = new Uint8Array(0);
  /** Commands that came in one piece with the one before. */
  readonly groups: number[] = [];
  readonly #channel: Channel;
  #buffer: Uint8Array = new Uint8Array(0);

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Plays until the client is gone or the answer is undefined. */
  async play(banner: string | undefined, answer: Answer): Promise<void> {
    try {
      if (banner !== undefined) await this.#say(banner);
      for (let count = 0; ; count++) {
        const line = await this.#line();
        if (line === undefined) return;
        this.commands.push(line);
        const chunk = /^BDAT (\d+)/.exec(line);
        if (chunk !== null) this.contents.push(decodeUtf8(await this.#exactly(Number(chunk[1]))));
        const said = answer(line, count);
        if (said === undefined) return await this.#channel.close();
        await this.#say(said);
        if (line === "STARTTLS" && said?.startsWith("220")) {
          this.#buffer = new Uint8Array(0);
          await this.#channel.startTls();
        }
        if (line === "DATA" && /^354/m.test(said ?? "")) await this.#content(answer, count);
      }
    } catch {
      // The client is gone.
    }
  }

  async #content(answer: Answer, count: number): Promise<void> {
    const decoder = new DataDecoder();
    const pieces: Uint8Array[] = [];
    while (!decoder.isDone) {
      if (this.#buffer.length === 0 && !(await this.#more())) return;
      this.#buffer = this.#buffer.subarray(decoder.decode(this.#buffer, 0, pieces));
    }
    this.contents.push(decodeUtf8(concatBytes(pieces.length === 0 ? [this.#buffer] : pieces)));
    const said = answer(".", count);
    if (said === undefined) return this.#channel.close();
    await this.#say(said);
  }

  async #say(text: string | null): Promise<void> {
    if (text === null) return;
    await this.#channel.write(encodeUtf8(`${text.replaceAll("\n", "\r\n")}\r\n`));
  }

  async #more(): Promise<boolean> {
    const octets = await this.#channel.read(PATIENCE_MS);
    if (octets === undefined) return false;
    this.groups.push(decodeUtf8(octets).split("\r\n").length - 1);
    this.wire = concatBytes([this.wire, octets]);
    this.#buffer = concatBytes([this.#buffer, octets]);
    return true;
  }

  async #line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf(10);
      if (end !== -1) {
        const line = decodeUtf8(this.#buffer, 0, end).replace(/\r$/, "");
        this.#buffer = this.#buffer.subarray(end + 1);
        return line;
      }
      if (!(await this.#more())) return undefined;
    }
  }

  async #exactly(octets: number): Promise<Uint8Array> {
    while (this.#buffer.length < octets && (await this.#more()));
    const result = this.#buffer.subarray(0, octets);
    this.#buffer = this.#buffer.subarray(octets);
    return result;
  }
}
