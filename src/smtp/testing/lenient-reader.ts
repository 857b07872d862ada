/**
 * A reader of DATA as lenient as the worst server we know of, and then some: any mixture of CR and
 * LF, with NULs strewn in, is a line end, and a dot alone on a line ends a message. What our client
 * sends must be one message even to this one.
 */

import { decodeLatin1 } from "../../base/bytes.ts";

/** The messages it believes to have got; what is behind the last end counts as one more. */
export function splitLeniently(wire: Uint8Array): string[] {
  const lines = decodeLatin1(wire)
    .replaceAll("\u0000", "")
    .split(/\r\n|\r|\n/);
  const messages: string[] = [];
  let message: string[] = [];
  for (const line of lines) {
    if (line === ".") {
      messages.push(message.join("\n"));
      message = [];
    } else {
      message.push(line);
    }
  }
  if (message.join("") !== "") messages.push(message.join("\n"));
  return messages;
}
