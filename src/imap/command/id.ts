/** ID (RFC 2971): what the client says about itself. */

import type { ArgumentReader } from "../wire/argument-reader.ts";

export type IdCommand = { readonly verb: "ID"; readonly fields: ReadonlyMap<string, string> };

/** RFC 2971 §3.3 allows 30 pairs, names of 30 and values of 1024 octets; a little more is let through. */
const MAX_PAIRS = 60;

export function readId(reader: ArgumentReader): IdCommand {
  const fields = new Map<string, string>();
  reader.space();
  if (reader.next !== "(") {
    if (!reader.take("NIL")) reader.fail("Expected a list or NIL");
    return { verb: "ID", fields };
  }
  let pairs = 0;
  reader.list(() => {
    const name = reader.string();
    reader.space();
    const value = reader.nstring();
    if (++pairs > MAX_PAIRS) reader.fail("Too many ID fields");
    if (value !== undefined) fields.set(name.toLowerCase().slice(0, 30), value.slice(0, 1024));
  });
  return { verb: "ID", fields };
}
