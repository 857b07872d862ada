/** `posthorn dns check` over real UDP and TCP: what it prints, its exit code, and that it ends. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import type { Answer } from "dns-packet";
import { TestDnsServer, type DnsBehaviour } from "../../src/net/testing/dns-server.ts";

const bin = join(import.meta.dirname, "../../bin/posthorn.js");
const folder = mkdtempSync(join(tmpdir(), "posthorn-dns-"));

type Run = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

function posthorn(words: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, ...words], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
}

function zone(records: readonly Answer[]): DnsBehaviour {
  return (question) => {
    const here = records.filter(({ name }) => name === question.name.toLowerCase());
    const answers = here.filter(({ type }) => type === question.type);
    return { answers, rcode: here.length === 0 ? 3 : 0 };
  };
}

const GOOD: readonly Answer[] = [
  { type: "MX", name: "us.test", ttl: 60, data: { preference: 5, exchange: "mx.us.test" } },
  // Too long for a datagram: asked for again over TCP.
  { type: "TXT", name: "us.test", ttl: 60, data: Array.from({ length: 6 }, () => "x".repeat(250)) },
  { type: "TXT", name: "us.test", ttl: 60, data: ["v=spf1 ip4:192.0.2.25", " -all"] },
  { type: "A", name: "mx.us.test", ttl: 60, data: "192.0.2.25" },
  { type: "PTR", name: "25.2.0.192.in-addr.arpa", ttl: 60, data: "mx.us.test" },
  { type: "TXT", name: "_dmarc.us.test", ttl: 60, data: ["v=DMARC1; p=none"] },
];

async function check(
  behaviour: DnsBehaviour,
  words: readonly string[] = [],
): Promise<Run & { readonly asked: readonly string[] }> {
  const server = await TestDnsServer.start(behaviour);
  try {
    const { address, port } = server.endpoint;
    const file = join(folder, "posthorn.toml");
    writeFileSync(
      file,
      `hostname = "mx.us.test"\n[dns]\nservers = ["${address}:${port}"]\ntimeout = "100ms"\nattempts = 1\n`,
      { mode: 0o600 },
    );
    const run = await posthorn(["--config", file, "dns", "check", "us.test", ...words]);
    return { ...run, asked: server.asked };
  } finally {
    server.close();
  }
}

suite("dns check", () => {
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("all is there: exit code 0, over TCP where an answer is long", async () => {
    const { status, stdout, stderr, asked } = await check(zone(GOOD));
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /^ok +MX +5 mx\.us\.test leads to us \(192\.0\.2\.25\)$/m);
    assert.match(stdout, /^ok +SPF +192\.0\.2\.25 may send for us\.test/m);
    assert.match(stdout, /us\.test has what mail needs\.$/m);
    assert.ok(asked.includes("tcp TXT us.test"));
  });

  test("something is missing: exit code 1 and the line to add; the same as JSON", async () => {
    const without = GOOD.filter(({ name }) => name !== "_dmarc.us.test");
    const text = await check(zone(without));
    assert.equal(text.status, 1);
    assert.match(
      text.stdout,
      /^_dmarc\.us\.test\. 3600 IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@us\.test"$/m,
    );
    const json = await check(zone(without), ["--json"]);
    const found = JSON.parse(json.stdout) as { isWell: boolean; findings: { level: string }[] };
    assert.equal(found.isWell, false);
    assert.equal(found.findings.filter(({ level }) => level === "missing").length, 1);
  });

  test("security row 52: silent and hostile name servers: it ends, and says so", async () => {
    const loop: DnsBehaviour = (_question, { id }) =>
      Uint8Array.from([
        id >> 8,
        id & 255,
        0x81,
        0x80,
        0,
        1,
        0,
        1,
        0,
        0,
        0,
        0,
        0xc0,
        12,
        0,
        1,
        0,
        1,
      ]);
    for (const behaviour of [(): "silence" => "silence", loop]) {
      const { status, stdout, stderr } = await check(behaviour);
      assert.equal(status, 1, stderr);
      assert.match(stdout, /^unknown +MX/m);
    }
    assert.equal((await posthorn(["dns", "check", "not a domain"])).status, 2);
  });
});
