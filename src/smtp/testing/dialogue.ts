/**
 * Dialogue scripts: what a client says and a server answers, line by line, as people write it down.
 *
 *     # comment
 *     @ {"serve": {"protocol": "lmtp"}}   settings: see ScriptSettings
 *     S: 220 mx.example.org *       a line the server must say; a final * stands for any rest
 *     C: NOOP                       a line the client says, CRLF added; \r \n \0 \\ \xHH are read
 *     R: no line end                octets as they are, nothing added
 *     T:                            both ends begin TLS
 *     X:                            the server has closed
 *     M: <a@b> to <c@d>: text       the next message that was taken, with escapes
 *     M: none                       no (further) message
 *
 * Lines of the client that follow each other leave in one write (PIPELINING).
 */

import {
  decodeLatin1,
  decodeUtf8,
  encodeLatin1,
  encodeUtf8,
  concatBytes,
} from "../../base/bytes.ts";
import type { MemoryChannelOptions } from "../../base/testing/memory-channel.ts";
import type { Extension } from "../extension-names.ts";
import { reply } from "../reply.ts";
import type { ServeOptions } from "../serve-options.ts";
import { Recording } from "./recording-handler.ts";
import { type ServedInMemory, serveInMemory } from "./serve-in-memory.ts";

type ScriptLine = { readonly kind: string; readonly text: string; readonly number: number };

type ScriptSettings = {
  /** Options of the server, as they are. */
  readonly serve?: Omit<Partial<ServeOptions>, "extensions"> & {
    readonly extensions?: readonly Extension[];
  };
  readonly handler?: Partial<Pick<Recording, "mechanisms" | "hasEtrn" | "hasExpn" | "hasVrfy">> & {
    readonly refusal?: { readonly code: number; readonly text: string };
  };
  readonly implicitTls?: boolean;
  /** The peer may use XCLIENT and XFORWARD. */
  readonly trusted?: boolean;
  readonly tlsAvailable?: boolean;
};

/** What happened, in the script's own notation: equal to the script where all is well. */
export async function runDialogue(
  script: string,
  channel: MemoryChannelOptions = {},
): Promise<{ readonly problems: readonly string[]; readonly output: string }> {
  const lines = parseScript(script);
  const settings = readSettings(lines);
  const served = serveInMemory({
    ...settings,
    channel: { ...channel, implicitTls: settings.implicitTls },
  });
  const player = new Player(served);
  for (let at = 0; at < lines.length; at++) {
    await player.play(lines[at], lines[at + 1]);
  }
  await player.finish();
  return { problems: player.problems, output: player.output };
}

function parseScript(script: string): ScriptLine[] {
  return script
    .split("\n")
    .map((text, index) => ({ text: text.trimStart(), number: index + 1 }))
    .filter(({ text }) => text !== "" && !text.startsWith("#"))
    .map(({ text, number }) =>
      text.startsWith("@")
        ? { kind: "@", text: text.slice(1), number }
        : { kind: text.slice(0, 2), text: text.slice(3), number },
    );
}

function readSettings(lines: readonly ScriptLine[]): {
  options: Partial<ServeOptions>;
  recording: Recording;
  implicitTls: boolean;
} {
  const settings: ScriptSettings = Object.assign(
    {},
    ...lines.filter(({ kind }) => kind === "@").map(({ text }) => JSON.parse(text)),
  );
  const { refusal, ...handler } = settings.handler ?? {};
  const recording = Object.assign(new Recording(), handler);
  if (refusal !== undefined) recording.refusal = reply(refusal.code, undefined, refusal.text);
  return {
    options: {
      ...settings.serve,
      limits: { errorDelayMs: 0, ...settings.serve?.limits },
      ...(settings.trusted ? { trustsXclient: () => true, trustsXforward: () => true } : {}),
      ...(settings.tlsAvailable === false ? { isTlsAvailable: () => false } : {}),
    },
    recording,
    implicitTls: settings.implicitTls ?? false,
  };
}

/** Turns of the microtask queue after which a server that says nothing will not say anything. */
const PATIENCE_TURNS = 5000;

class Player {
  readonly problems: string[] = [];
  output = "";
  readonly #served: ServedInMemory;
  /** One character an octet: a cut may go through a character. */
  #unread = "";
  #toSend: Uint8Array[] = [];
  #isClosed = false;
  #messages = 0;
  #isListening = false;

  constructor(served: ServedInMemory) {
    this.#served = served;
    void served.ended.then(() => {
      this.#isClosed = true;
    });
  }

  async play(line: ScriptLine, next: ScriptLine | undefined): Promise<void> {
    switch (line.kind) {
      case "@":
        return;
      case "C:":
      case "R:":
        this.#toSend.push(unescape(line.text), encodeLatin1(line.kind === "C:" ? "\r\n" : ""));
        if (next?.kind !== "C:" && next?.kind !== "R:") await this.#send(line);
        return;
      case "S:":
        return this.#expect(line);
      case "T:":
        await this.#settle(() => this.#served.server.tls !== undefined);
        await this.#served.client.startTls();
        return;
      case "X:":
        await this.#settle(() => this.#isClosed);
        if (!this.#isClosed) this.#problem(line, "the server has not closed");
        return;
      case "M:":
        return this.#expectMessage(line);
      default:
        this.#problem(line, "a line of no known kind");
    }
  }

  /** Ends the conversation and looks for what nobody expected. */
  async finish(): Promise<void> {
    await this.#settle(() => false, 500);
    if (this.#unread !== "") this.problems.push(`the server said more: ${this.#unread}`);
    this.#served.client.abort();
    await this.#served.ended;
    if (this.#messages < this.#served.recording.messages.length) {
      this.problems.push("there are messages that the script does not mention");
    }
  }

  #problem(line: ScriptLine, what: string): void {
    this.problems.push(`line ${line.number}: ${what}`);
  }

  async #send(line: ScriptLine): Promise<void> {
    const octets = concatBytes(this.#toSend);
    this.#toSend = [];
    try {
      await this.#served.client.write(octets);
    } catch {
      this.#problem(line, "the server has closed already");
    }
  }

  async #expect(line: ScriptLine): Promise<void> {
    await this.#settle(() => this.#unread.includes("\r\n"));
    const end = this.#unread.indexOf("\r\n");
    if (end === -1) return this.#problem(line, `expected "${line.text}", but nothing came`);
    const said = decodeUtf8(encodeLatin1(this.#unread.slice(0, end)));
    this.#unread = this.#unread.slice(end + 2);
    const isExpected = line.text.endsWith("*")
      ? said.startsWith(line.text.slice(0, -1))
      : said === line.text;
    if (!isExpected) this.#problem(line, `expected "${line.text}", heard "${said}"`);
  }

  async #expectMessage(line: ScriptLine): Promise<void> {
    await this.#settle(() => this.#served.recording.messages.length > this.#messages, 500);
    const message = this.#served.recording.messages[this.#messages];
    if (line.text === "none") {
      if (message !== undefined) this.#problem(line, "there is a message");
      return;
    }
    if (message === undefined) return this.#problem(line, "there is no message");
    this.#messages++;
    const to = message.to.map((each) => `<${each}>`).join(" ");
    const is = concatBytes([encodeUtf8(`${message.from} to ${to}: `), message.content]);
    const expected = unescape(line.text);
    if (decodeUtf8(is) !== decodeUtf8(expected)) {
      this.#problem(line, `the message is ${JSON.stringify(decodeUtf8(is))}`);
    }
  }

  /** Lets the server run, and listens, until `isDone` or nothing can happen any more. */
  async #settle(isDone: () => boolean, turns: number = PATIENCE_TURNS): Promise<void> {
    for (let turn = 0; turn < turns; turn++) {
      if (!this.#isListening) void this.#listen();
      if (isDone()) return;
      await Promise.resolve();
    }
  }

  async #listen(): Promise<void> {
    this.#isListening = true;
    const octets = await this.#served.client.read(0).catch(() => undefined);
    // After the last octet there is nothing to listen for.
    if (octets === undefined) return;
    this.#isListening = false;
    this.#unread += decodeLatin1(octets);
    this.output += decodeLatin1(octets);
  }
}

/** `\r \n \0 \\ \xHH`; all else as UTF-8. */
function unescape(text: string): Uint8Array {
  const parts = text.split(/(\\x[0-9a-fA-F]{2}|\\[rn0\\])/).map((part) => {
    if (part.startsWith("\\x")) return Uint8Array.of(Number.parseInt(part.slice(2), 16));
    if (part === "\\r") return encodeLatin1("\r");
    if (part === "\\n") return encodeLatin1("\n");
    if (part === "\\0") return Uint8Array.of(0);
    if (part === "\\\\") return encodeLatin1("\\");
    return encodeUtf8(part);
  });
  return concatBytes(parts);
}
