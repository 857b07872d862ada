import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { concatBytes, decodeLatin1, encodeLatin1 } from "../base/bytes.ts";
import { silentLog } from "../base/log.ts";
import { makeMemoryPipe } from "../base/testing/memory-channel.ts";
import { nodeCrypto } from "../net/node-crypto.ts";
import { systemClock } from "../net/system-clock.ts";
import { systemRandom } from "../net/system-random.ts";
import { servePop3 } from "../pop3/serve.ts";
import { openImapWorld, PASSWORD, type ImapWorld } from "./imap/testing/imap-world.ts";
import { makePop3Handler } from "./pop3/store-handler.ts";

/** What came in with BODY=BINARYMIME (RFC 3030): NULs, line ends of every kind, a dot where it hurts. */
const BODY = "\0a\n.\r\nb\r.\n.\n\0\r\n.\r\n\xff";
const HEADER =
  "Subject: b\r\nMIME-Version: 1.0\r\nContent-Type: application/x\r\n" +
  "Content-Transfer-Encoding: binary\r\n\r\n";

let world: ImapWorld;
let address: string;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
  address = await world.account();
  await world.deliver(address, HEADER + BODY);
  await world.deliver(address, `${HEADER}${"\0".repeat(400_000)}`);
});
after(() => world.close());

test("IMAP: BODY[] of a binary message has its size and no NUL, BINARY[] its octets", async () => {
  const session = await world.login(address);
  await session.ok("SELECT INBOX");
  const size = HEADER.length + BODY.length;
  const shown = BODY.replaceAll("\0", "\x80");
  const [answer] = await session.ok("FETCH 1 (RFC822.SIZE BODY.PEEK[TEXT] BINARY.PEEK[1])");
  assert.equal(
    answer,
    `* 1 FETCH (RFC822.SIZE ${size} BODY[TEXT] {${BODY.length}}\r\n${shown} ` +
      `BINARY[1] ~{${BODY.length}}\r\n${BODY})`,
  );
  const [part] = await session.ok("FETCH 1 (BODY.PEEK[TEXT]<0.2> BODY.PEEK[1])");
  assert.equal(part, `* 1 FETCH (BODY[TEXT]<0> {2}\r\n\x80a BODY[1] {${BODY.length}}\r\n${shown})`);
  // Also what goes out in pieces.
  const [large] = await session.ok("FETCH 2 BODY.PEEK[TEXT]");
  assert.equal(large, `* 2 FETCH (BODY[TEXT] {400000}\r\n${"\x80".repeat(400_000)})`);
});

test("security row 92: POP3: a binary message ends where it ends, for clients that read CRLF and for those that read LF", async () => {
  const { client, server } = makeMemoryPipe();
  const options = { clock: systemClock, log: silentLog, allowPlaintextAuth: true };
  const deps = { ...options, store: world.store, crypto: nodeCrypto, random: systemRandom };
  const serving = servePop3(server, makePop3Handler(deps, server), options);
  const lines = ["USER " + address, `PASS ${PASSWORD}`, "RETR 1", "TOP 1 3", "QUIT"];
  await client.write(encodeLatin1(lines.map((line) => `${line}\r\n`).join("")));
  const pieces: Uint8Array[] = [];
  for (let piece = await client.read(5000); piece; piece = await client.read(5000)) {
    pieces.push(piece);
  }
  await serving;
  const said = decodeLatin1(concatBytes(pieces));
  assert.doesNotMatch(said, /\0/);
  assert.ok(said.includes("\x80a\r\n..\r\nb\r.\r\n..\r\n\x80\r\n..\r\n\xff\r\n.\r\n+OK"), said);
  for (const lineEnd of ["\r\n", /\r?\n/]) {
    const ends = said.split(lineEnd).filter((line) => line === ".");
    assert.equal(ends.length, 2, "one end for RETR and one for TOP");
  }
});
