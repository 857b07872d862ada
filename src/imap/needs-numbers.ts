/** Which commands speak of message sequence numbers: none may once UIDONLY is on (RFC 9586 §3). */

import type { Command } from "./command/command.ts";
import { findKey, type SearchKey } from "./search-key.ts";

export function needsNumbers(command: Command): boolean {
  if ("isUid" in command && !command.isUid) return true;
  if ("key" in command) return hasNumbers(command.key);
  return "qresync" in command && command.qresync?.knownPairs !== undefined;
}

/** `$` stands for messages, not for numbers. */
function hasNumbers(key: SearchKey): boolean {
  return findKey(key, (part) => part.key === "set" && !part.isUid && part.set !== "saved");
}
