/**
 * Posthorn hands mail to Dovecot's mailboxes by LMTP, over TCP with TLS and over a Unix socket; and writes
 * files and runs commands of its own as somebody who is not root.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { untilListening } from "../../bench/peers/postfix-instance.ts";
import { makeSelfSigned } from "../../src/net/self-signed.ts";
import { makePosthornFolder, type PosthornProcess } from "../system/posthorn-process.ts";
import { peerTest } from "./peers.ts";

const ANNA = "anna@posthorn.test";
const PASSWORD = "lmtp-password";
const NOBODY = 65_534;

peerTest(
  "mta 48: LMTP to Dovecot over TCP with TLS and over a Unix socket: each recipient has its own fate",
  ["dovecot", "root"],
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "posthorn-lmtp-"));
    const port = await freePort();
    const stop = await startDovecotLmtp(folder, port, ["bob", "carl"]);
    t.after(async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    });
    const server = await startPosthorn(
      t,
      `[[transports]]
name = "tcp"
kind = "lmtp"
hosts = "[127.0.0.1]:${port}"
tls = "require"
[[transports]]
name = "socket"
kind = "lmtp"
hosts = "${folder}/lmtp"
[[routes]]
domain = "tcp.test"
transport = "tcp"
[[routes]]
domain = "socket.test"
transport = "socket"
`,
    );
    const to = ["bob", "carl", "nobody"].flatMap((user) => [
      `${user}@tcp.test`,
      `${user}@socket.test`,
    ]);
    await submit(server, to);
    const fates = await settled(server, to);
    for (const [recipient, fate] of fates) {
      const wanted = recipient.startsWith("nobody") ? /^failed 5\.1\.1 / : /^delivered 2\.0\.0 /;
      assert.match(fate, wanted, recipient);
      assert.match(fate, recipient.endsWith("tcp.test") ? / TLSv1\.[23] / : / none$/, recipient);
    }
    for (const user of ["bob", "carl"]) {
      const inbox = join(folder, "mail", user, "new");
      const mails = readdirSync(inbox).map((name) => readFileSync(join(inbox, name), "latin1"));
      assert.equal(mails.length, 2);
      for (const mail of mails) assert.match(mail, /\n\n\.\n\.\.\nFrom here\.\n$/);
    }
    await server.stop();
  },
);

peerTest(
  "mta 33, 35: a Maildir, an mbox and commands, as nobody; nothing as root",
  ["root"],
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "posthorn-here-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, "out"));
    chownSync(join(folder, "out"), NOBODY, NOBODY);
    const script = join(folder, "deliver");
    writeFileSync(
      script,
      `#!/bin/sh\ncase "$1" in gone) echo 5.1.6 moved; exit 67;; esac\n{ id -u; cat; } > ${folder}/out/"$1"\n`,
      { mode: 0o755 },
    );
    writeFileSync(
      join(folder, "aliases"),
      `all: anna, ${folder}/out/box, ${folder}/out/dir/, "|${script} alias", "|/bin/sh -c x"\n`,
    );
    const server = await startPosthorn(
      t,
      `[[aliasFiles]]
path = "${folder}/aliases"
fileFolders = "${folder}/out"
commands = "${script}"
user = "nobody"
[[transports]]
name = "script"
kind = "pipe"
command = ["${script}", "{user}"]
runAs = "nobody"
[[transports]]
name = "root"
kind = "pipe"
command = ["${script}", "{user}"]
[[routes]]
domain = "script.test"
transport = "script"
[[routes]]
domain = "root.test"
transport = "root"
`,
    );
    const to = ["all@posthorn.test", "x@script.test", "gone@script.test", "y@root.test"];
    await submit(server, to);
    const fates = await settled(server, to);
    assert.match(fates.get("gone@script.test") ?? "", /^failed 5\.1\.6 /);
    assert.match(fates.get("y@root.test") ?? "", /^deferred 4\.3\.5 /);
    assert.match(fates.get("x@script.test") ?? "", /^delivered /);
    const out = (...names: string[]): string => join(folder, "out", ...names);
    await until(() => existsSync(out("alias")) && existsSync(out("box")) && existsSync(out("dir")));
    for (const name of ["x", "alias"]) {
      assert.match(
        readFileSync(out(name), "latin1"),
        /^65534\nReturn-Path: <anna@posthorn\.test>\n/,
      );
    }
    assert.equal(existsSync(out("y")), false);
    await until(() => readdirSync(out("dir", "new")).length === 1);
    await until(() => readFileSync(out("box"), "latin1").endsWith("\n\n"));
    const [name] = readdirSync(out("dir", "new"));
    for (const path of [out("box"), out("dir"), out("dir", "new", name)]) {
      assert.equal(statSync(path).uid, NOBODY, path);
    }
    assert.match(
      readFileSync(out("box"), "latin1"),
      /^From anna@posthorn\.test .*\n[^]*\n>From here/,
    );
    await server.stop();
  },
);

async function startPosthorn(
  t: Parameters<typeof makePosthornFolder>[0],
  config: string,
): Promise<PosthornProcess> {
  const folder = await makePosthornFolder(t, { config: `${config}[log]\nformat = "json"\n` });
  await folder.must("domain", "add", "posthorn.test");
  await folder.addAccount(ANNA, PASSWORD);
  return folder.start();
}

async function submit(server: PosthornProcess, to: readonly string[]): Promise<void> {
  const transport = createTransport({
    host: "127.0.0.1",
    port: server.ports.submission,
    tls: { rejectUnauthorized: false },
    auth: { user: ANNA, pass: PASSWORD },
  });
  await transport.sendMail({
    envelope: { from: ANNA, to: [...to] },
    from: ANNA,
    to: "everybody@posthorn.test",
    subject: "out",
    text: ".\n..\nFrom here.\n",
  });
}

/** `status dsn reply tls` of the first attempt for each recipient. */
async function settled(
  server: PosthornProcess,
  recipients: readonly string[],
): Promise<Map<string, string>> {
  const fates = new Map<string, string>();
  await until(() => {
    for (const line of server.output().split("\n")) {
      if (!line.includes('"mta.outcome"')) continue;
      const { to, status, dsn, reply, tls } = JSON.parse(line) as Record<string, string>;
      if (recipients.includes(to)) fates.set(to, `${status} ${dsn} ${reply} ${tls}`);
    }
    return fates.size === recipients.length;
  }).catch((error: unknown) => {
    throw new Error(server.output(), { cause: error });
  });
  return fates;
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not so after a long time: ${isSo.toString()}`);
}

async function startDovecotLmtp(
  folder: string,
  port: number,
  users: readonly string[],
): Promise<() => Promise<void>> {
  const { certificate, key } = await makeSelfSigned(["localhost", "127.0.0.1"], Date.now());
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "mail"));
  chownSync(join(folder, "mail"), 8, 8);
  writeFileSync(join(folder, "certificate.pem"), certificate);
  writeFileSync(join(folder, "key.pem"), key, { mode: 0o600 });
  writeFileSync(
    join(folder, "users"),
    users.map((user) => `${user}:{PLAIN}x:8:8::${folder}/mail/${user}\n`).join(""),
  );
  writeFileSync(
    join(folder, "dovecot.conf"),
    `protocols = lmtp
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/dovecot.log
listen = 127.0.0.1
ssl = yes
ssl_cert = <${folder}/certificate.pem
ssl_key = <${folder}/key.pem
first_valid_uid = 1
auth_username_format = %n
mail_location = maildir:${folder}/mail/%n
passdb {
  driver = passwd-file
  args = username_format=%n ${folder}/users
}
userdb {
  driver = passwd-file
  args = username_format=%n ${folder}/users
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${port}
  }
  unix_listener ${folder}/lmtp {
    mode = 0666
  }
}
`,
  );
  const child = spawn("/usr/sbin/dovecot", ["-F", "-c", join(folder, "dovecot.conf")], {
    stdio: "ignore",
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  await untilListening(port).catch((error: unknown) => {
    throw new Error(readFileSync(join(folder, "dovecot.log"), "utf8"), { cause: error });
  });
  return async () => {
    child.kill("SIGTERM");
    await ended;
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
