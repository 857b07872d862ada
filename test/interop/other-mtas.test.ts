/**
 * Postfix, Exim and OpenSMTPD as the hosts at the other end: we relay to them over TLS, they relay
 * to us over TLS, log in at our submission port as at a smarthost, and hand over by LMTP.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, type TestContext } from "node:test";
import { createTransport } from "nodemailer";
import { makeSelfSigned } from "../../src/net/self-signed.ts";
import {
  freePorts,
  makePosthornFolder,
  type PosthornFolder,
  type PosthornProcess,
} from "../system/posthorn-process.ts";
import { readInbox } from "../system/read-inbox.ts";
import {
  startExim,
  startOpenSmtpd,
  startPostfix,
  type Mta,
  type MtaPlan,
  type OurPorts,
} from "./mta-instances.ts";
import { peerTest } from "./peers.ts";

const ANNA = "anna@posthorn.test";
const BERT = "bert@posthorn.test";
const PASSWORD = "peer-password";

suite("other mail servers", () => {
  let folder: PosthornFolder;
  let server: PosthornProcess;
  let ours: OurPorts;
  let peerPorts: Record<"postfix" | "exim" | "opensmtpd", number>;
  const endings: (() => void | Promise<void>)[] = [];

  before(async () => {
    const free = Object.values(await freePorts("127.0.0.1"));
    const [lmtp, postfix, exim, opensmtpd] = free;
    peerPorts = { postfix, exim, opensmtpd };
    const route = (name: string, port: number): string =>
      `[[routes]]\ndomain = "${name}.test"\nhost = "[127.0.0.1]"\nport = ${port}\n` +
      `tls = "${name === "opensmtpd" ? "may" : "require"}"\n`;
    folder = await makePosthornFolder(
      { after: (fn) => void endings.push(fn) },
      {
        config: Object.entries(peerPorts)
          .map(([name, port]) => route(name, port))
          .join(""),
      },
    );
    const config = readFileSync(folder.config, "utf8");
    writeFileSync(folder.config, `${config}lmtp = "127.0.0.1:${lmtp}"\n`);
    await folder.must("domain", "add", "posthorn.test");
    await folder.addAccount(ANNA, PASSWORD);
    await folder.addAccount(BERT, PASSWORD);
    server = await folder.start();
    ours = { smtp: server.ports.smtp, submission: server.ports.submission, lmtp };
  });
  after(async () => {
    await server.stop();
    for (const end of endings) await end();
  });

  async function started(
    t: TestContext,
    name: keyof typeof peerPorts,
    start: (plan: MtaPlan) => Promise<Mta>,
  ): Promise<Mta> {
    const path = mkdtempSync(join(tmpdir(), "posthorn-mta-"));
    const running: Mta[] = [];
    t.after(async () => {
      for (const mta of running) await mta.stop();
      rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    });
    const certificate = await makeSelfSigned([`mx.${name}.test`], Date.now());
    const login = { user: ANNA, password: PASSWORD };
    const mta = await start({ folder: path, port: peerPorts[name], ours, login, certificate });
    running.push(mta);
    return mta;
  }

  /** Sends by submission at our host (`to` is the peer's), or straight at the peer. */
  async function send(to: readonly string[], messageId: string, port?: number): Promise<void> {
    const transport = createTransport({
      host: "127.0.0.1",
      port: port ?? ours.submission,
      requireTLS: port !== peerPorts.opensmtpd,
      tls: { rejectUnauthorized: false },
      ...(port === undefined && { auth: { user: ANNA, pass: PASSWORD } }),
    });
    await transport.sendMail({
      from: ANNA,
      to: [...to],
      messageId,
      subject: "by other hosts",
      text: ".\n..\nFrom there.\nÄ\n".repeat(20),
    });
  }

  /** The header of the message once it is in Bert's INBOX. */
  async function arrived(messageId: string, mta: Mta): Promise<string> {
    for (let tries = 0; tries < 60; tries++) {
      const found = (await readInbox(server, BERT, PASSWORD)).filter(
        (message) => message.messageId === messageId,
      );
      if (found.length > 0) {
        assert.equal(found.length, 1);
        return found[0].header;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error(`${messageId} has not come\n${mta.log()}\n${server.output()}`);
  }

  /** The log is written twice a second, and may come after the mail. */
  async function outcomeFor(recipient: string): Promise<string> {
    for (let tries = 0; tries < 100; tries++) {
      const lines = server.output().split("\n");
      const found = lines.find((line) => line.includes(recipient) && line.includes("mta.outcome"));
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`no outcome for ${recipient}\n${server.output()}`);
  }

  for (const { name, program, start, host } of [
    { name: "postfix", program: "postfix", start: startPostfix, host: "mx.postfix.test" },
    { name: "exim", program: "exim4", start: startExim, host: "mx.exim.test" },
    { name: "opensmtpd", program: "smtpd", start: startOpenSmtpd, host: "mx.opensmtpd.test" },
  ] as const) {
    peerTest(
      `${name}: as server we relay to, as client that relays to us, and as client of our submission`,
      [program, "root"],
      async (t) => {
        const mta = await started(t, name, start);
        const there = `<there-and-back@${name}.test>`;
        await send([`bert@${name}.test`], there);
        const header = await arrived(there, mta);
        const received = header.split(/^(?=Received:)/m).slice(1);
        assert.equal(received.length, 3, header);
        assert.match(received[0], /by mx\.posthorn\.test[^;]* with ESMTPS /);
        assert.ok(received[1].includes(`by ${host}`), received[1]);
        assert.match(received[2], /by mx\.posthorn\.test[^;]* with ESMTPSA /);
        const tls = name === "opensmtpd" ? /"tls":"none"/ : /"tls":"TLSv1\.[23] /;
        assert.match(await outcomeFor(`bert@${name}.test`), tls);

        const authenticated = `<authenticated@${name}.test>`;
        await send(["bert+auth@posthorn.test"], authenticated, peerPorts[name]);
        assert.match(await arrived(authenticated, mta), /by mx\.posthorn\.test[^;]* with ESMTPSA /);
      },
    );
  }

  peerTest(
    "postfix: LMTP to us, each recipient with an answer of its own",
    ["postfix", "root"],
    async (t) => {
      const mta = await started(t, "postfix", startPostfix);
      const messageId = "<by-lmtp@postfix.test>";
      const to = ["bert+lmtp@posthorn.test", "nobody@posthorn.test"];
      await send(to, messageId, peerPorts.postfix);
      assert.match(await arrived(messageId, mta), /by mx\.posthorn\.test[^;]* with LMTPS? /);
      for (let tries = 0; tries < 40 && !mta.log().includes("status=bounced"); tries++) {
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      assert.match(mta.log(), /to=<bert\+lmtp@posthorn\.test>.*status=sent \(250 2\.0\.0/);
      assert.match(mta.log(), /to=<nobody@posthorn\.test>.*dsn=5\.1\.1, status=bounced/);
    },
  );
});
