import assert from "node:assert/strict";
import { on, once } from "node:events";
import { spawn } from "node:child_process";
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import nodemailer from "nodemailer";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { peerTest, run } from "../../test/interop/peers.ts";
import type { Channel } from "../base/channel.ts";
import { silentLog } from "../base/log.ts";
import { connect } from "../net/connect.ts";
import { listen, type Listener } from "../net/listen.ts";
import { nodeCrypto } from "../net/node-crypto.ts";
import { makeSelfSigned } from "../net/self-signed.ts";
import { ServerTls } from "../net/server-tls.ts";
import { systemClock } from "../net/system-clock.ts";
import { systemRandom } from "../net/system-random.ts";
import { clientMechanism } from "../sasl/client-mechanism.ts";
import { advertisedMechanisms, serverMechanism } from "../sasl/server-mechanism.ts";
import { MemoryCredentials } from "../sasl/testing/memory-credentials.ts";
import { SmtpClient } from "./client.ts";
import type { SmtpSession } from "./handler.ts";
import { serveSmtp } from "./serve.ts";
import type { ServeOptions } from "./serve-options.ts";
import { Recording, RecordingHandler } from "./testing/recording-handler.ts";

const PASSWORD = "correct horse";
const credentials = new MemoryCredentials(nodeCrypto, [
  { address: "user@example.org", password: PASSWORD },
]);

/** Takes what anybody sends, but lets only `user@example.org` in. */
class PeerHandler extends RecordingHandler {
  readonly #peerSession: SmtpSession;

  constructor(session: SmtpSession, recording: Recording) {
    super(session, recording);
    this.#peerSession = session;
  }

  #deps() {
    return {
      crypto: nodeCrypto,
      random: systemRandom,
      credentials,
      cramSecret: async () => Buffer.from(PASSWORD),
      channelBinding: this.#peerSession.tls?.channelBinding,
    };
  }

  override mechanisms(): readonly string[] {
    return advertisedMechanisms(this.#deps(), { tls: this.#peerSession.tls !== undefined });
  }

  override startMechanism(name: string) {
    return serverMechanism(name, this.#deps());
  }
}

const certificate = makeSelfSigned(["localhost", "127.0.0.1"], Date.now());

async function serving(
  tls: "none" | "starttls" | "implicit",
  options: Partial<ServeOptions> = {},
): Promise<{ listener: Listener; recording: Recording; port: number }> {
  const recording = new Recording();
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls,
    ...(tls !== "none" && { serverTls: new ServerTls({ certificates: [await certificate] }) }),
    log: silentLog,
    onChannel: (channel: Channel) =>
      serveSmtp(channel, (session) => new PeerHandler(session, recording), {
        hostName: "localhost",
        clock: systemClock,
        random: systemRandom,
        startTls: tls === "starttls" ? "offered" : "off",
        ...options,
      }),
  });
  return { listener, recording, port: listener.endpoint.port };
}

function contentOf(recording: Recording, index = 0): string {
  return Buffer.from(recording.messages[index].content).toString("latin1");
}

const TRICKY = "\n.\n..\n.hidden\nline\n\n.";

for (const [name, tls, method] of [
  ["in the clear", "none", undefined],
  ["STARTTLS and PLAIN", "starttls", "PLAIN"],
  ["STARTTLS and LOGIN", "starttls", "LOGIN"],
  ["implicit TLS and CRAM-MD5", "implicit", "CRAM-MD5"],
] as const) {
  test(`peer nodemailer as client, ${name}`, async () => {
    const { listener, recording, port } = await serving(tls);
    const transport = nodemailer.createTransport({
      host: "127.0.0.1",
      port,
      secure: tls === "implicit",
      requireTLS: tls === "starttls",
      tls: { rejectUnauthorized: false },
      pool: true,
      maxConnections: 2,
      ...(method !== undefined && {
        auth: { user: "user@example.org", pass: PASSWORD },
        authMethod: method,
      }),
    });
    try {
      const attachment = Buffer.alloc(3_000_000, "0123456789\r\n.\r\n");
      const sent = await Promise.all(
        [1, 2, 3, 4].map((number) =>
          transport.sendMail({
            from: "user@example.org",
            to: ["a@example.org", "unknown@example.org", "ü@example.org"],
            subject: `number ${number} ünï`,
            text: TRICKY,
            attachments: number === 4 ? [{ filename: "x.bin", content: attachment }] : [],
            dsn: {
              id: "id+1",
              return: "headers",
              notify: ["failure", "delay"],
              recipient: "a@b.c",
            },
          }),
        ),
      );
      assert.equal(recording.messages.length, 4);
      for (const info of sent) assert.deepEqual(info.rejected, ["unknown@example.org"]);
      const [message] = recording.messages;
      assert.deepEqual(message.to, ["a@example.org", "ü@example.org"]);
      assert.equal(message.mail.envid, "id+1");
      assert.deepEqual(message.rcpt[0].notify, ["failure", "delay"]);
      assert.equal(message.session.identity, method === undefined ? undefined : "user@example.org");
      assert.equal(message.session.tls === undefined, tls === "none");
      assert(contentOf(recording).includes("\r\n.\r\n..\r\n.hidden\r\nline\r\n\r\n."));
      const largest = Math.max(...recording.messages.map(({ content }) => content.length));
      assert(largest > 4_000_000);
    } finally {
      transport.close();
      await listener.drain(1000);
    }
  });
}

test("peer nodemailer as client: a wrong password is refused", async () => {
  const { listener, port } = await serving("starttls");
  const transport = nodemailer.createTransport({
    host: "127.0.0.1",
    port,
    tls: { rejectUnauthorized: false },
    auth: { user: "user@example.org", pass: "wrong" },
  });
  await assert.rejects(transport.verify(), { responseCode: 535 });
  transport.close();
  await listener.drain(1000);
});

test("peer nodemailer as client over LMTP: one answer for each recipient", async () => {
  const { listener, recording, port } = await serving("none", { protocol: "lmtp" });
  const transport = nodemailer.createTransport({
    host: "127.0.0.1",
    port,
    lmtp: true,
    ignoreTLS: true,
  } as Parameters<typeof nodemailer.createTransport>[0]);
  const info = (await transport.sendMail({
    from: "a@example.org",
    to: ["b@example.org", "full@example.org"],
    text: TRICKY,
  })) as { accepted: string[]; rejected: string[] };
  assert.deepEqual([info.accepted, info.rejected], [["b@example.org"], ["full@example.org"]]);
  assert.equal(recording.messages.length, 1);
  transport.close();
  await listener.drain(1000);
});

type Taken = { from: string | undefined; to: string[]; content: string; user: string | undefined };

async function smtpServer(
  options: SMTPServerOptions,
): Promise<{ server: SMTPServer; port: number; taken: Taken[] }> {
  const taken: Taken[] = [];
  const server = new SMTPServer({
    logger: false,
    onAuth(auth, _session, done) {
      const isRight = auth.password === PASSWORD || auth.validatePassword?.(PASSWORD) === true;
      done(isRight ? null : new Error("wrong"), { user: auth.username });
    },
    onRcptTo(address, _session, done) {
      if (!address.address.startsWith("unknown")) return done();
      done(Object.assign(new Error("no such user"), { responseCode: 550 }));
    },
    onData(stream, session, done) {
      const pieces: Buffer[] = [];
      stream.on("data", (piece: Buffer) => pieces.push(piece));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        taken.push({
          from: mailFrom === false ? undefined : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          content: Buffer.concat(pieces).toString("latin1"),
          user: session.user,
        });
        done(null, "queued as 1");
      });
    },
    ...options,
  });
  server.on("error", () => {});
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  return { server, port: (server.server.address() as AddressInfo).port, taken };
}

const MESSAGE = Buffer.from("Subject: x\r\n\r\n.\r\n..\r\nbare\nlf\rcr \xe9\r\n.end", "latin1");

async function deliver(client: SmtpClient, body: "7bit" | "8bitmime" = "8bitmime") {
  return client.deliver({
    reversePath: { localPart: "user", domain: "example.org" },
    recipients: ["a", "unknown", "b"].map((localPart) => ({
      address: { localPart, domain: "example.org" },
    })),
    content: {
      sizeOctets: MESSAGE.length,
      body,
      needsSmtpUtf8: false,
      chunks: () => [MESSAGE.subarray(0, 15), MESSAGE.subarray(15)],
    },
  });
}

for (const [method, usePipelining] of [
  ["PLAIN", true],
  ["LOGIN", false],
  ["CRAM-MD5", true],
] as const) {
  test(`peer smtp-server as server, STARTTLS and ${method}, pipelining ${usePipelining}`, async () => {
    const { certificate: cert, key } = await certificate;
    const { server, port, taken } = await smtpServer({
      cert,
      key,
      authMethods: ["PLAIN", "LOGIN", "CRAM-MD5"],
    });
    const channel = await connect({ host: "127.0.0.1", port, timeoutMs: 5000, trust: [cert] });
    const client = new SmtpClient(channel, {
      clientName: "client.example",
      clock: systemClock,
      usePipelining,
    });
    assert.equal((await client.open()).ok, true);
    assert.equal((await client.startTls({ serverName: "localhost", verify: true })).ok, true);
    const mechanism = clientMechanism(
      method,
      { name: "user@example.org", password: PASSWORD },
      { crypto: nodeCrypto, random: systemRandom },
    );
    assert(mechanism !== undefined);
    assert.equal((await client.authenticate(mechanism)).ok, true);
    for (let number = 0; number < 3; number++) {
      const { outcomes, isReusable } = await deliver(client);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ["accepted", "refused", "accepted"],
      );
      assert.equal(isReusable, true);
    }
    await client.quit();
    assert.equal(taken.length, 3);
    assert.deepEqual(taken[0].to, ["a@example.org", "b@example.org"]);
    assert.equal(taken[0].user, "user@example.org");
    assert.equal(taken[0].content, "Subject: x\r\n\r\n.\r\n..\r\nbare\r\nlf cr \xe9\r\n.end\r\n");
    await new Promise<void>((resolve) => server.close(resolve));
  });
}

test("peer smtp-server as LMTP server", async () => {
  const { server, port, taken } = await smtpServer({
    lmtp: true,
    authOptional: true,
    disabledCommands: ["STARTTLS"],
  });
  const channel = await connect({ host: "127.0.0.1", port, timeoutMs: 5000 });
  const client = new SmtpClient(channel, {
    clientName: "client.example",
    clock: systemClock,
    protocol: "lmtp",
  });
  assert.equal((await client.open()).ok, true);
  const { outcomes } = await deliver(client);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["accepted", "refused", "accepted"],
  );
  await client.quit();
  assert.equal(taken.length, 1);
  await new Promise<void>((resolve) => server.close(resolve));
});

test("our client and our server over TLS: SCRAM-SHA-256-PLUS, pipelining, BDAT", async () => {
  const { listener, recording, port } = await serving("starttls", {
    extensions: ["PIPELINING", "SIZE", "8BITMIME", "CHUNKING", "BINARYMIME", "REQUIRETLS", "DSN"],
  });
  const { certificate: cert } = await certificate;
  const channel = await connect({ host: "127.0.0.1", port, timeoutMs: 5000, trust: [cert] });
  const client = new SmtpClient(channel, { clientName: "client.example", clock: systemClock });
  await client.open();
  await client.startTls({ serverName: "localhost", verify: true });
  const mechanism = clientMechanism(
    "SCRAM-SHA-256-PLUS",
    { name: "user@example.org", password: PASSWORD },
    {
      crypto: nodeCrypto,
      random: systemRandom,
      ...(channel.tls?.channelBinding !== undefined && {
        channelBinding: channel.tls.channelBinding,
      }),
      advertised: client.extensions.mechanisms,
    },
  );
  assert(mechanism !== undefined);
  assert.deepEqual(await client.authenticate(mechanism), {
    ok: true,
    reply: { code: 235, enhanced: "2.7.0", lines: ["Authentication succeeded"] },
  });
  const binary = systemRandom.bytes(2_000_000);
  const { outcomes } = await client.deliver({
    reversePath: "null",
    recipients: [{ address: { localPart: "a", domain: "example.org" } }],
    params: { requireTls: true },
    content: {
      sizeOctets: binary.length,
      body: "binarymime",
      needsSmtpUtf8: false,
      chunks: () => [binary],
    },
  });
  assert.equal(outcomes[0].status, "accepted");
  await client.quit();
  assert(Buffer.from(recording.messages[0].content).equals(binary));
  assert.equal(recording.messages[0].mail.requireTls, true);
  await listener.drain(1000);
});

peerTest("peer swaks: clear and pipelined, STARTTLS with AUTH, TLS, LMTP", ["swaks"], async () => {
  const from = ["--from", "user@example.org", "--to", "a@example.org,b@example.org"];
  const body = ["--body", ".dot\\n.\\n..two", "--timeout", "20"];
  const login = ["--auth-user", "user@example.org", "--auth-password", PASSWORD];
  const cases: [string, "none" | "starttls" | "implicit", Partial<ServeOptions>, string[]][] = [
    ["plain", "none", {}, []],
    ["pipelined", "none", {}, ["--pipeline"]],
    ["STARTTLS, PLAIN", "starttls", {}, ["-tls", "--auth", "PLAIN", ...login]],
    ["STARTTLS, LOGIN", "starttls", {}, ["-tls", "--auth", "LOGIN", ...login]],
    ["TLS, CRAM-MD5", "implicit", {}, ["-tlsc", "--auth", "CRAM-MD5", ...login]],
    ["LMTP", "none", { protocol: "lmtp" }, ["--protocol", "LMTP"]],
  ];
  for (const [name, tls, options, extra] of cases) {
    const { listener, recording, port } = await serving(tls, options);
    const server = ["--server", "127.0.0.1", "--port", `${port}`];
    const { status, stdout, stderr } = await run("swaks", [...server, ...from, ...body, ...extra]);
    assert.equal(status, 0, `${name}: ${stdout}${stderr}`);
    assert.equal(recording.messages.length, 1, name);
    assert(contentOf(recording).includes("\r\n.dot\r\n.\r\n..two"), name);
    await listener.drain(1000);
  }
});

peerTest("peer msmtp: STARTTLS with AUTH", ["msmtp"], async () => {
  const { listener, recording, port } = await serving("starttls", {
    protocol: "submission",
    isAuthRequired: true,
  });
  const { status, stderr } = await run(
    "msmtp",
    [
      "--host=127.0.0.1",
      `--port=${port}`,
      "--tls=on",
      "--tls-starttls=on",
      "--tls-certcheck=off",
      "--auth=plain",
      "--user=user@example.org",
      `--passwordeval=echo ${PASSWORD}`,
      "--from=user@example.org",
      "a@example.org",
    ],
    { input: `Subject: x\n\n${TRICKY}\n` },
  );
  assert.equal(status, 0, stderr);
  assert.equal(recording.messages[0].session.identity, "user@example.org");
  assert(contentOf(recording).includes("\r\n.\r\n..\r\n.hidden\r\nline\r\n\r\n.\r\n"));
  await listener.drain(1000);
});

peerTest("peer curl: implicit TLS with AUTH", ["curl"], async () => {
  const { listener, recording, port } = await serving("implicit");
  const { status, stderr } = await run(
    "curl",
    [
      "-sS",
      "-k",
      `smtps://127.0.0.1:${port}`,
      "--mail-from",
      "user@example.org",
      "--mail-rcpt",
      "a@example.org",
      "--mail-rcpt",
      "b@example.org",
      "-u",
      `user@example.org:${PASSWORD}`,
      "-T",
      "-",
    ],
    { input: "Subject: x\r\n\r\n.dot\r\n.\r\n..two\r\n" },
  );
  assert.equal(status, 0, stderr);
  assert(contentOf(recording).includes("\r\n.dot\r\n.\r\n..two"));
  await listener.drain(1000);
});

test("security row 12: what a real client sends behind STARTTLS in the clear is never answered", async () => {
  const { listener, recording, port } = await serving("starttls");
  const socket = connectSocket(port, "127.0.0.1");
  const answers = async (mark: RegExp, from: Socket): Promise<string> => {
    let heard = "";
    for await (const [octets] of on(from, "data") as AsyncIterable<[Buffer]>) {
      heard += octets.toString();
      if (mark.test(heard)) break;
    }
    return heard;
  };
  await answers(/^220 /m, socket);
  socket.write("EHLO client.example\r\n");
  await answers(/^250 /m, socket);
  socket.write(
    "STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<b@example.org>\r\n",
  );
  await answers(/^220 2/m, socket);
  const secure = connectTls({ socket, rejectUnauthorized: false });
  await once(secure, "secureConnect");
  secure.write("NOOP\r\n");
  assert.equal(await answers(/\r\n/, secure), "250 2.0.0 Ok\r\n");
  secure.write("DATA\r\n");
  assert.match(await answers(/\r\n/, secure), /^503 /);
  secure.destroy();
  assert.equal(
    recording.calls.some((call) => call.includes("evil")),
    false,
  );
  await listener.drain(1000);
});

for (const tls of ["starttls", "implicit"] as const) {
  peerTest(`peer openssl s_client, ${tls}`, ["openssl"], async () => {
    const { listener, recording, port } = await serving(tls);
    const starttls = tls === "starttls" ? "-starttls smtp" : "";
    // Whoever speaks before the banner is sent away.
    const { stdout, stderr } = await run(
      "sh",
      [
        "-c",
        `(sleep 1; printf 'NOOP\\nquit\\n') | openssl s_client ${starttls} -connect 127.0.0.1:${port} -crlf -quiet -ign_eof`,
      ],
      { timeoutMs: 20_000 },
    );
    assert.match(stdout, /250 2\.0\.0 Ok/, stderr);
    assert.match(stdout, /221 2\.0\.0 Bye/);
    assert.equal(recording.messages.length, 0);
    await listener.drain(1000);
  });
}

peerTest("peer smtp-source (Postfix as client): many sessions", ["smtp-source"], async () => {
  const { listener, recording, port } = await serving("none", { limits: { maxCommands: 1e6 } });
  const { status, stderr } = await run("smtp-source", [
    "-s",
    "5",
    "-m",
    "200",
    "-l",
    "4096",
    "-f",
    "a@example.org",
    "-t",
    "b@example.org",
    `inet:127.0.0.1:${port}`,
  ]);
  assert.equal(status, 0, stderr);
  assert.equal(recording.messages.length, 200);
  await listener.drain(1000);
});

peerTest("peer smtp-sink (Postfix's) as server: SMTP and LMTP", ["smtp-sink"], async () => {
  for (const protocol of ["smtp", "lmtp"] as const) {
    const port = await freePort();
    const flags = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
    if (protocol === "lmtp") flags.push("-L");
    const sink = spawn("smtp-sink", [...flags, `127.0.0.1:${port}`, "10"], { stdio: "ignore" });
    try {
      const client = new SmtpClient(await connectSoon(port), {
        clientName: "client.example",
        clock: systemClock,
        protocol,
      });
      assert.equal((await client.open()).ok, true);
      for (let number = 0; number < 50; number++) {
        const { outcomes } = await deliver(client);
        assert(outcomes.every(({ status }) => status === "accepted"));
      }
      await client.quit();
    } finally {
      sink.kill();
    }
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A program just started does not listen at once. */
async function connectSoon(port: number): Promise<Channel> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await connect({ host: "127.0.0.1", port, timeoutMs: 2000 });
    } catch (error) {
      if (attempt === 100) throw error;
      await systemClock.sleep(50);
    }
  }
}
