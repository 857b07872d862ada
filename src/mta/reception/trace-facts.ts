/** What a header section tells of the way a message has come: enough to see that it goes in circles. */

import { isAscii, lowerAscii } from "../../base/bytes.ts";
import { fieldText, parseHeader } from "../../message/header.ts";

export type TraceFacts = {
  readonly receivedFields: number;
  /** Addresses in Delivered-To fields, lower case. */
  readonly deliveredTo: ReadonlySet<string>;
  /** What stands in the brackets of List-Id fields, lower case. */
  readonly listIds: ReadonlySet<string>;
  /** `TLS-Required: No` (RFC 8689 §5). */
  readonly waivesTls: boolean;
  /** Octets over 127 in the header section. */
  readonly is8Bit: boolean;
};

/** `header`: a header section, with or without its blank line. */
export function traceFacts(header: Uint8Array): TraceFacts {
  const section = parseHeader(header);
  const deliveredTo = new Set<string>();
  const listIds = new Set<string>();
  let receivedFields = 0;
  let waivesTls = false;
  for (const field of section.fields) {
    if (field.key === "received") receivedFields++;
    else if (field.key === "tls-required") {
      waivesTls = lowerAscii(fieldText(header, field).trim()) === "no";
    } else if (field.key === "delivered-to") {
      deliveredTo.add(lowerAscii(fieldText(header, field).replace(/^<(.*)>$/, "$1")));
    } else if (field.key === "list-id") {
      const text = fieldText(header, field);
      const open = text.lastIndexOf("<");
      const close = text.indexOf(">", open);
      if (open !== -1 && close !== -1) listIds.add(lowerAscii(text.slice(open + 1, close).trim()));
    }
  }
  return { receivedFields, deliveredTo, listIds, waivesTls, is8Bit: !isAscii(header) };
}

/** Of a message that has just been made. */
export const NO_TRACE: TraceFacts = {
  receivedFields: 0,
  deliveredTo: new Set(),
  listIds: new Set(),
  waivesTls: false,
  is8Bit: false,
};
