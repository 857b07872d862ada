import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkConfig } from "./check-config.ts";
import { findConfig } from "./config/find-config.ts";

const NOW_MS = 1_700_000_000_000;

test("doctor config reads alias files, tables and key sets, and looks for programs", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-check-config-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "posthorn.toml");
  writeFileSync(
    file,
    `hostname = "mx.home.test"
    [maps]
    canonical = "canonical"
    virtual = "virtual"
    [login.oauth]
    keySet = "keys.json"
    issuer = "i"
    audience = "a"
    [[aliasFiles]]
    path = "aliases"
    commands = ["/bin/sh", "/bin/no-such-program"]
    [[transports]]
    name = "tickets"
    kind = "pipe"
    command = ["${file}"]`,
  );
  writeFileSync(join(folder, "aliases"), "fine: |/bin/sh\nwrong: /srv/archive\n");
  writeFileSync(join(folder, "virtual"), "key-alone\n");
  const remarks = async (): Promise<string[]> => {
    const found = findConfig({ config: file }, {}, "/");
    return (await checkConfig(found, NOW_MS))
      .filter(({ level }) => level === "wrong")
      .map(({ text }) => text.replaceAll(folder, ""));
  };
  assert.deepEqual(await remarks(), [
    "/aliases:2: /srv/archive: mail is not written to files here (fileFolders)",
    "/canonical: there is no such file or folder",
    '/virtual:1: "key-alone" leads to nothing: write KEY, a space, and a value',
    'transport "tickets": /posthorn.toml may not be run',
    "aliasFiles.commands: /bin/no-such-program is not there",
    "login.oauth.keySet: /keys.json: there is no such file or folder",
  ]);
  for (const [text, problem] of [
    ["junk", "is no JWK Set"],
    ['{"keys":[]}', "holds no key that tokens can be checked with"],
  ]) {
    writeFileSync(join(folder, "keys.json"), text);
    assert.equal((await remarks()).at(-1), `login.oauth.keySet: /keys.json ${problem}`);
  }
});
