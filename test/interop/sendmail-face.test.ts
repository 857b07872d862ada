/** Debian's mail programs hand mail to our face of sendmail as they would to any other. */

import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite } from "node:test";
import {
  makePosthornFolder,
  type PosthornFolder,
  type PosthornProcess,
} from "../system/posthorn-process.ts";
import { peerTest, run } from "./peers.ts";

suite("programs that call sendmail", () => {
  let folder: PosthornFolder;
  let server: PosthornProcess;
  let sendmail: string;
  let env: Record<string, string>;
  const endings: (() => void | Promise<void>)[] = [];

  before(async () => {
    folder = await makePosthornFolder({ after: (fn) => void endings.push(fn) });
    await folder.must("domain", "add", "posthorn.test");
    await folder.addAccount("anna@posthorn.test", "sendmail-face");
    server = await folder.start();
    sendmail = join(folder.path, "sendmail");
    symlinkSync(join(import.meta.dirname, "../../bin/posthorn.js"), sendmail);
    const node = join(import.meta.dirname, "../../node_modules/.bin");
    env = {
      POSTHORN_CONFIG: folder.config,
      HOME: folder.path,
      PATH: `${node}:${process.env.PATH}`,
    };
  });
  after(async () => {
    await server.stop();
    for (const end of endings) await end();
  });

  async function latest(): Promise<string> {
    const list = await folder.must("mail", "list", "--user", "anna", "--json");
    const { messages } = JSON.parse(list.stdout) as { messages: { uid: number }[] };
    const uid = String(messages.at(-1)?.uid);
    return (await folder.must("mail", "read", uid, "--user", "anna", "--raw")).stdout;
  }

  peerTest("mutt", ["mutt"], async () => {
    const set = `set sendmail="${sendmail} -oem -oi" from="anna@posthorn.test" use_envelope_from=yes copy=no`;
    const sent = await run(
      "mutt",
      ["-n", "-F", "/dev/null", "-e", set, "-s", "by mutt", "anna@posthorn.test"],
      { input: "a\n.\nb\n", env },
    );
    assert.equal(sent.status, 0, sent.stderr);
    // mutt does not wait for what it started.
    let message = "";
    for (let attempt = 0; attempt < 50 && !message.includes("by mutt"); attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      message = await latest().catch(() => "");
    }
    assert.match(
      message,
      /^Return-Path: <anna@posthorn\.test>\r\n[^]*Subject: by mutt\r\n[^]*\r\n\r\na\r\n\.\r\nb\r\n$/,
    );
  });

  peerTest("s-nail, which waits for the exit code", ["s-nail"], async () => {
    const snail = (to: string) =>
      run(
        "s-nail",
        [
          "-:/",
          "-Sv15-compat",
          `-Smta=${sendmail}`,
          "-Ssendwait",
          "-Sfrom=anna@posthorn.test",
          "-s",
          "by s-nail",
          to,
        ],
        { input: "hello\n", env },
      );
    assert.equal((await snail("anna@posthorn.test")).status, 0);
    assert.match(await latest(), /Subject: by s-nail\r\n[^]*hello\r\n$/);
    assert.notEqual((await snail("nobody@posthorn.test")).status, 0);
  });
});
