import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makeMemoryPipe } from "../base/testing/memory-channel.ts";
import { acceptProxied } from "./proxied-channel.ts";
import { parseProxyHeader } from "./proxy-header.ts";

const V2 = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10];
const IPV4 = [192, 0, 2, 7, 198, 51, 100, 25, 0x9c, 0x40, 0, 25];
const head = (command: number, family: number, length: number): number[] => [
  ...V2,
  0x20 | command,
  family,
  length >> 8,
  length & 255,
];

const good: [string, Uint8Array, string | undefined, number | undefined][] = [
  ["v1 TCP4", Buffer.from("PROXY TCP4 192.0.2.7 198.51.100.25 40000 25\r\n"), "192.0.2.7", 40000],
  ["v1 TCP6", Buffer.from("PROXY TCP6 2001:db8::1 2001:db8::2 1 25\r\n"), "2001:db8::1", 1],
  ["v1 UNKNOWN", Buffer.from("PROXY UNKNOWN\r\n"), undefined, undefined],
  ["v1 UNKNOWN with words", Buffer.from("PROXY UNKNOWN a b c d\r\n"), undefined, undefined],
  ["v2 IPv4", Uint8Array.from([...head(1, 0x11, 12), ...IPV4]), "192.0.2.7", 40000],
  ["v2 with TLV", Uint8Array.from([...head(1, 0x11, 15), ...IPV4, 4, 0, 0]), "192.0.2.7", 40000],
  ["v2 LOCAL", Uint8Array.from(head(0, 0, 0)), undefined, undefined],
  ["v2 UNIX", Uint8Array.from([...head(1, 0x31, 4), 1, 2, 3, 4]), undefined, undefined],
  [
    "v2 IPv6",
    Uint8Array.from(
      head(1, 0x21, 36).concat(
        [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        [0, 99, 0, 25],
      ),
    ),
    "2001:db8::9",
    99,
  ],
];

for (const [name, octets, address, port] of good) {
  test(`PROXY header, ${name}: at every cut`, () => {
    const withRest = Buffer.concat([octets, Buffer.from("EHLO x\r\n")]);
    for (let cut = 0; cut < octets.length; cut++) {
      assert.equal(parseProxyHeader(withRest.subarray(0, cut)).type, "incomplete", `cut ${cut}`);
    }
    const parse = parseProxyHeader(withRest);
    assert(parse.type === "header");
    assert.equal(parse.lengthOctets, octets.length);
    assert.deepEqual([parse.header.source?.address, parse.header.source?.port], [address, port]);
  });
}

test("PROXY header: what is refused", () => {
  const bad: [string, Uint8Array][] = [
    ["SMTP", Buffer.from("EHLO x\r\n")],
    ["wrong family", Buffer.from("PROXY TCP4 2001:db8::1 192.0.2.1 1 2\r\n")],
    ["bad address", Buffer.from("PROXY TCP4 192.0.2.777 192.0.2.1 1 2\r\n")],
    ["bad port", Buffer.from("PROXY TCP4 192.0.2.7 192.0.2.1 1 65536\r\n")],
    ["too few", Buffer.from("PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n")],
    ["endless", Buffer.from(`PROXY UNKNOWN ${"x".repeat(200)}`)],
    ["v2 version", Uint8Array.from([...V2, 0x11, 0x11, 0, 0])],
    ["v2 command", Uint8Array.from([...V2, 0x22, 0x11, 0, 0])],
    ["v2 short", Uint8Array.from([...head(1, 0x11, 4), 1, 2, 3, 4])],
    ["v2 long", Uint8Array.from(head(1, 0x11, 65535))],
  ];
  for (const [name, octets] of bad) assert.equal(parseProxyHeader(octets).type, "fault", name);
});

test("PROXY header: never throws, whatever comes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (octets, isV2) => {
      const start = isV2 ? V2 : [...Buffer.from("PROXY ")];
      parseProxyHeader(Uint8Array.from([...start, ...octets]));
    }),
  );
});

test("a proxied channel shows the client and keeps the octets behind the header", async () => {
  const { client, server } = makeMemoryPipe({ chunkOctets: 5 });
  await client.write(Buffer.from("PROXY TCP4 192.0.2.7 198.51.100.25 40000 25\r\nEHLO x\r\n"));
  const channel = await acceptProxied(server, 1000);
  assert.deepEqual(channel.peer, { address: "192.0.2.7", port: 40000 });
  assert.deepEqual(channel.local, { address: "198.51.100.25", port: 25 });
  let text = "";
  while (text.length < 8) text += Buffer.from((await channel.read(0)) ?? []).toString();
  assert.equal(text, "EHLO x\r\n");
});

test("a proxied channel rejects whoever sends no header", async () => {
  const { client, server } = makeMemoryPipe();
  await client.write(Buffer.from("EHLO x\r\n"));
  await assert.rejects(acceptProxied(server, 1000), { code: "protocol-broken" });
});
