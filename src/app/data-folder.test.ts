import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { isMailError } from "../base/errors.ts";
import { makeDataFolder, requireOwnFolder } from "./data-folder.ts";

suite("the data folder", () => {
  let place = "";
  before(() => {
    place = mkdtempSync(join(tmpdir(), "posthorn-folder-"));
    chmodSync(place, 0o755);
  });
  after(() => rmSync(place, { recursive: true, force: true }));

  const complaint = (work: () => void): string => {
    try {
      work();
    } catch (error) {
      assert.ok(isMailError(error, "config-invalid"), String(error));
      return error.message;
    }
    return "";
  };

  test("is made with all above it, private", () => {
    const folder = join(place, "a/b/data");
    makeDataFolder(folder);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    makeDataFolder(folder);
  });

  test("a file in its place is named as what it is", () => {
    const file = join(place, "file");
    writeFileSync(file, "x");
    const is = /data folder .*\/file is a file, not a folder\. Choose another with --data/;
    assert.match(
      complaint(() => makeDataFolder(file)),
      is,
    );
    assert.match(
      complaint(() => requireOwnFolder(file)),
      is,
    );
    assert.match(
      complaint(() => makeDataFolder(join(file, "data"))),
      /file\/data can't be made \(ENOTDIR\)/,
    );
  });

  test("another user's folder: whose it is, and what to do", (t) => {
    const { getuid } = process;
    if (getuid?.() !== 0) return t.skip("only root can make such a folder");
    const folder = join(place, "theirs");
    mkdirSync(folder, { mode: 0o700 });
    chownSync(folder, 65_533, 65_533);
    t.mock.method(process as { getuid(): number }, "getuid", () => 65_534);
    const is =
      /theirs belongs to another user \(uid 65533; this is 65534\)\. Run this as that user/;
    assert.match(
      complaint(() => requireOwnFolder(folder)),
      is,
    );
  });
});
