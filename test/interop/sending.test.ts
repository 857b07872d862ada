/** Debian's mail programs, and nodemailer, hand mail to Posthorn: relay port, STARTTLS, TLS, AUTH. */

import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { createTransport } from "nodemailer";
import {
  makePosthornFolder,
  type PosthornFolder,
  type PosthornProcess,
} from "../system/posthorn-process.ts";
import { readInbox } from "../system/read-inbox.ts";
import { peerTest, run } from "./peers.ts";

const PASSWORD = "sending-password";
const ANNA = "anna@posthorn.test";
const BERT = "bert@posthorn.test";

suite("programs that send", () => {
  let folder: PosthornFolder;
  let server: PosthornProcess;
  const endings: (() => void | Promise<void>)[] = [];

  before(async () => {
    folder = await makePosthornFolder({ after: (fn) => void endings.push(fn) });
    await folder.must("domain", "add", "posthorn.test");
    await folder.addAccount(ANNA, PASSWORD);
    await folder.addAccount(BERT, PASSWORD);
    server = await folder.start();
  });
  after(async () => {
    await server.stop();
    for (const end of endings) await end();
  });

  async function expectInBertsInbox(messageId: string): Promise<void> {
    const found = await readInbox(server, BERT, PASSWORD);
    assert.equal(found.filter((message) => message.messageId === messageId).length, 1, messageId);
  }

  const message = (messageId: string): string =>
    `From: Anna <${ANNA}>\nTo: Bert <${BERT}>\nSubject: by ${messageId}\nMessage-ID: ${messageId}\n\nHello.\n.\n..\nFrom here.\n`;

  const swaks = async (name: string, ...args: string[]): Promise<void> => {
    const messageId = `<swaks-${name}@posthorn.test>`;
    const sent = await run("swaks", [
      ...["--server", "127.0.0.1", "--from", ANNA, "--to", BERT, "--data", message(messageId)],
      ...args,
    ]);
    assert.equal(sent.status, 0, sent.stdout + sent.stderr);
    assert.match(sent.stdout, /250 2\.0\.0 .*queued as/);
    await expectInBertsInbox(messageId);
  };
  const login = (mechanism: string): string[] => [
    ...["--auth", mechanism, "--auth-user", ANNA, "--auth-password", PASSWORD],
  ];

  peerTest("swaks to the relay port, in the clear", ["swaks"], async () => {
    await swaks("relay", "--port", String(server.ports.smtp));
  });
  peerTest("swaks with pipelining over STARTTLS", ["swaks"], async () => {
    await swaks("pipeline", "--port", String(server.ports.smtp), "--tls", "--pipeline");
  });
  peerTest("swaks submits with STARTTLS and AUTH PLAIN", ["swaks"], async () => {
    await swaks("plain", "--port", String(server.ports.submission), "--tls", ...login("PLAIN"));
  });
  peerTest("swaks submits over TLS with AUTH LOGIN", ["swaks"], async () => {
    await swaks(
      "login",
      "--port",
      String(server.ports.submissions),
      "--tls-on-connect",
      ...login("LOGIN"),
    );
  });
  peerTest("swaks is refused: wrong password, unknown user, relay", ["swaks"], async () => {
    const wrong = await run("swaks", [
      ...["--server", "127.0.0.1", "--port", String(server.ports.submission), "--tls"],
      ...["--from", ANNA, "--to", BERT, "--auth", "PLAIN", "--auth-user", ANNA],
      ...["--auth-password", "not the password"],
    ]);
    assert.match(wrong.stdout, /535 5\.7\.8/);
    const relay = [
      "--server",
      "127.0.0.1",
      "--port",
      String(server.ports.smtp),
      "--from",
      "eve@example.org",
    ];
    const unknown = await run("swaks", [...relay, "--to", "nobody@posthorn.test"]);
    assert.match(unknown.stdout, /550 5\.1\.1/);
    const foreign = await run("swaks", [...relay, "--to", "victim@example.net"]);
    assert.match(foreign.stdout, /550 5\.7\.1/);
  });

  const msmtp = async (name: string, ...args: string[]): Promise<void> => {
    const messageId = `<msmtp-${name}@posthorn.test>`;
    const sent = await run(
      "msmtp",
      [
        ...[
          "--host=127.0.0.1",
          `--from=${ANNA}`,
          `--user=${ANNA}`,
          `--passwordeval=echo ${PASSWORD}`,
        ],
        ...["--tls=on", "--tls-certcheck=off", ...args, BERT],
      ],
      { input: message(messageId), env: { HOME: folder.path } },
    );
    assert.equal(sent.status, 0, sent.stderr);
    await expectInBertsInbox(messageId);
  };
  peerTest("msmtp submits with STARTTLS and SCRAM-SHA-256", ["msmtp"], async () => {
    await msmtp(
      "scram",
      `--port=${server.ports.submission}`,
      "--tls-starttls=on",
      "--auth=scram-sha-256",
    );
  });
  peerTest("msmtp submits over TLS, choosing its mechanism", ["msmtp"], async () => {
    await msmtp("tls", `--port=${server.ports.submissions}`, "--tls-starttls=off", "--auth=on");
  });

  peerTest("curl submits a file over TLS", ["curl"], async () => {
    const messageId = "<curl@posthorn.test>";
    const file = join(folder.path, "curl.eml");
    writeFileSync(file, message(messageId).replaceAll("\n", "\r\n"));
    const sent = await run("curl", [
      ...[
        "-sS",
        "-k",
        `smtps://127.0.0.1:${server.ports.submissions}`,
        "--user",
        `${ANNA}:${PASSWORD}`,
      ],
      ...["--mail-from", ANNA, "--mail-rcpt", BERT, "--upload-file", file],
    ]);
    assert.equal(sent.status, 0, sent.stderr);
    await expectInBertsInbox(messageId);
  });

  peerTest("mutt in batch mode sends with an attachment", ["mutt"], async () => {
    const messageId = "<mutt@posthorn.test>";
    const attachment = join(folder.path, "picture.bin");
    writeFileSync(attachment, Buffer.from(Array.from({ length: 256 }, (_, octet) => octet)));
    const settings = [
      "set ssl_starttls=yes ssl_force_tls=no ssl_verify_host=no ssl_verify_dates=no",
      `set smtp_url="smtp://${ANNA.replace("@", "%40")}@127.0.0.1:${server.ports.submission}/"`,
      `set smtp_pass="${PASSWORD}" smtp_authenticators="plain"`,
      `set from="${ANNA}" use_envelope_from=yes copy=no`,
      `my_hdr Message-ID: ${messageId}`,
      `set certificate_file="${join(folder.path, "accepted.pem")}"`,
    ];
    const rc = join(folder.path, "muttrc");
    writeFileSync(rc, `${settings.join("\n")}\n`);
    const certificate = await run(
      "sh",
      [
        "-c",
        `openssl s_client -starttls smtp -connect 127.0.0.1:${server.ports.submission} </dev/null 2>/dev/null | openssl x509 > accepted.pem`,
      ],
      { cwd: folder.path },
    );
    assert.equal(certificate.status, 0, certificate.stderr);
    const sent = await run(
      "mutt",
      ["-n", "-F", rc, "-s", "by mutt", "-a", attachment, "--", BERT],
      {
        input: "See the picture.\n",
        env: { HOME: folder.path, TERM: "dumb" },
      },
    );
    assert.equal(sent.status, 0, sent.stdout + sent.stderr);
    await expectInBertsInbox(messageId);
  });

  peerTest("s-nail submits over STARTTLS", ["s-nail"], async () => {
    const sent = await run(
      "s-nail",
      [
        ...[
          "-:/",
          "-Sv15-compat",
          "-Stls-verify=ignore",
          "-Ssmtp-use-starttls",
          "-Ssmtp-auth=plain",
        ],
        `-Smta=smtp://${encodeURIComponent(ANNA)}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${server.ports.submission}`,
        ...[`-Sfrom=${ANNA}`, "-s", "by s-nail", BERT],
      ],
      { input: "Hello from s-nail.\n", env: { HOME: folder.path } },
    );
    assert.equal(sent.status, 0, sent.stdout + sent.stderr);
    const { length } = await readInbox(server, BERT, PASSWORD);
    assert.ok(length > 0);
  });

  test("nodemailer submits with STARTTLS, several recipients, UTF-8 and an attachment", async () => {
    const messageId = "<nodemailer@posthorn.test>";
    const transport = createTransport({
      host: "127.0.0.1",
      port: server.ports.submission,
      requireTLS: true,
      tls: { rejectUnauthorized: false },
      auth: { user: ANNA, pass: PASSWORD },
    });
    const sent = await transport.sendMail({
      from: `Änna <${ANNA}>`,
      to: [BERT, ANNA],
      subject: "Grüße über den Zaun",
      messageId,
      text: "Zäune\n.\nund Dächer",
      html: "<p>Zäune</p>",
      attachments: [{ filename: "größe.txt", content: "groß" }],
    });
    transport.close();
    assert.deepEqual([...sent.accepted].sort(), [ANNA, BERT]);
    await expectInBertsInbox(messageId);
    const annas = await readInbox(server, ANNA, PASSWORD);
    assert.equal(annas.filter((found) => found.messageId === messageId).length, 1);
  });

  test("submission refuses a sender that is not the account's, and says which are", async () => {
    const transport = createTransport({
      host: "127.0.0.1",
      port: server.ports.submissions,
      secure: true,
      tls: { rejectUnauthorized: false },
      auth: { user: ANNA, pass: PASSWORD },
    });
    await assert.rejects(
      transport.sendMail({ from: BERT, to: BERT, subject: "forged", text: "x" }),
      (error: Error) => /550 5\.7\.1/.test(error.message) && error.message.includes(ANNA),
    );
    transport.close();
  });

  peerTest("the sendmail face hands mail in", ["sh"], async () => {
    const messageId = "<sendmail-face@posthorn.test>";
    const script = join(folder.path, "sendmail");
    writeFileSync(
      script,
      `#!/bin/sh\nPOSTHORN_CONFIG="${folder.config}" exec "${process.execPath}" "${join(import.meta.dirname, "../../bin/posthorn.js")}" sendmail "$@"\n`,
    );
    chmodSync(script, 0o755);
    const sent = await run(script, ["-t", "-i", "-f", ANNA], { input: message(messageId) });
    assert.equal(sent.status, 0, sent.stdout + sent.stderr);
    await expectInBertsInbox(messageId);
  });
});
