/** What an operator does before, beside and around a running server. */

import assert from "node:assert/strict";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { makePosthornFolder } from "./posthorn-process.ts";

suite("an operator", () => {
  test("sets up a server with a configuration file before its first start", async (t) => {
    const folder = await makePosthornFolder(t);
    const data = join(folder.path, "data");
    assert.equal(existsSync(data), false);
    await folder.must("domain", "add", "example.org");
    assert.equal(statSync(data).mode & 0o777, 0o700, "mail is private");
    await folder.addAccount("anna@example.org", "secret of anna");
    const server = await folder.start();
    assert.match((await folder.must("account", "list")).stdout, /anna@example\.org/);
    await server.stop();
  });

  test("starts from the example configuration", async (t) => {
    const folder = await makePosthornFolder(t);
    const { stdout } = await folder.must("config", "example");
    writeFileSync(folder.config, stdout);
    assert.match((await folder.must("config", "check")).stdout, /is in order/);
    writeFileSync(
      folder.config,
      stdout.replace("#level", "#leveI").replaceAll(/^#(?=[[\w])/gm, ""),
    );
    const wrong = await folder.cli("config", "check");
    assert.equal(wrong.status, 78);
    assert.match(wrong.stderr, /posthorn\.toml:\d+:1: there is no setting leveI in \[log\]/);
  });

  test("a data folder that only --data names is not made by a slip of the finger", async (t) => {
    const folder = await makePosthornFolder(t);
    const slip = join(folder.path, "dta");
    const { status, stderr } = await folder.cli("domain", "add", "example.org", "--data", slip);
    assert.equal(status, 78);
    assert.match(stderr, /there is no data folder .*dta\. Start `posthorn serve` once/);
    assert.equal(existsSync(slip), false);
  });
});
