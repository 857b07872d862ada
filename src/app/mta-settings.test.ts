import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "./config/read-config.ts";
import type { Settings } from "./config/settings-shape.ts";
import { mayShowPassword, mtaSettings } from "./mta-settings.ts";

function settingsOf(source: string): Settings {
  const outcome = readConfig(source);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.settings;
}

const clearFrom = (source: string): readonly string[] | undefined =>
  mtaSettings(settingsOf(source)).clearAuthNetworks;

test("security row 15: a password in the clear is taken on loopback listeners alone, unless said otherwise", () => {
  const loopback = ["127.0.0.0/8", "::1/128"];
  assert.deepEqual(clearFrom(""), loopback);
  assert.deepEqual(clearFrom('[listen]\nsubmission = "0.0.0.0:587"'), []);
  assert.deepEqual(clearFrom('[listen]\nsubmission = ["127.0.0.1:587", "[::]:588"]'), []);
  assert.deepEqual(clearFrom('[login]\nallowPlaintextAuth = "never"'), []);
  assert.deepEqual(clearFrom('[login]\nallowPlaintextAuth = "always"'), ["0.0.0.0/0", "::/0"]);
  const usual = settingsOf("");
  assert.deepEqual(
    ["127.0.0.1", "::1", "0.0.0.0", "::", "192.0.2.1"].map((host) => mayShowPassword(usual, host)),
    [true, true, false, false, false],
  );
  const never = settingsOf('[login]\nallowPlaintextAuth = "never"');
  assert.equal(mayShowPassword(never, "127.0.0.1"), false);
});

test("nobody may relay by default, not even loopback", () => {
  const { relayNetworks, relayDomains, smarthost } = mtaSettings(settingsOf(""));
  assert.deepEqual([relayNetworks, relayDomains, smarthost], [[], [], undefined]);
});

test("smarthost and routes arrive with their logins", () => {
  const settings = mtaSettings(
    settingsOf(`
[smarthost]
host = "smtp.far.test"
user = "us"
password = "pw"
[[routes]]
domain = "near.test"
host = "[192.0.2.9]"
tls = "never"
`),
  );
  assert.deepEqual(settings.smarthost, {
    host: "smtp.far.test",
    port: 587,
    tls: "verify",
    implicitTls: false,
    credentials: { name: "us", password: "pw" },
  });
  assert.deepEqual(settings.routes, [
    {
      domain: "near.test",
      nextHop: { host: "[192.0.2.9]", port: 25, tls: "never", implicitTls: false },
    },
  ]);
});
