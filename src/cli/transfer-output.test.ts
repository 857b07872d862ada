import assert from "node:assert/strict";
import { test } from "node:test";

import { TransferReport } from "../transfer/transfer-report.ts";
import { printTransfer } from "./transfer-output.ts";

/** The last line of what is printed. */
function conclusion(added: number, duplicates: number, isDryRun: boolean): string | undefined {
  const report = new TransferReport();
  Object.assign(report.mailbox("in.mbox", "INBOX"), { added, duplicates });
  let printed = "";
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text: string | Uint8Array): boolean => {
    printed += String(text);
    return true;
  };
  try {
    printTransfer(report, { isJson: false, isDryRun });
  } finally {
    process.stdout.write = write;
  }
  return printed.trimEnd().split("\n").at(-1);
}

test("one message is one message, and none are none", () => {
  assert.equal(conclusion(0, 0, false), "0 messages added.");
  assert.equal(conclusion(1, 1, false), "1 message added, 1 was there already.");
  assert.equal(conclusion(2, 3, true), "2 messages would be added, 3 were there already.");
});
