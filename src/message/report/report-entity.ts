/**
 * multipart/report (RFC 6522): a text for people, a part for programs, and what the report is about.
 * DSN, MDN and ARF differ in the second part alone.
 */

import { indexOfBytes, isAscii, encodeLatin1 } from "../../base/bytes.ts";
import { bodyOctets, bodyText } from "../decode-body.ts";
import type { EntityDraft } from "../entity.ts";
import { type ParsedMessage, type Part, partsOf } from "../part.ts";
import { type FieldGroup, parseFieldGroups } from "./report-fields.ts";

export type ReturnedContent = {
  /** The message that the report is about. */
  readonly octets: Uint8Array;
  /** Give back all of it, or its header section alone (RFC 3461 §4.3 RET). */
  readonly ret: "full" | "headers";
};

export function reportEntity(
  reportType: string,
  text: string,
  machine: EntityDraft,
  returned: ReturnedContent | undefined,
): EntityDraft {
  const human: EntityDraft = { kind: "text", subtype: "plain", text };
  const parts =
    returned === undefined ? [human, machine] : [human, machine, returnedEntity(returned)];
  return {
    kind: "multipart",
    subtype: "report",
    params: new Map([["report-type", reportType]]),
    parts,
  };
}

function returnedEntity({ octets, ret }: ReturnedContent): EntityDraft {
  if (ret === "full") return { kind: "message", octets };
  const blank = indexOfBytes(octets, encodeLatin1("\r\n\r\n"));
  const header = blank === -1 ? octets : octets.subarray(0, blank + 2);
  // RFC 6533 §6: a header that is not ASCII travels as message/global-headers.
  const mediaType = isAscii(header) ? "text/rfc822-headers" : "message/global-headers";
  return { kind: "octets", mediaType, octets: header };
}

export type FoundReport = {
  readonly groups: readonly FieldGroup[];
  readonly text: string;
  /** The header section of the message the report is about, as octets. */
  readonly returnedHeader: Uint8Array | undefined;
  /** That message whole, if it is there. */
  readonly returned: Uint8Array | undefined;
};

/** The report in a message, wherever in it: forwarding and list software wrap them. */
export function findReport(
  parsed: ParsedMessage,
  mediaTypes: readonly string[],
): FoundReport | undefined {
  let machine: Part | undefined;
  let text: string | undefined;
  let returned: Part | undefined;
  for (const part of partsOf(parsed.root)) {
    const mediaType = `${part.type}/${part.subtype}`;
    if (machine === undefined && mediaTypes.includes(mediaType)) machine = part;
    else if (machine === undefined && text === undefined && part.type === "text") {
      text = bodyText(parsed.octets, part);
    } else if (machine !== undefined && returned === undefined && isReturned(mediaType))
      returned = part;
  }
  if (machine === undefined) return undefined;
  const content = returned === undefined ? undefined : bodyOctets(parsed.octets, returned);
  const isWhole = returned !== undefined && /^(rfc822|global)$/.test(returned.subtype);
  return {
    groups: parseFieldGroups(bodyOctets(parsed.octets, machine)),
    text: text ?? "",
    returnedHeader: content,
    returned: isWhole ? content : undefined,
  };
}

function isReturned(mediaType: string): boolean {
  return [
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
  ].includes(mediaType);
}
