/** Our mail program at a server of somebody else's making: Dovecot. */

import assert from "node:assert/strict";
import { ImapClient } from "../../src/imap/client/imap-client.ts";
import type { FetchedMessage } from "../../src/imap/client/read-fetch.ts";
import { clientMechanism } from "../../src/sasl/client-mechanism.ts";
import { concatBytes, decodeUtf8, encodeUtf8 } from "../../src/base/bytes.ts";
import { isMailError } from "../../src/base/errors.ts";
import { connect } from "../../src/net/connect.ts";
import { nodeCrypto } from "../../src/net/node-crypto.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { systemRandom } from "../../src/net/system-random.ts";
import type { MailAccount } from "../../src/mua/account/mail-account.ts";
import { runLineMode } from "../../src/mua/line-mode/line-mode.ts";
import { MailSession } from "../../src/mua/session/mail-session.ts";
import { MemoryTerminal } from "../../src/mua/testing/memory-terminal.ts";
import { DOVECOT_PASSWORD, startDovecot, type DovecotServer } from "./dovecot-server.ts";
import { peerTest } from "./peers.ts";

function message(number: number, body: string): Uint8Array {
  const subject = number === 2 ? "=?utf-8?q?Gr=C3=BC=C3=9Fe?=" : `Number ${number}`;
  return encodeUtf8(
    `From: Anna <anna@a.example>\r\nTo: bert@b.example\r\nSubject: ${subject}\r\nDate: Fri, ${number} Jan 2026 10:00:00 +0000\r\nMessage-ID: <${number}@a.example>\r\n\r\n${body}\r\n`,
  );
}

async function loggedIn(server: DovecotServer, name: string): Promise<ImapClient> {
  const channel = await connect({
    host: "127.0.0.1",
    port: server.imap,
    timeoutMs: 10_000,
    trust: [server.certificate],
  });
  const client = new ImapClient(channel);
  assert.equal(await client.open(), "ok");
  await client.startTls({ serverName: "localhost", verify: true });
  const mechanism = clientMechanism(
    "SCRAM-SHA-256",
    { name, password: DOVECOT_PASSWORD },
    { crypto: nodeCrypto, random: systemRandom },
  );
  assert.ok(mechanism !== undefined && client.mechanisms.includes("SCRAM-SHA-256"));
  await client.authenticate(mechanism);
  return client;
}

peerTest(
  "the IMAP client does all it can at Dovecot, STARTTLS and SCRAM first",
  ["dovecot"],
  async (context) => {
    const server = await startDovecot();
    context.after(() => server.stop());
    const client = await loggedIn(server, "one");
    const large = "x".repeat(70).concat("\r\n").repeat(40_000);
    for (const [number, body] of [
      [1, "first"],
      [2, "second"],
      [3, large],
    ] as const) {
      const appended = await client.append("INBOX", message(number, body), {
        flags: ["\\Seen"],
        dateMs: Date.UTC(2026, 0, number),
      });
      assert.equal(appended?.uid, number);
    }
    await client.create("Ablage/Grüße");
    const names = (await client.list("*", { withStatus: true })).map(
      ({ name, status }) => `${name} ${status?.messages}`,
    );
    assert.ok(names.includes("INBOX 3") && names.includes("Ablage/Grüße 0"), names.join());
    const inbox = await client.select("INBOX");
    assert.equal(inbox.messages, 3);
    const fetched: FetchedMessage[] = [];
    await inbox.fetch("1:*", ["flags", "envelope", "structure", "size", "date"], (one) =>
      fetched.push(one),
    );
    assert.deepEqual(
      fetched.map(({ uid }) => uid),
      [1, 2, 3],
    );
    assert.equal(fetched[0].envelope?.from[0].displayName, "Anna");
    assert.equal(fetched[2].internalDateMs, Date.UTC(2026, 0, 3));
    assert.equal(fetched[1].structure?.subtype, "plain");
    const pieces: Uint8Array[] = [];
    assert.equal(await inbox.read(3, "", (piece) => void pieces.push(piece)), true);
    assert.ok(pieces.length > 1, "in pieces");
    assert.equal(decodeUtf8(concatBytes(pieces)), decodeUtf8(message(3, large)));
    assert.deepEqual(await inbox.search({ key: "subject", text: "grüße" }), [2]);
    await inbox.addFlags([1], ["\\Flagged", "$Work"]);
    assert.deepEqual(await inbox.search({ key: "keyword", keyword: "$Work" }), [1]);
    assert.deepEqual([...(await inbox.copy([1], "Ablage/Grüße"))], [[1, 1]]);
    assert.deepEqual([...(await inbox.move([2], "Ablage/Grüße"))], [[2, 2]]);
    await inbox.addFlags([1, 3], ["\\Deleted"]);
    await inbox.expunge([1]);
    assert.deepEqual(await inbox.search({ key: "is", is: "all" }), [3]);
    const stop = new AbortController();
    inbox.onChange = () => stop.abort();
    const other = await loggedIn(server, "one");
    const idling = inbox.idle(stop.signal);
    await other.append("INBOX", message(4, "fourth"));
    await idling;
    assert.equal(inbox.messages, 2);
    await Promise.all([client.logout(), other.logout()]);
  },
);

peerTest(
  "line mode reads, sorts, files and removes mail at Dovecot",
  ["dovecot"],
  async (context) => {
    const server = await startDovecot();
    context.after(() => server.stop());
    const account: MailAccount = {
      name: "dovecot",
      address: "two@us.test",
      displayName: "Two",
      imap: {
        protocol: "imap",
        tls: "implicit",
        user: "two",
        host: "127.0.0.1",
        port: server.imaps,
      },
      smtp: undefined,
      trust: [server.certificate],
      aliases: [],
      password: async () => DOVECOT_PASSWORD,
    };
    const deps = { connect, crypto: nodeCrypto, random: systemRandom, clock: systemClock };
    const session = new MailSession(account, deps);
    const client = await session.client();
    for (const number of [2, 1, 3]) await client.append("INBOX", message(number, `text ${number}`));
    const terminal = new MemoryTerminal([
      "thread",
      "sort date",
      "3",
      "mkdir Kept",
      "move 1 Kept",
      "d 2",
      "folder Kept",
      "p 1",
      "folder #",
      "folders",
    ]);
    assert.equal(await runLineMode(session, terminal, { folder: "INBOX" }), 0, terminal.problems);
    await session.close();
    assert.match(terminal.output, /Grüße/);
    assert.match(terminal.output, /Number 1[^]*Grüße[^]*Number 3/);
    assert.match(terminal.output, /Message 3:[^]*text 3/);
    assert.match(terminal.output, /1 message removed\n"Kept": 1 message/);
    assert.match(terminal.output, /Message 1:[^]*text 2/);
    assert.match(terminal.output, /"INBOX": 1 message/);
    assert.match(terminal.output, /^Sent .*\(sent\)/m);
  },
);

peerTest(
  "security row 15: a certificate nobody vouches for ends the connection before a password is sent",
  ["dovecot"],
  async (context) => {
    const server = await startDovecot();
    context.after(() => server.stop());
    const asked: string[] = [];
    for (const [tls, port] of [
      ["implicit", server.imaps],
      ["required", server.imap],
    ] as const) {
      const session = new MailSession(
        {
          name: "x",
          address: "x@us.test",
          displayName: "",
          imap: { protocol: "imap", tls, user: "x", host: "127.0.0.1", port },
          smtp: undefined,
          aliases: [],
          password: async () => (asked.push(tls), DOVECOT_PASSWORD),
        },
        { connect, crypto: nodeCrypto, random: systemRandom, clock: systemClock },
      );
      await assert.rejects(session.client(), (error) => isMailError(error, "tls-failed"));
    }
    assert.deepEqual(asked, []);
  },
);
