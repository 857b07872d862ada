import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeLatin1, encodeLatin1 } from "../../base/bytes.ts";
import { parseHeader } from "../header.ts";
import { chosenFields, commonChoice, encodeCommonFields } from "./common-fields.ts";
import { selectHeaderFields } from "./section.ts";

const HEADER = encodeLatin1(
  "Received: from a by b\r\nFrom: Ann\r\n <ann@example.org>\r\nSUBJECT : odd\r\nTo:\r\nno field at all\r\n" +
    "From: second\r\nList-Id: <l.example.org>\nX-Own: x\r\nMessage-ID: <1@x>",
);

function both(names: readonly string[], header = HEADER): [string | undefined, string] {
  const choice = commonChoice(names);
  assert.ok(choice);
  const kept = encodeCommonFields(header, parseHeader(header));
  const chosen = chosenFields(kept, choice, undefined);
  return [
    chosen && decodeLatin1(chosen),
    decodeLatin1(selectHeaderFields(header, names, { not: false })),
  ];
}

test("the kept lines are those that the header itself would give", () => {
  const sets = [["from"], ["To", "FROM"], ["message-id", "subject"], ["list-id"], ["cc"]];
  for (const names of sets) {
    const [kept, selected] = both(names);
    assert.equal(kept, selected, names.join(" "));
  }
});

test("a name that is not kept is not answered, nor is what is too much to keep", () => {
  assert.equal(commonChoice(["from", "x-own"]), undefined);
  const long = encodeLatin1(`From: ${"x".repeat(9000)}\r\n\r\n`);
  assert.equal(both(["from"], long)[0], undefined);
  assert.equal(both(["to"], long)[0], undefined);
});

test("lines of a delivery prefix go first", () => {
  const choice = commonChoice(["from"]) ?? new Uint8Array(0);
  const kept = encodeCommonFields(HEADER, parseHeader(HEADER));
  const chosen = chosenFields(kept, choice, encodeLatin1("From: prefix\r\n"));
  assert.match(decodeLatin1(chosen ?? HEADER), /^From: prefix\r\nFrom: Ann/);
});
