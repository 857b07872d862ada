/**
 * Random conversations against a small model of what rules may have decided: of a transaction that was
 * reset, refused, broken off or finished, and of what came before TLS, nothing is left in the next.
 */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { reply } from "../../smtp/reply.ts";
import { SmtpTalk } from "../testing/smtp-talk.ts";
import { World, type TestHost } from "../testing/world.ts";
import { RuleEngine } from "./rule-engine.ts";
import type { Rule, RuleAction } from "./rule.ts";

const refuse: RuleAction = { type: "refuse", reply: reply(550, "5.7.1", "no") };
const tag = (field: string): RuleAction => ({ type: "tag", field });
const ofSender = (domain: string, action: RuleAction): Rule => ({
  name: domain,
  stage: "sender",
  when: { senders: [domain] },
  action,
});
const ofRecipient = (address: string, action: RuleAction): Rule => ({
  name: address,
  stage: "recipient",
  when: { recipients: [address] },
  action,
});
const ofHeader = (key: string, action: RuleAction): Rule => ({
  name: key,
  stage: "data",
  when: { headers: [{ key, pattern: "*" }] },
  action,
});

const RULES: readonly Rule[] = [
  ofSender("tag.test", tag("X-By: sender")),
  ofSender("hold.test", { type: "hold", reason: "odd" }),
  ofSender("drop.test", { type: "discard" }),
  ofSender("bad.test", refuse),
  ofRecipient("ben@us.test", tag("X-By: recipient")),
  ofRecipient("trap@us.test", { type: "discard" }),
  ofRecipient("no@us.test", refuse),
  ofHeader("x-bad", refuse),
  ofHeader("x-tag", tag("X-By: data")),
];

class Model {
  greeted = true;
  tls = false;
  sender: string | undefined;
  recipients: string[] = [];
  tags = new Set<string>();
  readonly delivered: Record<"anna" | "ben", string[]> = { anna: [], ben: [] };
  held = 0;

  forget(): void {
    this.sender = undefined;
    this.recipients = [];
    this.tags = new Set();
  }

  take(subject: string, header: string): void {
    if (header === "X-Tag") this.tags.add("data");
    const shown = `${subject} ${[...this.tags].sort().join(",")}`;
    const real = this.recipients.filter((recipient) => recipient !== "trap");
    if (this.sender === "hold.test") this.held += real.length;
    else if (this.sender !== "drop.test") {
      for (const recipient of real) this.delivered[recipient as "anna" | "ben"].push(shown);
    }
    this.forget();
  }
}

type Turn = { readonly talk: SmtpTalk; readonly model: Model; readonly subject: string };

async function mail({ talk, model }: Turn, domain: string): Promise<void> {
  const answer = await talk.say(`MAIL FROM:<x@${domain}>`);
  const isTaken = model.greeted && model.sender === undefined && domain !== "bad.test";
  assert.equal(answer[0], isTaken ? "2" : "5", answer);
  if (!isTaken) return;
  model.sender = domain;
  if (domain === "tag.test") model.tags.add("sender");
}

async function rcpt({ talk, model }: Turn, name: string): Promise<void> {
  if (model.recipients.includes(name)) return;
  const answer = await talk.say(`RCPT TO:<${name}@us.test>`);
  const isTaken = model.sender !== undefined && name !== "no";
  assert.equal(answer[0], isTaken ? "2" : "5", answer);
  if (!isTaken) return;
  model.recipients.push(name);
  if (name === "ben") model.tags.add("recipient");
}

async function content({ talk, model, subject }: Turn, kind: string, by: string): Promise<void> {
  const header = kind === "plain" || kind === "stray" ? "X-Nothing" : kind;
  const text = `Subject: ${subject}\r\n${header}: 1\r\n\r\n${kind === "stray" ? "a\nb" : "a"}\r\n`;
  const isOpen = model.sender !== undefined && model.recipients.length > 0;
  let answer: string;
  if (by === "BDAT") answer = await talk.say(`BDAT ${text.length + 2} LAST\r\n${text}`);
  else {
    answer = await talk.say("DATA");
    assert.equal(answer[0], isOpen ? "3" : "5", answer);
    if (!isOpen) return;
    answer = await talk.say(`${text}.`);
  }
  const isTaken = isOpen && kind !== "X-Bad" && kind !== "stray";
  assert.equal(answer[0], isTaken ? "2" : "5", answer);
  if (isTaken) model.take(subject, kind);
  else if (isOpen) model.forget();
}

async function hello({ talk, model }: Turn, line: string): Promise<void> {
  assert.equal((await talk.say(line))[0], "2");
  model.forget();
  model.greeted = true;
}

async function startTls({ talk, model }: Turn): Promise<void> {
  if (model.tls || !model.greeted || model.sender !== undefined) return;
  // What is injected behind it would begin a transaction that is dropped.
  assert.equal((await talk.say("STARTTLS\r\nMAIL FROM:<x@drop.test>"))[0], "2");
  await talk.channel.startTls();
  model.tls = true;
  model.greeted = false;
}

async function play(turn: Turn, random: SeededRandom): Promise<void> {
  const choose = (...items: string[]): string => items[Math.floor(random.float() * items.length)];
  const move = choose(
    "mail",
    "mail",
    "mail",
    "rcpt",
    "rcpt",
    "rcpt",
    "data",
    "data",
    "rset",
    "ehlo",
    "tls",
  );
  if (move === "mail") {
    await mail(
      turn,
      choose("far.test", "far.test", "tag.test", "hold.test", "drop.test", "bad.test"),
    );
  } else if (move === "rcpt") await rcpt(turn, choose("anna", "anna", "ben", "trap", "no"));
  else if (move === "data") {
    await content(
      turn,
      choose("plain", "plain", "X-Tag", "X-Bad", "stray"),
      choose("DATA", "BDAT"),
    );
  } else if (move === "rset") {
    assert.equal((await turn.talk.say("RSET"))[0], "2");
    turn.model.forget();
  } else if (move === "ehlo") await hello(turn, "EHLO client.example");
  else await startTls(turn);
}

/** Subjects with the tags that stand before the message. */
async function shown(host: TestHost, name: string): Promise<string[]> {
  return (await host.mailbox(name)).map((message) => {
    const tags = [...message.matchAll(/^X-By: (\w+)\r$/gm)].map(([, by]) => by).sort();
    return `${/^Subject: (.*)\r$/m.exec(message)?.[1]} ${tags.join(",")}`;
  });
}

test("security rows 9, 10, 13: no decision of a rule survives a reset, a failure, TLS or a finished transaction", async () => {
  const world = new World();
  after(() => world.close());
  const host = await world.addHost({
    name: "mx.us.test",
    domain: "us.test",
    address: "192.0.2.25",
    accounts: ["anna", "ben"],
    serve: {
      startTls: "offered",
      limits: { softErrors: 9000, hardErrors: 9000, maxJunkCommands: 9000 },
    },
    policy: new RuleEngine(RULES),
  });
  const model = new Model();
  for (let seed = 1; seed <= 25; seed++) {
    const random = new SeededRandom(seed);
    const talk = await SmtpTalk.begin(host.listener("smtp"));
    model.forget();
    model.greeted = false;
    model.tls = false;
    await hello({ talk, model, subject: "" }, "EHLO client.example");
    for (let turn = 0; turn < 40; turn++) {
      await play({ talk, model, subject: `${seed}.${turn}` }, random);
    }
    talk.channel.abort();
  }
  assert.deepEqual(await shown(host, "anna"), model.delivered.anna);
  assert.deepEqual(await shown(host, "ben"), model.delivered.ben);
  assert.equal(host.store.queue.counts().held, model.held);
  const seen = { delivered: model.delivered.anna.length, held: model.held };
  assert.ok(seen.delivered > 5 && seen.held > 1, JSON.stringify(seen));
});
