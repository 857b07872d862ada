/**
 * Random POP3 sessions over a real store beside a model of ten lines: what each command must show,
 * and what must be left after QUIT, after a cut connection, and with other programs changing the
 * mailbox meanwhile.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeMemoryPipe } from "../../base/testing/memory-channel.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import type { Channel } from "../../base/channel.ts";
import { systemClock } from "../../net/system-clock.ts";
import { servePop3, type Pop3Summary } from "../../pop3/serve.ts";
import {
  ADDRESS,
  file,
  mailboxNamed,
  PASSWORD,
  startPop3World,
  uidsIn,
  type Pop3World,
} from "../../../test/pop3/pop3-world.ts";
import { makePop3Handler } from "./store-handler.ts";

type Message = { readonly uid: number; readonly text: string };

const PIECES = [
  "\r\n",
  ".",
  "..\r\n",
  "\r\n.\r\n",
  "x",
  "line\r\n",
  "\r\n\r\n",
  "\u00e9",
  "A: b\r\n",
];

test("random sessions show and leave what the model says", { timeout: 120_000 }, async () => {
  const world = await startPop3World();
  const random = new SeededRandom(1939);
  const inbox = await mailboxNamed(world, "INBOX");
  let stored: Message[] = [];
  const pick = (limit: number): number => Math.floor(random.float() * limit);
  const makeText = (): string => Array.from({ length: pick(25) }, () => PIECES[pick(9)]).join("");
  const append = async (): Promise<void> => {
    const texts = Array.from({ length: 1 + pick(3) }, makeText);
    const uids = await file(world, texts);
    stored = [...stored, ...texts.map((text, index) => ({ uid: uids[index], text }))];
  };
  const expunge = async (): Promise<void> => {
    const victims = stored.filter(() => pick(6) === 0).map(({ uid }) => uid);
    await world.store.mail.expunge(inbox.grant, victims, false);
    stored = stored.filter(({ uid }) => !victims.includes(uid));
  };

  let commands = 0;
  for (let round = 0; round < 60; round++) {
    if (stored.length < 12) await append();
    const session = await Session.begin(world, 1 + pick(300));
    const model = new Model(stored, inbox.uidValidity);
    for (let step = pick(40); step > 0; step--) {
      if (pick(15) === 0) await append();
      if (pick(15) === 0) await expunge();
      const command = makeCommand(pick, model.count);
      const answer = await session.ask(command);
      const present = new Set(stored.map(({ uid }) => uid));
      model.check(command, answer, present);
      commands++;
    }
    if (pick(4) > 0) {
      assert.match(await session.ask("QUIT"), /^\+OK goodbye/);
      const deleted = model.deletedUids();
      stored = stored.filter(({ uid }) => !deleted.has(uid));
    }
    await session.end();
    assert.deepEqual(
      await uidsIn(world),
      stored.map(({ uid }) => uid),
      `after round ${round}`,
    );
  }
  assert.ok(commands > 800, `${commands} commands`);
  await world.close();
});

function makeCommand(pick: (limit: number) => number, count: number): string {
  const number = pick(10) === 0 ? pick(100) : 1 + pick(count + 1);
  const commands = [
    "STAT",
    "LIST",
    "UIDL",
    `LIST ${number}`,
    `UIDL ${number}`,
    `RETR ${number}`,
    `RETR ${number}`,
    `TOP ${number} ${pick(4)}`,
    `DELE ${number}`,
    `DELE ${number}`,
    pick(4) === 0 ? "RSET" : "NOOP",
  ];
  return commands[pick(commands.length)];
}

class Model {
  readonly #messages: readonly Message[];
  readonly #uidValidity: number;
  #deleted = new Set<number>();

  constructor(messages: readonly Message[], uidValidity: number) {
    this.#messages = messages;
    this.#uidValidity = uidValidity;
  }

  get count(): number {
    return this.#messages.length;
  }

  deletedUids(): Set<number> {
    return new Set([...this.#deleted].map((index) => this.#messages[index].uid));
  }

  check(command: string, answer: string, present: ReadonlySet<number>): void {
    const [verb, first, second] = command.split(" ");
    const index = Number(first) - 1;
    const message = this.#messages[index];
    if (first !== undefined && (message === undefined || this.#deleted.has(index))) {
      assert.match(answer, /^-ERR (?:there is no|message \d+ is marked)/, command);
      return;
    }
    if ((verb === "RETR" || verb === "TOP") && !present.has(message.uid)) {
      // Another program has expunged it: gone, or still to be had as it was.
      if (answer.startsWith("-ERR [SYS/PERM] ")) return;
    }
    if (verb === "DELE") this.#deleted.add(index);
    if (verb === "RSET") this.#deleted.clear();
    assert.equal(this.#withoutWords(verb, answer), this.#expected(verb, index, Number(second)));
  }

  /** First lines say more than the model knows, where RFC 1939 leaves the words free. */
  #withoutWords(verb: string, answer: string): string {
    if (verb === "STAT" || /^\+OK \d+ [\d.]+\r\n$/.test(answer)) return answer;
    return answer.replace(/^\+OK[^\r]*\r\n/, "+OK\r\n");
  }

  #expected(verb: string, index: number, lines: number): string {
    const left = [...this.#messages.keys()].filter((other) => !this.#deleted.has(other));
    const one = (other: number): string =>
      verb === "UIDL"
        ? `${other + 1} ${this.#uidValidity}.${this.#messages[other].uid}`
        : `${other + 1} ${this.#messages[other].text.length}`;
    switch (verb) {
      case "STAT": {
        const octets = left.reduce((sum, other) => sum + this.#messages[other].text.length, 0);
        return `+OK ${left.length} ${octets}\r\n`;
      }
      case "LIST":
      case "UIDL":
        if (index >= 0) return `+OK ${one(index)}\r\n`;
        return `+OK\r\n${left.map((other) => `${one(other)}\r\n`).join("")}.\r\n`;
      case "RETR":
        return `+OK\r\n${stuffed(this.#messages[index].text)}`;
      case "TOP":
        return `+OK\r\n${stuffed(topOf(this.#messages[index].text, lines))}`;
      default:
        return "+OK\r\n";
    }
  }
}

function stuffed(text: string): string {
  const whole = text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`;
  return `${whole.replace(/(^|\r\n)\./g, "$1..")}.\r\n`;
}

function topOf(text: string, lines: number): string {
  const all = text.split(/(?<=\r\n)/);
  const blank = all.indexOf("\r\n");
  return blank === -1 ? text : all.slice(0, blank + 1 + lines).join("");
}

/** A session over a channel in memory, for speed. */
class Session {
  readonly #client: Channel;
  readonly #done: Promise<Pop3Summary>;
  #buffer = "";

  private constructor(client: Channel, done: Promise<Pop3Summary>) {
    this.#client = client;
    this.#done = done;
  }

  static async begin(world: Pop3World, chunkOctets: number): Promise<Session> {
    const { client, server } = makeMemoryPipe({ implicitTls: true, chunkOctets });
    const handler = makePop3Handler(world.deps, server);
    const session = new Session(client, servePop3(server, handler, { clock: systemClock }));
    await session.#line();
    await session.ask(`USER ${ADDRESS}`);
    assert.match(await session.ask(`PASS ${PASSWORD}`), /^\+OK/);
    return session;
  }

  /** The whole answer, as it came. */
  async ask(command: string): Promise<string> {
    await this.#client.write(Buffer.from(`${command}\r\n`));
    let answer = await this.#line();
    const isLong = /^(?:RETR|TOP|LIST$|UIDL$)/.test(command) && answer.startsWith("+OK");
    if (!isLong) return answer;
    for (let line = ""; line !== ".\r\n";) {
      line = await this.#line();
      answer += line;
    }
    return answer;
  }

  async end(): Promise<void> {
    await this.#client.close();
    await this.#done;
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf("\r\n");
      if (end !== -1) {
        const line = this.#buffer.slice(0, end + 2);
        this.#buffer = this.#buffer.slice(end + 2);
        return line;
      }
      const octets = await this.#client.read(10_000);
      assert.ok(octets, "the server hung up");
      this.#buffer += Buffer.from(octets).toString("latin1");
    }
  }
}
