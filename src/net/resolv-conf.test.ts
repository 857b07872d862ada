import assert from "node:assert/strict";
import { test } from "node:test";
import { parseResolvConf } from "./resolv-conf.ts";

test("resolv.conf: servers in order, options within bounds, the rest passed over", () => {
  const settings = parseResolvConf(
    [
      "# made by hand",
      "search example.test",
      "nameserver 192.0.2.53 ; the near one",
      "nameserver 2001:db8::53%eth0",
      "nameserver not-an-address",
      "nameserver",
      "options edns0 timeout:3 attempts:99",
      "\0\xff",
    ].join("\n"),
  );
  assert.deepEqual(settings, {
    servers: [
      { address: "192.0.2.53", port: 53 },
      { address: "2001:db8::53", port: 53 },
    ],
    timeoutMs: 3_000,
    attempts: 5,
  });
});

test("resolv.conf: without a server it is the one on this machine", () => {
  assert.deepEqual(parseResolvConf("").servers, [{ address: "127.0.0.1", port: 53 }]);
});
