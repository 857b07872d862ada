/** SELECT and EXAMINE, with CONDSTORE and QRESYNC parameters (RFC 9051 §6.3.2, RFC 7162 §3.1.8, §3.2.5). */

import type { SequenceSet } from "../sequence-set.ts";
import type { ArgumentReader } from "../wire/argument-reader.ts";

export type QresyncParameter = {
  readonly uidValidity: number;
  readonly modSeq: number;
  readonly knownUids: SequenceSet | undefined;
  /** Sequence numbers and their UIDs as the client remembers them. */
  readonly knownPairs: { readonly seqs: SequenceSet; readonly uids: SequenceSet } | undefined;
};

export type SelectCommand = {
  readonly verb: "SELECT" | "EXAMINE";
  readonly mailbox: string;
  readonly isCondstore: boolean;
  readonly qresync: QresyncParameter | undefined;
};

export function readSelect(reader: ArgumentReader, verb: "SELECT" | "EXAMINE"): SelectCommand {
  reader.space();
  const mailbox = reader.mailbox();
  let isCondstore = false;
  let qresync: QresyncParameter | undefined;
  if (reader.take(" ") && !reader.isAtEnd) {
    reader.list(() => {
      const name = reader.keyword();
      if (name === "CONDSTORE") isCondstore = true;
      else if (name === "QRESYNC") qresync = readQresync(reader);
      else reader.fail("Unknown select parameter");
    });
  }
  return { verb, mailbox, isCondstore, qresync };
}

function readQresync(reader: ArgumentReader): QresyncParameter {
  reader.space();
  reader.expect("(");
  const uidValidity = reader.number();
  reader.space();
  const modSeq = reader.number64();
  let knownUids: SequenceSet | undefined;
  let knownPairs: QresyncParameter["knownPairs"];
  if (reader.take(" ")) {
    if (reader.next !== "(") knownUids = reader.sequenceSet();
    if (knownUids === undefined || reader.take(" ")) knownPairs = readPairs(reader);
  }
  reader.expect(")");
  return { uidValidity, modSeq, knownUids, knownPairs };
}

function readPairs(reader: ArgumentReader): QresyncParameter["knownPairs"] {
  reader.expect("(");
  const seqs = reader.sequenceSet();
  reader.space();
  const uids = reader.sequenceSet();
  reader.expect(")");
  return { seqs, uids };
}
