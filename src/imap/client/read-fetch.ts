/** A FETCH response (RFC 9051 §7.5.2) from its values: whatever items the server chose to send. */

import { parseDateTime } from "../date-time.ts";
import { isList, numberOf, octetsOf, textOf, type DataResponse, type Value } from "./response.ts";
import { readBodyStructure, type BodyPart } from "./read-body-structure.ts";
import { readEnvelope, type Envelope } from "./read-envelope.ts";

export type FetchedMessage = {
  readonly sequenceNumber: number;
  readonly uid: number | undefined;
  /** As the server spells them: `\Seen`, `$Forwarded`. */
  readonly flags: readonly string[] | undefined;
  readonly sizeOctets: number | undefined;
  readonly internalDateMs: number | undefined;
  readonly modSeq: number | undefined;
  readonly envelope: Envelope | undefined;
  readonly structure: BodyPart | undefined;
  /** By section in upper case: "" for `BODY[]`, `HEADER`, `1.2`, `HEADER.FIELDS (SUBJECT)`. NIL is empty. */
  readonly sections: ReadonlyMap<string, Uint8Array>;
};

export function readFetch(response: DataResponse): FetchedMessage {
  const items = isList(response.values[0]) ? response.values[0] : [];
  const found = new Map<string, Value>();
  const sections = new Map<string, Uint8Array>();
  for (let index = 0; index + 1 < items.length; index += 2) {
    const key = items[index];
    if (typeof key !== "string") break;
    const name = key.toUpperCase();
    const section = /^(?:BODY|BINARY)\[(.*)\](?:<\d+>)?$/.exec(name);
    if (section === null) {
      found.set(name, items[index + 1]);
      continue;
    }
    // Servers may quote names of header fields, or not.
    const sectionName = section[1].replaceAll('"', "");
    sections.set(sectionName, octetsOf(items[index + 1]) ?? new Uint8Array(0));
  }
  const flags = found.get("FLAGS");
  const structure = found.get("BODYSTRUCTURE") ?? found.get("BODY");
  const date = textOf(found.get("INTERNALDATE"));
  const modSeq = found.get("MODSEQ");
  return {
    sequenceNumber: response.number ?? 0,
    uid: numberOf(found.get("UID")),
    flags: isList(flags) ? flags.flatMap((flag) => textOf(flag) ?? []) : undefined,
    sizeOctets: numberOf(found.get("RFC822.SIZE")),
    internalDateMs: date === undefined ? undefined : parseDateTime(date),
    modSeq: isList(modSeq) ? numberOf(modSeq[0]) : undefined,
    envelope: found.has("ENVELOPE") ? readEnvelope(found.get("ENVELOPE")) : undefined,
    structure: structure === undefined ? undefined : readBodyStructure(structure),
    sections,
  };
}
