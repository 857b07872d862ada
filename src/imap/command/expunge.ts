/** EXPUNGE, and UID EXPUNGE set (RFC 9051 §6.4.3, §6.4.9; RFC 4315). */

import type { SequenceSet } from "../sequence-set.ts";
import type { ArgumentReader } from "../wire/argument-reader.ts";

export type ExpungeCommand = {
  readonly verb: "EXPUNGE";
  /** The UIDs to look at; undefined: all. */
  readonly set: SequenceSet | undefined;
};

export function readExpunge(reader: ArgumentReader, isUid: boolean): ExpungeCommand {
  if (!isUid) return { verb: "EXPUNGE", set: undefined };
  reader.space();
  return { verb: "EXPUNGE", set: reader.sequenceSet() };
}
