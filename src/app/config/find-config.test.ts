import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findConfig } from "./find-config.ts";

test("every relative path starts at the folder of the file, wherever the server is started", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-find-config-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "posthorn.toml");
  const source = `
    dataFolder = "PATH"
    [tls]
    clientAnchors = "PATH"
    [[tls.certificates]]
    certificate = "PATH"
    key = "PATH"
    [login.oauth]
    keySet = "PATH"
    issuer = "i"
    audience = "a"
    [maps]
    canonical = "PATH"
    senderCanonical = "PATH"
    recipientCanonical = "PATH"
    virtual = ["PATH", "PATH"]
    relocated = "PATH"
    [reports]
    templates = "PATH"
    [[aliasFiles]]
    path = "PATH"
    includeFolders = "PATH"
    fileFolders = "PATH"
    commands = "PATH"`;
  writeFileSync(file, source.replaceAll("PATH", "etc/x"));
  const { settings, dataFolder } = findConfig({ config: file }, {}, "/");
  const written = JSON.stringify(settings).split(join(folder, "etc/x")).length - 1;
  assert.equal(written, source.split("PATH").length - 1);
  assert.equal(JSON.stringify(settings).includes('"etc/x'), false);
  assert.equal(dataFolder, join(folder, "etc/x"));
});
