import { test } from "node:test";
import assert from "node:assert/strict";
import { decodeLatin1, encodeLatin1 } from "../../base/bytes.ts";
import { ResponseDecoder, type ResponseEvent } from "./response-decoder.ts";

function run(
  input: string,
  chunkOctets: number,
  setUp?: (decoder: ResponseDecoder) => void,
): string[] {
  const decoder = new ResponseDecoder();
  setUp?.(decoder);
  const octets = encodeLatin1(input);
  const seen: string[] = [];
  for (let at = 0; at < octets.length; at += chunkOctets) {
    decoder.push(octets.slice(at, at + chunkOctets));
    for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
      seen.push(show(event));
      if (event.type === "fault") return seen;
    }
  }
  return seen;
}

function show(event: ResponseEvent): string {
  switch (event.type) {
    case "response":
      return `R ${decodeLatin1(event.octets)}`;
    case "literal":
      return `L ${event.sizeOctets} ${event.head}`;
    case "piece":
      return `P ${decodeLatin1(event.octets)}`;
    case "fault":
      return `F ${event.problem}`;
  }
}

const DIALOGUE =
  "* OK hi {3}\r\n" +
  '* 1 FETCH (BODY[] {9}\r\na\r\nb)c\r\n\r UID 3 X {0}\r\n Y "{1}")\r\n' +
  "+ go {5}\r\n" +
  "* LIST () {1}\r\n/ {3}\r\n\r\n\n\r\n" +
  "a1 NO [TRYCREATE] none {7}\r\n";

test("responses come out the same at every cut, literals in place", () => {
  const whole = run(DIALOGUE, 10_000);
  assert.deepEqual(whole, [
    "R * OK hi {3}",
    'R * 1 FETCH (BODY[] {9}\r\na\r\nb)c\r\n\r UID 3 X {0}\r\n Y "{1}")',
    "R + go {5}",
    "R * LIST () {1}\r\n/ {3}\r\n\r\n\n",
    "R a1 NO [TRYCREATE] none {7}",
  ]);
  for (const chunk of [1, 2, 3, 7]) assert.deepEqual(run(DIALOGUE, chunk), whole);
});

test("a long literal is handed on in pieces and stands as an empty string in the response", () => {
  for (const chunk of [1, 3, 1000]) {
    const seen = run(
      "* 1 FETCH (BODY[] {10}\r\n012345678\n FLAGS ({4}\r\nabcd))\r\n* 2 EXISTS\r\n",
      chunk,
      (decoder) => {
        decoder.streamOverOctets = 8;
      },
    );
    assert.equal(seen[0], "L 10 * 1 FETCH (BODY[] ");
    const pieces = seen.filter((line) => line.startsWith("P ")).map((line) => line.slice(2));
    assert.equal(pieces.join(""), "012345678\n");
    assert.deepEqual(seen.slice(-2), [
      "R * 1 FETCH (BODY[] {0}\r\n FLAGS ({4}\r\nabcd))",
      "R * 2 EXISTS",
    ]);
  }
});

test("security row 81: a literal over the limit is a fault before any of it is held", () => {
  const decoder = new ResponseDecoder({ lineOctets: 100, literalOctets: 50, responseOctets: 80 });
  decoder.push(encodeLatin1("* 1 FETCH (BODY[] {51}\r\n"));
  assert.equal(decoder.next()?.type, "fault");
  decoder.push(encodeLatin1("* OK\r\n"));
  assert.equal(decoder.next()?.type, "fault", "a fault stays");
  assert.equal(decoder.heldOctets, 0);
});

test("security row 81: many small literals are bounded by the size of the response", () => {
  const decoder = new ResponseDecoder({ lineOctets: 1000, literalOctets: 50, responseOctets: 80 });
  decoder.push(encodeLatin1("* X {40}\r\n".padEnd(50, "a") + " {40}\r\n"));
  assert.equal(decoder.next()?.type, "fault");
});

test("security row 21: a line without end is a fault at the limit", () => {
  const decoder = new ResponseDecoder({ lineOctets: 100, literalOctets: 50, responseOctets: 80 });
  for (let sent = 0; sent < 20; sent++) {
    decoder.push(new Uint8Array(10).fill(65));
    if (decoder.next()?.type === "fault") return assert.ok(sent >= 9 && sent <= 11);
  }
  assert.fail("never refused");
});

test("a large literal in small pieces costs linear time", () => {
  const decoder = new ResponseDecoder();
  decoder.push(encodeLatin1("* 1 FETCH (BODY[] {4000000}\r\n"));
  const piece = new Uint8Array(1000).fill(10);
  for (let sent = 0; sent < 4000; sent++) {
    decoder.push(piece);
    assert.equal(decoder.next(), undefined);
  }
  decoder.push(encodeLatin1(")\r\n"));
  const event = decoder.next();
  assert.ok(event?.type === "response" && event.octets.length === 4_000_000 + 30);
});

test("the longest response there may be comes through at every cut; one octet more does not", () => {
  const limits = { lineOctets: 40, literalOctets: 40, responseOctets: 40 };
  const runLimited = (input: string, chunk: number): string[] => {
    const decoder = new ResponseDecoder(limits);
    const octets = encodeLatin1(input);
    for (let at = 0; at < octets.length; at += chunk) {
      decoder.push(octets.slice(at, at + chunk));
      const event = decoder.next();
      if (event !== undefined) return [show(event)];
    }
    return [];
  };
  const longest = `* OK ${"x".repeat(35)}`;
  for (const chunk of [1, 2, 41, 100]) {
    assert.deepEqual(runLimited(`${longest}\r\n`, chunk), [`R ${longest}`]);
    assert.deepEqual(runLimited(`${longest}x\r\n`, chunk), ["F a response is too long"]);
  }
});
