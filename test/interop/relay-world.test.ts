/**
 * A small internet on loopback addresses: two Posthorn processes, Debian's Postfix, hosts that
 * answer by rote, a dead one, and unbound with their zone. All share one port number. Every recipient of
 * every mail must end delivered or reported, and the reports must be what other programs can read.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { writePostfixConfig } from "../../bench/peers/postfix-instance.ts";
import { silentLog } from "../../src/base/log.ts";
import { parseMessage } from "../../src/message/parse.ts";
import { parseDsn } from "../../src/message/report/dsn.ts";
import { makeSelfSigned } from "../../src/net/self-signed.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { systemRandom } from "../../src/net/system-random.ts";
import type { Store } from "../../src/store/contract.ts";
import { openStore } from "../../src/store/sqlite/open-store.ts";
import {
  makePosthornFolder,
  type PosthornFolder,
  type PosthornProcess,
} from "../system/posthorn-process.ts";
import { peerTest, run } from "./peers.ts";
import { startScriptedHost } from "./scripted-host.ts";
import { startUnbound } from "./unbound-server.ts";

const [A, B, POSTFIX, DEAD, ROTE] = [1, 2, 3, 4, 5].map((n) => `127.0.61.${n}`);
const PASSWORD = "world-password";
const ANNA = "anna@a.test";
const BOB = "bob@b.test";

/** Fifty domains of four kinds; what becomes of their recipients. */
type Fate = "posthorn" | "postfix" | "null-mx" | "no-domain" | "no-user";
const FATES: readonly Fate[] = Array.from({ length: 50 }, (_, n) => {
  if (n < 25) return "posthorn";
  if (n < 35) return "postfix";
  return n < 40 ? "null-mx" : n < 45 ? "no-domain" : "no-user";
});
const RECIPIENTS = Array.from({ length: 1000 }, (_, n) => `u${n}@d${n % 50}.test`);

function zone(): string[] {
  const mx = (domain: string, exchange: string, preference = 10): string =>
    `${domain}.test. 60 IN MX ${preference} ${exchange}`;
  const lines = [
    mx("a", "mx.a.test."),
    `mx.a.test. 60 IN A ${A}`,
    mx("b", "mx.b.test."),
    `mx.b.test. 60 IN A ${B}`,
    mx("p", "mx.p.test."),
    `mx.p.test. 60 IN A ${POSTFIX}`,
    mx("dead", "gone.test.", 5),
    mx("dead", "mx.b.test."),
    `gone.test. 60 IN A ${DEAD}`,
    mx("null", ".", 0),
    "alias.test. 60 IN CNAME b.test.",
    mx("six", "mx.six.test."),
    "mx.six.test. 60 IN AAAA ::1",
    mx("rote", "mx.rote.test."),
    `mx.rote.test. 60 IN A ${ROTE}`,
  ];
  for (const [n, fate] of FATES.entries()) {
    if (fate === "posthorn" || fate === "no-user") lines.push(mx(`d${n}`, "mx.b.test."));
    if (fate === "postfix") lines.push(mx(`d${n}`, "mx.p.test."));
    if (fate === "null-mx") lines.push(mx(`d${n}`, ".", 0));
  }
  return lines;
}

peerTest(
  "Posthorn, Postfix and unbound: every recipient ends delivered or reported, in both directions",
  ["postfix", "unbound", "python3", "root"],
  async (context) => {
    const t = new Endings();
    context.after(() => t.run());
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), "posthorn-relay-world-"));
    chmodSync(folder, 0o755);
    t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
    const dns = await startUnbound(folder, zone(), ["broken.test."]);
    t.after(() => dns.stop());
    const [postfix, a, b] = await Promise.all([
      startPostfix(t, folder, port),
      makeHost(t, "a", A, port, dns.port),
      makeHost(t, "b", B, port, dns.port),
    ]);
    await furnish(a, async (store) => {
      await store.directory.addDomain({ name: "a.test" });
      await store.directory.addAccount({ address: ANNA, password: PASSWORD });
    });
    await furnish(b, async (store) => {
      await store.directory.addDomain({ name: "b.test" });
      await store.directory.addAccount({ address: BOB, password: PASSWORD });
      for (const name of ["dead.test", "alias.test"]) {
        await store.directory.addDomain({ name, catchAll: BOB });
      }
      for (const [n, fate] of FATES.entries()) {
        const name = `d${n}.test`;
        if (fate === "posthorn") await store.directory.addDomain({ name, catchAll: BOB });
        if (fate === "no-user") await store.directory.addDomain({ name });
      }
    });
    const six = await startScriptedHost({ host: "::1", port }, () => "250 2.1.5 Ok");
    t.after(() => six.stop());
    const rote = await startScriptedHost({ host: ROTE, port }, (recipient, count) => {
      if (recipient.startsWith("never") && count > 0) return "550 5.1.1 No such user";
      return recipient.startsWith("ok") || count > 0 ? "250 2.1.5 Ok" : "450 4.2.0 Later";
    });
    t.after(() => rote.stop());
    const [hereA, hereB] = await Promise.all([a.start(), b.start()]);

    const single = [
      BOB,
      "carl@p.test",
      "x@dead.test",
      "x@alias.test",
      "x@six.test",
      "x@null.test",
      "x@broken.test",
      "ok@rote.test",
      "later@rote.test",
      "never@rote.test",
    ];
    await submit(hereA, A, ANNA, single, "<single@a.test>");
    await submit(hereB, B, BOB, [ANNA], "<back@b.test>");
    await submit(hereA, A, ANNA, ["back@p.test"], "<through-postfix@a.test>");
    await submit(hereA, A, ANNA, RECIPIENTS, "<many@a.test>");

    const open = new Set([...single, ...RECIPIENTS, "back@p.test"]);
    open.delete("x@broken.test");
    const fates = await untilSettled(hereA, open);
    for (const [recipient, outcome] of fates) {
      assert.equal(outcome.split(" ")[0], expectedFor(recipient), `${recipient}: ${outcome}`);
    }
    assert.match(hereA.output(), /"to":"x@broken\.test"[^\n]*"dsn":"4\.4\.3","status":"deferred"/);
    for (const recipient of [BOB, "carl@p.test"]) {
      const line = hereA
        .output()
        .split("\n")
        .find((each) => each.includes(`"to":"${recipient}"`));
      assert.match(line ?? "", /"tls":"TLSv1\.[23] /, recipient);
    }
    assert.deepEqual(six.taken, ["x@six.test"]);
    assert.deepEqual(rote.taken.toSorted(), ["later@rote.test", "ok@rote.test"]);

    const failed = [...fates].filter(([, outcome]) => outcome.startsWith("failed"));
    const expected = failed.map(([recipient]) => recipient).toSorted();
    const mails = await untilMail(a, ANNA, (found) => {
      const reported = found.flatMap(reportedIn);
      return reported.length >= expected.length && found.some(isFrom("<through-postfix@a.test>"));
    });
    assert.ok(mails.some(isFrom("<back@b.test>")), "the mail the other way");
    assert.match(mails.find(isFrom("<through-postfix@a.test>")) ?? "", /by mx\.p\.test .*ESMTPS/);
    const reports = mails.filter((mail) => reportedIn(mail).length > 0);
    assert.deepEqual(
      reports
        .flatMap(reportedIn)
        .map(([who]) => who)
        .toSorted(),
      expected,
    );
    assert.deepEqual(await readByPython(reports), reports.map(reportedIn));

    const inBobsHands = await untilMail(b, BOB, (found) => found.some(isFrom("<many@a.test>")));
    assert.ok(inBobsHands.some(isFrom("<single@a.test>")));
    assert.match(postfix(), /to=<u25@d25\.test>.*status=sent/);
    await Promise.all([hereA.stop(), hereB.stop()]);
  },
);

/** What was begun last ends first. */
class Endings {
  readonly #all: (() => void | Promise<void>)[] = [];

  after(end: () => void | Promise<void>): void {
    this.#all.push(end);
  }

  async run(): Promise<void> {
    for (const end of this.#all.toReversed()) await end();
  }
}

function expectedFor(recipient: string): "delivered" | "failed" {
  const many = /@d(\d+)\.test$/.exec(recipient);
  const fate = many === null ? undefined : FATES[Number(many[1])];
  if (fate !== undefined) {
    return fate === "posthorn" || fate === "postfix" ? "delivered" : "failed";
  }
  return ["x@null.test", "never@rote.test"].includes(recipient) ? "failed" : "delivered";
}

async function makeHost(
  t: Endings,
  name: string,
  host: string,
  smtpPort: number,
  dnsPort: number,
): Promise<PosthornFolder> {
  return makePosthornFolder(t, {
    host,
    smtpPort,
    config: `hostname = "mx.${name}.test"
[dns]
servers = ["127.0.0.1:${dnsPort}"]
timeout = "2s"
[remote]
port = ${smtpPort}
ownHosts = ["${host}"]
connectTimeout = "5s"
[queue]
firstRetry = "2s"
[log]
format = "json"
`,
  });
}

/** Before it starts, or beside it: several processes may have a store open. */
async function furnish<T>(folder: PosthornFolder, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({
    folder: join(folder.path, "data"),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

async function startPostfix(t: Endings, folder: string, port: number): Promise<() => string> {
  const own = FATES.flatMap((fate, n) => (fate === "postfix" ? [`d${n}.test`] : []));
  const config = writePostfixConfig(folder, port, `p.test ${own.join(" ")}`, "discard:");
  const { certificate, key } = await makeSelfSigned(["mx.p.test"], Date.now());
  writeFileSync(join(folder, "both.pem"), key + certificate, { mode: 0o600 });
  const edit = (name: string, change: (text: string) => string): void => {
    const path = join(config, name);
    writeFileSync(path, change(readFileSync(path, "utf8")));
  };
  edit("master.cf", (text) => text.replace(`127.0.0.1:${port}`, `${POSTFIX}:${port}`));
  edit(
    "main.cf",
    (text) =>
      `${text.replace("bench.invalid", "mx.p.test")}
virtual_alias_maps = inline:{ { back@p.test = ${ANNA} } }
transport_maps = inline:{ { a.test = smtp:[${A}]:${port} } }
smtpd_tls_chain_files = ${folder}/both.pem
smtpd_tls_security_level = may
smtp_tls_security_level = encrypt
`,
  );
  execFileSync("postfix", ["-c", config, "start"], { stdio: "pipe" });
  t.after(() => void execFileSync("postfix", ["-c", config, "stop"], { stdio: "pipe" }));
  return () => readFileSync(join(folder, "postfix.log"), "utf8");
}

async function submit(
  server: PosthornProcess,
  host: string,
  user: string,
  to: readonly string[],
  messageId: string,
): Promise<void> {
  const transport = createTransport({
    host,
    port: server.ports.submission,
    requireTLS: true,
    tls: { rejectUnauthorized: false },
    auth: { user, pass: PASSWORD },
  });
  await transport.sendMail({
    envelope: { from: user, to: [...to] },
    from: user,
    to: "everybody@a.test",
    messageId,
    subject: "relay world",
    text: ".\n..\nFrom here.\n",
  });
}

/** The last word of the log about each recipient, once nobody is left. */
async function untilSettled(
  server: PosthornProcess,
  recipients: ReadonlySet<string>,
): Promise<Map<string, string>> {
  const fates = new Map<string, string>();
  for (let tries = 0; tries < 300 && fates.size < recipients.size; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const line of server.output().split("\n")) {
      if (!line.includes('"mta.outcome"') || line.includes('"deferred"')) continue;
      const { to, status, reply } = JSON.parse(line) as Record<"to" | "status" | "reply", string>;
      if (recipients.has(to)) fates.set(to, `${status} ${reply}`);
    }
  }
  const left = [...recipients].filter((recipient) => !fates.has(recipient));
  assert.deepEqual(left, [], `still open; the log ends:\n${server.output().slice(-4000)}`);
  return fates;
}

/** Whole messages of an INBOX, once they are as wanted. */
async function untilMail(
  folder: PosthornFolder,
  address: string,
  isEnough: (found: readonly string[]) => boolean,
): Promise<string[]> {
  let found: string[] = [];
  for (let tries = 0; tries < 60; tries++) {
    found = await furnish(folder, (store) => readMailbox(store, address));
    if (isEnough(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(
    `mail is missing; there are ${found.length}:\n${found.join("\n----\n").slice(0, 9000)}`,
  );
}

async function readMailbox(store: Store, address: string): Promise<string[]> {
  const account = store.directory.account(address);
  const info = account && store.mail.mailbox(account.id, "INBOX");
  const mailbox = info && (await store.mail.open(info.grant));
  if (mailbox === undefined) return [];
  const messages: string[] = [];
  for (const messageId of Array.from(mailbox.messageIds.slice(0, mailbox.count))) {
    messages.push(Buffer.from(await store.octets.read(messageId)).toString("latin1"));
  }
  mailbox.release();
  return messages;
}

function isFrom(messageId: string): (mail: string) => boolean {
  return (mail) => mail.split("\r\n\r\n", 1)[0].toLowerCase().includes(`message-id: ${messageId}`);
}

/** Who is reported in it, how, and with which status, as our parser reads it. */
function reportedIn(mail: string): [string, string, string][] {
  const report = parseDsn(parseMessage(Buffer.from(mail, "latin1")));
  return (report?.recipients ?? []).map(({ finalRecipient, action, status }) => [
    finalRecipient,
    String(action),
    status,
  ]);
}

const PYTHON = `
import sys, json, email, email.policy
out = []
for text in json.load(sys.stdin):
    m = email.message_from_bytes(text.encode("latin1"), policy=email.policy.default)
    assert m.get_content_type() == "multipart/report", m.get_content_type()
    assert m.get_param("report-type") == "delivery-status"
    assert not any(p.defects for p in m.walk()), [p.defects for p in m.walk()]
    human, status, returned = list(m.iter_parts())
    assert human.get_content_type() == "text/plain" and len(human.get_content()) > 40
    about, *each = status.get_payload()
    assert about["Reporting-MTA"].startswith("dns; mx.a.test")
    assert returned.get_content_type() in ("message/rfc822", "text/rfc822-headers")
    out.append([[r["Final-Recipient"].split(";")[1].strip(), r["Action"], r["Status"]] for r in each])
json.dump(out, sys.stdout)
`;

async function readByPython(reports: readonly string[]): Promise<unknown> {
  const finished = await run("python3", ["-c", PYTHON], { input: JSON.stringify(reports) });
  assert.equal(finished.status, 0, finished.stderr);
  return JSON.parse(finished.stdout);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "::", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
