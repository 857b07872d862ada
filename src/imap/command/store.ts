/** STORE and UID STORE (RFC 9051 §6.4.6; UNCHANGEDSINCE, RFC 7162 §3.1.3). */

import { readFlags } from "../flag.ts";
import { readLabels } from "../gmail-label.ts";
import type { SequenceSet } from "../sequence-set.ts";
import type { ArgumentReader } from "../wire/argument-reader.ts";

export type StoreCommand = {
  readonly verb: "STORE";
  readonly isUid: boolean;
  readonly set: SequenceSet;
  readonly action: "add" | "remove" | "replace";
  readonly isSilent: boolean;
  readonly flags: readonly string[];
  /** X-GM-LABELS are to be changed, not flags. */
  readonly labels: readonly string[] | undefined;
  readonly unchangedSince: number | undefined;
};

const ITEMS: ReadonlySet<string> = new Set([
  "FLAGS",
  "FLAGS.SILENT",
  "X-GM-LABELS",
  "X-GM-LABELS.SILENT",
]);

export function readStore(reader: ArgumentReader, isUid: boolean): StoreCommand {
  reader.space();
  const set = reader.sequenceSet();
  reader.space();
  let unchangedSince: number | undefined;
  if (reader.next === "(") {
    reader.list(() => {
      if (reader.keyword() !== "UNCHANGEDSINCE") reader.fail("Unknown store modifier");
      reader.space();
      unchangedSince = reader.number64();
    });
    reader.space();
  }
  const action = reader.take("+") ? "add" : reader.take("-") ? "remove" : "replace";
  const item = reader.keyword();
  const isLabels = item.startsWith("X-GM-LABELS");
  if (!ITEMS.has(item)) reader.fail("Expected FLAGS");
  reader.space();
  const labels = isLabels ? readLabels(reader) : undefined;
  const flags = isLabels ? [] : readFlags(reader);
  return {
    verb: "STORE",
    isUid,
    set,
    action,
    isSilent: item.endsWith(".SILENT"),
    flags,
    labels,
    unchangedSince,
  };
}
