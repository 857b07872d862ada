import { test } from "node:test";
import assert from "node:assert/strict";
import { hiddenFrom, type CapabilityMask } from "./capability-mask.ts";

const mask = (account: string, client: string): CapabilityMask => ({
  capabilities: ["QRESYNC"],
  account,
  client,
});

function isHidden(account: string, client: string, from: [string, string]): boolean {
  const [address, clientName] = from;
  return hiddenFrom([mask(account, client)], { address, clientName }).has("QRESYNC");
}

test("masks fit by account, by program, by both; * is anything", () => {
  assert.ok(isHidden("*", "Microsoft*", ["", "microsoft Office 365"]));
  assert.ok(!isHidden("*", "Microsoft*", ["", "Thunderbird"]));
  assert.ok(isHidden("anna@example.org", "*", ["anna@example.org", ""]));
  assert.ok(!isHidden("anna@example.org", "*", ["", ""]));
  assert.ok(isHidden("*@example.org", "*bird*", ["bob@example.org", "Thunderbird 128"]));
  assert.ok(!isHidden("*@example.org", "*bird*", ["bob@example.net", "Thunderbird 128"]));
  assert.ok(isHidden("a*b*c", "*", ["aXbXc", ""]));
  assert.ok(!isHidden("ab*ba", "*", ["aba", ""]), "ends may not overlap");
});
