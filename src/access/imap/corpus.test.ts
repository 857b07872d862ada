/** Real and broken messages through every view of IMAP: well-formed answers, octets as they were, parts where the structure says. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { writtenMessages } from "../../../test/messages/written.ts";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import type { ImapDialogue } from "./testing/imap-dialogue.ts";
import { openImapWorld, type ImapWorld } from "./testing/imap-world.ts";

let world: ImapWorld;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

const PREFIX = "Return-Path: <someone@example.net>\r\n";

/** Delivers the messages, looks at them in every way; each answer's syntax is checked by the dialogue. */
async function lookAt(messages: readonly Buffer[]): Promise<void> {
  const user = await world.account();
  for (const octets of messages) {
    await world.deliver(user, octets.toString("latin1"), { prefix: PREFIX });
  }
  const session = await world.login(user);
  await session.ok("SELECT INBOX");
  const views = await session.ok("FETCH 1:* (RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY)");
  assert.equal(views.length, messages.length);
  for (const [index, octets] of messages.entries()) {
    const text = PREFIX + octets.toString("latin1");
    assert.match(views[index], new RegExp(`RFC822.SIZE ${text.length} `));
    await lookAtOne(session, index + 1, text);
  }
}

async function lookAtOne(session: ImapDialogue, seq: number, text: string): Promise<void> {
  const items = "BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[1] BODY.PEEK[1.MIME]";
  const [response] = await session.ok(
    `FETCH ${seq} (${items} BODY.PEEK[HEADER.FIELDS (From X-Y)])`,
  );
  const literals = literalsOf(response);
  assert.equal(literals.get("BODY[]"), text, `message ${seq}`);
  const header = literals.get("BODY[HEADER]") ?? "";
  assert.equal(header + (literals.get("BODY[TEXT]") ?? ""), text);
  const first = literals.get("BODY[1]");
  if (first !== undefined) assert.ok(text.includes(first));
  assert.ok((literals.get("BODY[HEADER.FIELDS (FROM X-Y)]") ?? "").endsWith("\r\n"));
}

function literalsOf(response: string): Map<string, string> {
  const literals = new Map<string, string>();
  const item = /(BODY\[[^\]]*\]) (?:\{(\d+)\}\r\n|NIL)/g;
  for (let match = item.exec(response); match !== null; match = item.exec(response)) {
    if (match[2] === undefined) continue;
    const end = item.lastIndex + Number(match[2]);
    literals.set(match[1], response.slice(item.lastIndex, end));
    item.lastIndex = end;
  }
  return literals;
}

test("messages written for the tests, in every view", async () => {
  await lookAt(writtenMessages.map((message) => message.octets));
});

test("the shared corpus of real mail, in every view", async (context) => {
  const folder = join(import.meta.dirname, "../../../../shared/corpus");
  if (!existsSync(folder)) return context.skip("the shared corpus is not here");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((file) => /\.(eml|msg)$/.test(file) && statSync(file).size > 0);
  assert.ok(files.length > 50);
  await lookAt(files.map((file) => readFileSync(file)));
});
