/**
 * Messages of every kind, whole and broken, go in over SMTP and come back over IMAP and POP3 octet
 * for octet: only the trace fields that we put before them differ. Line ends are as SMTP carries
 * them: what a file has as bare LF or CR goes onto the wire as CRLF.
 */

import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { connect } from "node:net";
import { ImapFlow } from "imapflow";
import { openSmtpLine } from "../../bench/peers/smtp-line.ts";
import { writtenMessages } from "../messages/written.ts";
import {
  makePosthornFolder,
  type PosthornFolder,
  type PosthornProcess,
} from "../system/posthorn-process.ts";

const PASSWORD = "octets-password";
const corpus = join(import.meta.dirname, "../../../shared/corpus");

type Sample = { readonly name: string; readonly octets: Buffer };

/** As a sender's mail program would put a file onto the wire. */
function asSmtpCarriesIt(octets: Buffer): Buffer {
  const text = octets.toString("latin1").replace(/\r\n|\r|\n/g, "\r\n");
  return Buffer.from(text.endsWith("\r\n") ? text : `${text}\r\n`, "latin1");
}

const corpusSamples: Sample[] = existsSync(corpus)
  ? globSync("*/*.{eml,msg,txt}", { cwd: corpus })
      .sort()
      .map((name) => ({ name, octets: asSmtpCarriesIt(readFileSync(join(corpus, name))) }))
      // RFC 5321 §4.5.2 has no way to carry NUL; what the server says to it is tested with the engine.
      .filter(({ octets }) => !octets.includes(0))
  : [];

suite("octet for octet", () => {
  let folder: PosthornFolder;
  let server: PosthornProcess;
  const endings: (() => void | Promise<void>)[] = [];

  before(async () => {
    folder = await makePosthornFolder({ after: (fn) => void endings.push(fn) });
    await folder.must("domain", "add", "posthorn.test");
    for (const name of ["written", "corpus"])
      await folder.addAccount(`${name}@posthorn.test`, PASSWORD);
    server = await folder.start();
  });
  after(async () => {
    await server.stop();
    for (const end of endings) await end();
  });

  test(`${writtenMessages.length} messages written for the tests`, async () => {
    assert.ok(writtenMessages.length >= 100);
    await sendAndCompare("written@posthorn.test", writtenMessages);
  });

  test(
    "the shared corpus",
    { skip: corpusSamples.length === 0 && "no corpus here" },
    async (context) => {
      await sendAndCompare("corpus@posthorn.test", corpusSamples);
      context.diagnostic(`${corpusSamples.length} messages`);
    },
  );

  async function sendAndCompare(account: string, samples: readonly Sample[]): Promise<void> {
    const line = await openSmtpLine(server.ports.smtp);
    for (const { name, octets } of samples) {
      line.socket.write(
        `MAIL FROM:<tester@example.org> BODY=8BITMIME\r\nRCPT TO:<${account}>\r\nDATA\r\n`,
      );
      const replies = [await line.reply(), await line.reply(), await line.reply()];
      assert.match(replies[2], /^354/, `${name}: ${replies.join(" | ")}`);
      line.socket.write(octets.toString("latin1").replace(/^\./gm, ".."), "latin1");
      line.socket.write(".\r\n");
      assert.match(await line.reply(), /^250/, name);
    }
    line.socket.end("QUIT\r\n");

    const overImap = await fetchOverImap(account);
    assert.equal(overImap.length, samples.length);
    samples.forEach((sample, index) => expectSame(sample, overImap[index], "IMAP"));
    const overPop3 = await fetchOverPop3(account, samples.length);
    samples.forEach((sample, index) => {
      expectSame(sample, overPop3[index], "POP3");
      assert.ok(overPop3[index].equals(overImap[index]), `${sample.name}: IMAP and POP3 differ`);
    });
  }

  function expectSame(sample: Sample, got: Buffer, way: string): void {
    const text = got.toString("latin1");
    // Our Received field ends with its date, whatever the message itself begins with.
    const trace =
      /^Return-Path: <tester@example\.org>\r\nDelivered-To: [^\r]*\r\nReceived: [^;]*;\s+\w{3}, \d+ \w{3} \d{4} [\d:]{8} [+-]\d{4}(?: \(\w+\))?\r\n/.exec(
        text,
      )?.[0];
    assert.ok(
      trace !== undefined,
      `${sample.name} over ${way}: no trace fields:\n${text.slice(0, 400)}`,
    );
    const rest = got.subarray(trace.length);
    if (rest.equals(sample.octets)) return;
    const at = rest.findIndex((octet, index) => octet !== sample.octets[index]);
    assert.fail(
      `${sample.name} over ${way}: ${rest.length} octets for ${sample.octets.length}, first difference at ${at}: ` +
        `${JSON.stringify(rest.toString("latin1", Math.max(0, at - 40), at + 40))} for ${JSON.stringify(sample.octets.toString("latin1", Math.max(0, at - 40), at + 40))}`,
    );
  }

  async function fetchOverImap(account: string): Promise<Buffer[]> {
    const client = new ImapFlow({
      host: "127.0.0.1",
      port: server.ports.imap,
      secure: false,
      doSTARTTLS: false,
      auth: { user: account, pass: PASSWORD },
      logger: false,
    });
    await client.connect();
    await client.mailboxOpen("INBOX");
    const octets: Buffer[] = [];
    for await (const message of client.fetch("1:*", {
      source: true,
      envelope: true,
      bodyStructure: true,
      size: true,
    })) {
      assert.ok(message.source !== undefined);
      assert.equal(message.source.length, message.size);
      octets.push(message.source);
    }
    await client.logout();
    return octets;
  }

  /** By hand, so that no client's text decoding stands between. */
  async function fetchOverPop3(account: string, count: number): Promise<Buffer[]> {
    const socket = connect(server.ports.pop3, "127.0.0.1");
    const chunks: Buffer[] = [];
    const commands = [
      `USER ${account}`,
      `PASS ${PASSWORD}`,
      ...Array.from({ length: count }, (_, n) => `RETR ${n + 1}`),
      "QUIT",
    ];
    socket.write(`${commands.join("\r\n")}\r\n`);
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("latin1");
    const octets: Buffer[] = [];
    let at = 0;
    const line = (): string => {
      const end = text.indexOf("\r\n", at);
      const found = text.slice(at, end);
      at = end + 2;
      return found;
    };
    for (let skip = 0; skip < 3; skip++) assert.match(line(), /^\+OK/);
    for (let number = 0; number < count; number++) {
      assert.match(line(), /^\+OK/);
      const end = text.startsWith(".\r\n", at) ? at - 2 : text.indexOf("\r\n.\r\n", at);
      octets.push(Buffer.from(text.slice(at, end + 2).replace(/^\.\./gm, "."), "latin1"));
      at = end + 5;
    }
    assert.match(line(), /^\+OK/);
    return octets;
  }
});
