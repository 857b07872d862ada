/**
 * The client's end of a dialogue: sends lines, reads whole responses (with their literals), checks
 * each against the grammar.
 */

import { decodeLatin1, encodeLatin1, encodeUtf8 } from "../../../base/bytes.ts";
import type { Channel } from "../../../base/channel.ts";
import { problemOfResponse } from "./response-syntax.ts";

const NEVER_MS = 3_600_000;

export class ImapDialogue {
  readonly channel: Channel;
  greeting = "";
  #input = "";
  #tag = 0;

  constructor(channel: Channel) {
    this.channel = channel;
  }

  /** Octets as they are, one character each. */
  async send(octets: string): Promise<void> {
    await this.channel.write(encodeLatin1(octets));
  }

  async sendUtf8(text: string): Promise<void> {
    await this.channel.write(encodeUtf8(text));
  }

  /** Sends a command and reads to its tagged answer: all responses, without their CRLF, the tag as `T`. */
  async command(text: string): Promise<string[]> {
    const tag = `A${++this.#tag}`;
    await this.send(`${tag} ${text}\r\n`);
    return this.readTo(tag);
  }

  async readTo(tag: string): Promise<string[]> {
    const responses: string[] = [];
    for (;;) {
      const response = await this.readResponse();
      if (!response.startsWith(`${tag} `)) {
        responses.push(response);
        continue;
      }
      responses.push(`T${response.slice(tag.length)}`);
      return responses;
    }
  }

  /** Like `command`, but the answer must be OK; returns the untagged responses. */
  async ok(text: string): Promise<string[]> {
    const responses = await this.command(text);
    const last = responses.at(-1) ?? "";
    if (!last.startsWith("T OK")) throw new Error(`${text}: ${responses.join(" | ")}`);
    return responses.slice(0, -1);
  }

  /** The tagged answer alone. */
  async answer(text: string): Promise<string> {
    return (await this.command(text)).at(-1) ?? "";
  }

  /** APPEND with a synchronizing literal; returns the tagged answer. */
  async append(head: string, message: string): Promise<string> {
    const tag = `A${++this.#tag}`;
    await this.send(`${tag} APPEND ${head} {${message.length}}\r\n`);
    const first = await this.readResponse();
    if (!first.startsWith("+ ")) return `T${first.slice(tag.length)}`;
    await this.send(`${message}\r\n`);
    return (await this.readTo(tag)).at(-1) ?? "";
  }

  async readResponse(): Promise<string> {
    let response = "";
    for (;;) {
      const line = await this.#readLine();
      response += line;
      const literal = /\{(\d+)\}$/.exec(line);
      if (literal === null) break;
      response += `\r\n${await this.#readOctets(Number(literal[1]))}`;
    }
    const problem = problemOfResponse(response);
    if (problem !== undefined) throw new Error(`bad response syntax (${problem}): ${response}`);
    return response;
  }

  /** Everything until the server closes. */
  async readToEnd(): Promise<string> {
    while (await this.#more());
    const rest = this.#input;
    this.#input = "";
    return rest;
  }

  close(): void {
    this.channel.abort();
  }

  async #readLine(): Promise<string> {
    for (;;) {
      const end = this.#input.indexOf("\r\n");
      if (end !== -1) {
        const line = this.#input.slice(0, end);
        this.#input = this.#input.slice(end + 2);
        return line;
      }
      if (!(await this.#more())) throw new Error(`the server closed after: ${this.#input}`);
    }
  }

  async #readOctets(count: number): Promise<string> {
    while (this.#input.length < count) {
      if (!(await this.#more())) throw new Error("the server closed inside a literal");
    }
    const octets = this.#input.slice(0, count);
    this.#input = this.#input.slice(count);
    return octets;
  }

  async #more(): Promise<boolean> {
    const octets = await this.channel.read(NEVER_MS);
    if (octets === undefined) return false;
    this.#input += decodeLatin1(octets);
    return true;
  }
}
