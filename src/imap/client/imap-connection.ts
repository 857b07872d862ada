/**
 * One connection to an IMAP server: sends a command, takes what comes until its tagged answer.
 * One command at a time; callers queue. Knows framing, tags, literals, capabilities and STARTTLS;
 * the commands themselves are in `imap-client.ts` and `selected-mailbox.ts`.
 */

import type { Channel, TlsWish } from "../../base/channel.ts";
import { concatBytes } from "../../base/bytes.ts";
import { invariant, MailError } from "../../base/errors.ts";
import { encodeCommand, words, type CommandPart, type StreamedLiteral } from "./command.ts";
import { CommandRefused } from "./command-refused.ts";
import { parseResponse } from "./parse-response.ts";
import { DEFAULT_LIMITS, ResponseDecoder, type DecoderLimits } from "./response-decoder.ts";
import { textOf, type DataResponse, type Response, type StatusResponse } from "./response.ts";

export type ConnectionOptions = {
  /** Longest silence of the server while a command runs. Default 60 s. */
  readonly timeoutMs?: number;
  readonly limits?: DecoderLimits;
};

/** How one command takes what the server sends while it runs. */
export type Taker = {
  /** true: the response belongs to this command. Otherwise it is news about the mailbox. */
  readonly data?: (response: DataResponse) => boolean;
  readonly status?: (response: StatusResponse) => void;
  /** The server says `+`: the line to answer with (without CRLF), or undefined for no answer. */
  readonly continuation?: (text: string) => Promise<Uint8Array | undefined>;
  /** Literals over this size are not kept but handed to `piece`. */
  readonly streamOverOctets?: number;
  readonly literal?: (head: string, sizeOctets: number) => void;
  readonly piece?: (octets: Uint8Array) => Promise<void>;
  readonly timeoutMs?: number;
};

const DEFAULT_TIMEOUT_MS = 60_000;
// Untagged responses that cannot be read are skipped, since the framing still holds; so many mean it does not.
const MAX_UNREADABLE = 100;
const LINE_END = Uint8Array.of(13, 10);

export class ImapConnection {
  readonly channel: Channel;
  /** Upper case. Empty until the server has said. */
  capabilities: ReadonlySet<string> = new Set();
  /** Hears untagged data that no running command asked for. */
  onNews: (response: DataResponse) => void = () => {};
  readonly #limits: DecoderLimits;
  readonly #timeoutMs: number;
  #decoder: ResponseDecoder;
  #tagCount = 0;
  #unreadable = 0;
  #tail: Promise<unknown> = Promise.resolve();
  #farewell: string | undefined;

  constructor(channel: Channel, options: ConnectionOptions = {}) {
    this.channel = channel;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#decoder = new ResponseDecoder(this.#limits);
  }

  /** The server's first words. */
  greeting(): Promise<StatusResponse> {
    return this.#exclusively(async () => {
      const response = await this.#nextResponse({});
      if (response.type !== "status" || response.tag !== undefined) {
        throw this.#broken("the server does not greet as an IMAP server does");
      }
      this.#noteCapabilities(response);
      if (response.status === "ok" || response.status === "preauth") return response;
      throw new CommandRefused("the connection", response);
    });
  }

  /** Sends `name` and its arguments; resolves with the tagged OK, rejects with CommandRefused on NO or BAD. */
  run(
    name: string,
    args: readonly (CommandPart | readonly CommandPart[])[] = [],
    taker: Taker = {},
  ): Promise<StatusResponse> {
    return this.#exclusively(() => this.#run(name, words(name, ...args), taker));
  }

  /**
   * STARTTLS. Whatever the server sent before the handshake is forgotten, capabilities too: it came
   * in the clear, and anybody may have written it (security row 15).
   */
  startTls(wish: TlsWish): Promise<void> {
    return this.#exclusively(async () => {
      await this.#run("STARTTLS", ["STARTTLS"], {});
      this.capabilities = new Set();
      this.#decoder = new ResponseDecoder(this.#limits);
      await this.channel.startTls(wish);
    });
  }

  #exclusively<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(action);
    this.#tail = result.catch(() => {});
    return result;
  }

  async #run(name: string, parts: readonly CommandPart[], taker: Taker): Promise<StatusResponse> {
    const tag = `p${++this.#tagCount}`;
    this.#decoder.streamOverOctets = taker.streamOverOctets ?? Number.POSITIVE_INFINITY;
    let ready: Uint8Array[] = [];
    for (const piece of encodeCommand(tag, parts, this.#plainLiteralOctets())) {
      if ("stream" in piece) {
        await this.channel.write(concatBytes(ready));
        ready = [];
        await this.#sendStream(piece.stream);
        continue;
      }
      ready.push(piece.octets);
      if (!piece.waits) continue;
      await this.channel.write(concatBytes(ready));
      ready = [];
      const early = await this.#until(tag, taker, "go-ahead");
      if (early !== undefined) return accepted(name, early);
    }
    await this.channel.write(concatBytes(ready));
    const answer = await this.#until(tag, taker, "answer");
    return accepted(name, answer);
  }

  /** A literal that ends early or late would turn message text into commands: the connection goes first. */
  async #sendStream({ sizeOctets, chunks }: StreamedLiteral): Promise<void> {
    let left = sizeOctets;
    try {
      for await (const chunk of chunks()) {
        left -= chunk.length;
        invariant(left >= 0, "a streamed literal has the size it said");
        await this.channel.write(chunk);
      }
      invariant(left === 0, "a streamed literal has the size it said");
    } catch (error) {
      this.channel.abort();
      throw error;
    }
  }

  /** RFC 7888 */
  #plainLiteralOctets(): number {
    if (this.capabilities.has("LITERAL+")) return Number.POSITIVE_INFINITY;
    return this.capabilities.has("LITERAL-") ? 4096 : -1;
  }

  #until(tag: string, taker: Taker, what: "answer"): Promise<StatusResponse>;
  #until(tag: string, taker: Taker, what: "go-ahead"): Promise<StatusResponse | undefined>;
  async #until(
    tag: string,
    taker: Taker,
    what: "answer" | "go-ahead",
  ): Promise<StatusResponse | undefined> {
    for (;;) {
      const response = await this.#nextResponse(taker);
      if (response.type === "continuation") {
        if (what === "go-ahead") return undefined;
        await this.#answerContinuation(response.text, taker);
      } else if (response.type === "data") {
        if (response.name === "CAPABILITY") this.#setCapabilities(response.values.map(textOf));
        else if (taker.data?.(response) !== true) this.onNews(response);
      } else {
        this.#noteCapabilities(response);
        if (response.tag === tag) return response;
        if (response.tag !== undefined) throw this.#broken("an answer to a command never sent");
        if (response.status === "bye") this.#farewell = response.text;
        else taker.status?.(response);
      }
    }
  }

  async #answerContinuation(text: string, taker: Taker): Promise<void> {
    if (taker.continuation === undefined) throw this.#broken("the server waits for nothing");
    const line = await taker.continuation(text);
    if (line !== undefined) await this.channel.write(concatBytes([line, LINE_END]));
  }

  async #nextResponse(taker: Taker): Promise<Response> {
    for (;;) {
      const event = this.#decoder.next();
      if (event === undefined) {
        await this.#readMore(taker.timeoutMs ?? this.#timeoutMs);
      } else if (event.type === "fault") {
        throw this.#broken(event.problem);
      } else if (event.type === "literal") {
        taker.literal?.(event.head, event.sizeOctets);
      } else if (event.type === "piece") {
        await taker.piece?.(event.octets);
      } else {
        const response = parseResponse(event.octets);
        if (response.ok) return response.value;
        const isUntagged = event.octets[0] === 42; /* * */
        if (!isUntagged || ++this.#unreadable > MAX_UNREADABLE)
          throw this.#broken(response.problem);
      }
    }
  }

  async #readMore(timeoutMs: number): Promise<void> {
    const octets = await this.channel.read(timeoutMs);
    if (octets === undefined) {
      const words = this.#farewell === undefined ? "" : `: ${this.#farewell}`;
      throw new MailError("channel-closed", `the server closed the connection${words}`);
    }
    this.#decoder.push(octets);
  }

  #noteCapabilities(response: StatusResponse): void {
    if (response.code?.name === "CAPABILITY")
      this.#setCapabilities(response.code.values.map(textOf));
  }

  #setCapabilities(names: readonly (string | undefined)[]): void {
    this.capabilities = new Set(names.flatMap((name) => name?.toUpperCase() ?? []));
  }

  #broken(problem: string): MailError {
    this.channel.abort();
    return new MailError("protocol-broken", `the server breaks the IMAP protocol: ${problem}`);
  }
}

function accepted(name: string, answer: StatusResponse): StatusResponse {
  if (answer.status === "ok") return answer;
  throw new CommandRefused(name, answer);
}
