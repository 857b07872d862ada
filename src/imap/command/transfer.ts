/** COPY and MOVE with their UID forms (RFC 9051 §6.4.7, §6.4.8; RFC 6851). */

import type { SequenceSet } from "../sequence-set.ts";
import type { ArgumentReader } from "../wire/argument-reader.ts";

export type TransferCommand<V extends "COPY" | "MOVE" = "COPY" | "MOVE"> = {
  readonly verb: V;
  readonly isUid: boolean;
  readonly set: SequenceSet;
  readonly mailbox: string;
};

export function readTransfer<V extends "COPY" | "MOVE">(
  reader: ArgumentReader,
  verb: V,
  isUid: boolean,
): TransferCommand<V> {
  reader.space();
  const set = reader.sequenceSet();
  reader.space();
  return { verb, isUid, set, mailbox: reader.mailbox() };
}
