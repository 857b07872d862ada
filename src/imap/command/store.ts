/** STORE and UID STORE (RFC 9051 §6.4.6; UNCHANGEDSINCE, RFC 7162 §3.1.3). */

import { readFlagList, readFlags } from "../flag.ts";
import type { SequenceSet } from "../sequence-set.ts";
import type { ArgumentReader } from "../wire/argument-reader.ts";

export type StoreCommand = {
  readonly verb: "STORE";
  readonly isUid: boolean;
  readonly set: SequenceSet;
  readonly action: "add" | "remove" | "replace";
  readonly isSilent: boolean;
  readonly flags: readonly string[];
  readonly unchangedSince: number | undefined;
};

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
  if (item !== "FLAGS" && item !== "FLAGS.SILENT") reader.fail("Expected FLAGS");
  reader.space();
  const flags = reader.next === "(" ? readFlagList(reader) : readFlags(reader);
  return {
    verb: "STORE",
    isUid,
    set,
    action,
    isSilent: item === "FLAGS.SILENT",
    flags,
    unchangedSince,
  };
}
