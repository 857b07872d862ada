import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "../base/testing/seeded-random.ts";
import { DEFAULT_EXTENSIONS } from "./extension-names.ts";
import type { MailParams } from "./handler.ts";
import { Recording } from "./testing/recording-handler.ts";
import { type ServedInMemory, serveInMemory } from "./testing/serve-in-memory.ts";

/**
 * A small model of what a session may remember, written without a look at the engine: it predicts
 * the first digit of every reply, and exactly which messages are taken, from whom, for whom.
 */
class Model {
  greeted: "no" | "helo" | "ehlo" = "no";
  tls = false;
  identity = false;
  sender: string | undefined;
  recipients: string[] = [];
  refused = 0;
  chunks: string[] | undefined;
  hasFailedChunk = false;
  readonly messages: object[] = [];
  envid: string | undefined;
  wish: Wish | undefined;

  forget(): void {
    this.sender = undefined;
    this.recipients = [];
    this.refused = 0;
    this.chunks = undefined;
    this.hasFailedChunk = false;
    this.envid = undefined;
    this.wish = undefined;
  }

  take(content: string): void {
    this.messages.push({
      from: this.sender ?? "",
      to: this.recipients,
      content,
      envid: this.envid,
      ...NO_WISH,
      ...this.wish?.read,
      isKnown: this.identity,
      isSecure: this.tls,
    });
    this.forget();
  }
}

type Wish = {
  readonly text: string;
  readonly read: Pick<MailParams, "requireTls" | "priority" | "deliverBy">;
};

const NO_WISH: Wish["read"] = { requireTls: undefined, priority: undefined, deliverBy: undefined };

const WISHES: readonly Wish[] = [
  { text: " REQUIRETLS", read: { requireTls: true } },
  { text: " MT-PRIORITY=-3", read: { priority: -3 } },
  { text: " BY=60;RT", read: { deliverBy: { seconds: 60, mode: "return", trace: true } } },
];

type Move = { readonly name: string; readonly send: string; readonly expect: number };

/** One random command, and the first digit that the model expects of its reply. */
function nextMove(model: Model, random: SeededRandom, turn: number): Move {
  const choose = <T>(...items: T[]): T => items[Math.floor(random.float() * items.length)];
  const isOpen = model.sender !== undefined;
  const isChunking = model.chunks !== undefined;
  const isIdle = model.greeted !== "no" && !isOpen && !model.hasFailedChunk;
  switch (
    choose(
      "hello",
      "mail",
      "mail",
      "rcpt",
      "rcpt",
      "rcpt",
      "data",
      "bdat",
      "bdat",
      "rset",
      "noop",
      "tls",
      "auth",
      "junk",
    )
  ) {
    case "hello": {
      const verb = choose<"helo" | "ehlo">("helo", "ehlo", "ehlo");
      if (choose(true, true, false)) {
        model.forget();
        model.greeted = verb;
        return { name: verb, send: `${verb} x\r\n`, expect: 2 };
      }
      return { name: `${verb} bad`, send: `${verb} (x)\r\n`, expect: 5 };
    }
    case "mail": {
      const from = choose(
        `<a${turn}@example.org>`,
        "<>",
        "<relay@example.org>",
        "<defer@x>",
        "<@@>",
      );
      const envid = choose(undefined, `e${turn}`);
      const wish = choose(undefined, ...WISHES);
      const params = `${envid === undefined ? "" : ` ENVID=${envid}`}${wish?.text ?? ""}`;
      const send = `MAIL FROM:${from}${params}\r\n`;
      if (!isIdle || from === "<@@>") return { name: "mail", send, expect: 5 };
      if (params !== "" && model.greeted === "helo") return { name: "mail", send, expect: 5 };
      // RFC 8689 §2: offered under TLS only.
      if (wish?.read.requireTls && !model.tls) return { name: "mail", send, expect: 5 };
      if (from.startsWith("<relay")) return { name: "mail", send, expect: 5 };
      if (from.startsWith("<defer")) return { name: "mail", send, expect: 4 };
      model.sender = from;
      model.envid = envid;
      model.wish = wish;
      return { name: "mail", send, expect: 2 };
    }
    case "rcpt": {
      const to = choose(
        `r${turn}@example.org`,
        "unknown@example.org",
        "defer@example.org",
        "busy-rcpt@x",
      );
      const send = `RCPT TO:<${to}>\r\n`;
      if (!isOpen || isChunking) return { name: "rcpt", send, expect: 5 };
      if (to.startsWith("r")) model.recipients.push(to);
      else model.refused++;
      return { name: "rcpt", send, expect: to.startsWith("r") ? 2 : to.startsWith("unk") ? 5 : 4 };
    }
    case "data":
      if (!isOpen || isChunking || model.recipients.length === 0) {
        return { name: "data", send: "DATA\r\n", expect: 5 };
      }
      return { name: "data", send: "DATA\r\n", expect: 3 };
    case "bdat": {
      const isLast = choose(true, false);
      const text = choose(`c${turn}\r\n`, "", "stray\n!");
      const send = `BDAT ${text.length}${isLast ? " LAST" : ""}\r\n${text}`;
      if (model.hasFailedChunk) {
        if (isLast) model.hasFailedChunk = false;
        return { name: "bdat", send, expect: 5 };
      }
      if (!isOpen || model.recipients.length === 0) return { name: "bdat", send, expect: 5 };
      if (text.includes("stray")) {
        model.forget();
        model.hasFailedChunk = !isLast;
        return { name: "bdat stray", send, expect: 5 };
      }
      const chunks = [...(model.chunks ?? []), text];
      model.chunks = chunks;
      if (isLast) model.take(chunks.join(""));
      return { name: "bdat", send, expect: 2 };
    }
    case "rset":
      model.forget();
      return { name: "rset", send: "RSET\r\n", expect: 2 };
    case "tls":
      if (!isIdle || model.greeted !== "ehlo" || model.tls) {
        return { name: "starttls", send: "STARTTLS\r\n", expect: 5 };
      }
      model.forget();
      model.greeted = "no";
      model.tls = true;
      model.identity = false;
      return { name: "starttls", send: "STARTTLS\r\nMAIL FROM:<injected@x>\r\n", expect: 2 };
    case "auth": {
      const isRight = choose(true, false);
      const send = `AUTH PLAIN ${isRight ? "AHVzZXIAc2VjcmV0" : "AHVzZXIAd3Jvbmc="}\r\n`;
      const may = isIdle && !model.identity;
      if (may && isRight) model.identity = true;
      return { name: "auth", send, expect: may && isRight ? 2 : 5 };
    }
    case "junk":
      return { name: "junk", send: choose("FOO\r\n", "QUI\r\n", "\r\n"), expect: 5 };
    case "noop":
      return { name: "noop", send: "NOOP\r\n", expect: 2 };
  }
}

/** What is said to a 354: taken, refused, or broken off with a stray LF. */
function content(model: Model, random: SeededRandom, turn: number): Move {
  if (random.float() < 0.7) {
    model.take(`m${turn}\r\n`);
    return { name: "content", send: `m${turn}\r\n.\r\n`, expect: 2 };
  }
  model.forget();
  return { name: "stray content", send: "stray\nMAIL FROM:<x@y>\r\n.\r\n", expect: 5 };
}

async function hear(served: ServedInMemory): Promise<string> {
  let heard = "";
  while (!/(?:^|\r\n)\d{3} [^\r]*\r\n$/.test(heard)) {
    const octets = await served.client.read(1000);
    assert(octets !== undefined, `closed after "${heard}"`);
    heard += Buffer.from(octets).toString();
  }
  return heard;
}

test("A4, A6, security rows 9, 10, 13: nothing survives a reset, a failure, STARTTLS or a finished transaction", async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new SeededRandom(seed);
    const model = new Model();
    const recording = Object.assign(new Recording(), { mechanisms: ["PLAIN"] });
    const served = serveInMemory({
      recording,
      options: {
        startTls: "offered",
        extensions: [...DEFAULT_EXTENSIONS, "REQUIRETLS", "MT-PRIORITY", "DELIVERBY"],
        limits: { errorDelayMs: 0, hardErrors: 1000, maxJunkCommands: 1000, maxAuthFailures: 1000 },
      },
    });
    await hear(served);
    const story: string[] = [];
    const play = async (move: Move): Promise<void> => {
      story.push(move.name);
      await served.client.write(Buffer.from(move.send));
      const heard = await hear(served);
      assert.equal(
        heard
          .trimEnd()
          .split("\r\n")
          .filter((line) => line[3] === " ").length,
        1,
      );
      const label = `seed ${seed}: ${story.join(", ")}: ${move.send} ${heard}`;
      assert.equal(Number(heard.trimEnd().split("\r\n").at(-1)?.[0]), move.expect, label);
      if (move.name === "starttls" && move.expect === 2) await served.client.startTls();
    };
    for (let turn = 0; turn < 40; turn++) {
      const move = nextMove(model, random, turn);
      await play(move);
      if (move.expect === 3) await play(content(model, random, turn));
      assert.deepEqual(
        recording.messages.map(({ from, to, content: octets, mail, session }) => ({
          from,
          to: [...to],
          content: Buffer.from(octets).toString(),
          envid: mail.envid,
          requireTls: mail.requireTls,
          priority: mail.priority,
          deliverBy: mail.deliverBy,
          isKnown: session.identity !== undefined,
          isSecure: session.tls !== undefined,
        })),
        model.messages,
        `seed ${seed}: ${story.join(", ")}`,
      );
    }
    served.client.abort();
    await served.ended;
  }
});
