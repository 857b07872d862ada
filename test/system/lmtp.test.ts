/** The LMTP service of a running server, on a Unix socket and a port. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { suite, test } from "node:test";
import { freePorts, makePosthornFolder } from "./posthorn-process.ts";
import { smtpDialogue } from "./smtp-dialogue.ts";

suite("LMTP", () => {
  test("on a Unix socket and a port; the socket of a server that died is replaced", async (t) => {
    const { smtp: port } = await freePorts("127.0.0.1");
    const folder = await makePosthornFolder(t, {
      config: `[[rules]]\nstage = "sender"\nservice = "lmtp"\nsender = "bad.test"\naction = "refuse"\n`,
    });
    const path = join(folder.path, "lmtp");
    const config = readFileSync(folder.config, "utf8");
    writeFileSync(folder.config, `${config}lmtp = ["${path}", "127.0.0.1:${port}"]\n`);
    await folder.must("domain", "add", "us.test");
    await folder.addAccount("anna@us.test", "secret of anna");
    const first = await folder.start();
    first.kill("SIGKILL");
    await first.ended;
    assert.ok(existsSync(path), "left behind");

    const server = await folder.start();
    assert.equal(statSync(path).mode & 0o777, 0o666);
    for (const where of [{ path }, { port, host: "127.0.0.1" }]) {
      const talk = smtpDialogue(where);
      assert.match(await talk.reply(), /^220 .* LMTP/);
      const hello = await talk.say("LHLO other.test");
      assert.equal(hello.includes("STARTTLS"), "port" in where);
      assert.match(await talk.say("MAIL FROM:<x@bad.test>"), /^550 5\.7\.1/);
      for (const line of ["MAIL FROM:<b@far.test>", "RCPT TO:<anna@us.test>"]) {
        assert.match(await talk.say(line), /^250/);
      }
      assert.match(await talk.say("RCPT TO:<nobody@us.test>"), /^550/);
      assert.match(await talk.say("RCPT TO:<anna+x@us.test>"), /^250/);
      assert.match(await talk.say("DATA"), /^354/);
      assert.match(await talk.say("Subject: a\r\n\r\nb\r\n."), /^250/);
      assert.match(await talk.reply(), /^250/);
      assert.match(await talk.say("QUIT"), /^221/);
    }
    const { stdout } = await folder.must("account", "list", "--json");
    assert.equal((JSON.parse(stdout) as { messages: number }[])[0].messages, 2);
    await server.stop();
    assert.ok(!existsSync(path), "taken away at the end");
  });

  test("a socket that somebody answers on is not taken from them", async (t) => {
    const folder = await makePosthornFolder(t);
    const path = join(folder.path, "lmtp");
    const config = readFileSync(folder.config, "utf8");
    writeFileSync(folder.config, `${config}lmtp = "${path}"\n`);
    const other = createServer().listen(path);
    t.after(() => other.close());
    await assert.rejects(folder.start(), /the socket .*lmtp is already in use by another program/);
    assert.ok(existsSync(path));
  });
});
