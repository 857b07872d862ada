/** One item of a FETCH response with what is known of its octets, and writing it when they are in hand. */

import { CRLF } from "../../base/bytes.ts";
import type { Partial } from "../../imap/section.ts";
import type { ResponseWriter } from "../../imap/wire/response-writer.ts";
import { copyChosen, type CommonChoice } from "../../message/imap-view/common-fields.ts";
import type { OctetRange } from "../../message/imap-view/section.ts";
import type { BodySource } from "./body-source.ts";
import { showNul, withoutNul, writeOctets } from "./literal-octets.ts";

export type LoadedItem = {
  readonly label: Uint8Array | string;
  readonly partial: Partial | undefined;
  /** Octets in hand, a range still to read, or nothing there. */
  readonly body:
    | { readonly kind: "octets"; readonly octets: Uint8Array; readonly isBinary: boolean }
    | ChosenBody
    | { readonly kind: "range"; readonly range: OctetRange }
    /** Too large to have in hand before its turn: a request may name it fifty times, of many messages. */
    | LaterBody
    | { readonly kind: "size"; readonly octets: number }
    | { readonly kind: "text"; readonly text: string }
    | { readonly kind: "nil" };
};

/** Common header lines, after those of a delivery prefix: put together where they are written. */
export type ChosenBody = {
  readonly kind: "chosen";
  readonly before: Uint8Array;
  readonly encoded: Uint8Array;
  readonly choice: CommonChoice;
  /** `chosenLength` of them. */
  readonly length: number;
};

export type LaterBody = {
  readonly kind: "later";
  readonly read: () => Promise<Uint8Array>;
  readonly as: "binary" | "text" | "size";
  /** At most so much is in memory meanwhile: the stored octets, and what is made of them. */
  readonly neededOctets: number;
};

export type LoadedBodies = {
  readonly source: BodySource;
  readonly items: readonly LoadedItem[];
  /** Nothing is left to read when it is written. */
  readonly isInHand: boolean;
};

export function previewItem(text: string): LoadedItem {
  return { label: "PREVIEW", partial: undefined, body: { kind: "text", text } };
}

export function writeLabel(out: ResponseWriter, item: LoadedItem, isAfterOthers: boolean): void {
  const { label, partial } = item;
  if (isAfterOthers) out.text(" ");
  if (typeof label === "string") out.text(label);
  else out.octets(label);
  if (partial !== undefined) out.text("<").number(partial.start).text(">");
  out.text(" ");
}

export function writeInHand(out: ResponseWriter, body: LoadedItem["body"]): void {
  if (body.kind === "octets") writeOctets(out, body.octets, body.isBinary);
  else if (body.kind === "chosen") writeChosen(out, body);
  else if (body.kind === "text") out.string(body.text);
  else if (body.kind === "size") out.number(body.octets);
  else out.text("NIL");
}

function writeChosen(out: ResponseWriter, { before, encoded, choice, length }: ChosenBody): void {
  out
    .text("{")
    .number(before.length + length + CRLF.length)
    .text("}\r\n")
    .octets(withoutNul(before))
    .fill(length, (target, at) => {
      copyChosen(encoded, choice, target, at);
      showNul(target, at, at + length);
    })
    .text("\r\n");
}
