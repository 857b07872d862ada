/** Which commands speak of message sequence numbers: none may once UIDONLY is on (RFC 9586 §3). */

import type { Command } from "./command/command.ts";
import { findKey, type SearchKey } from "./search-key.ts";

export function needsNumbers(command: Command): boolean {
  switch (command.verb) {
    case "SEARCH":
    case "SORT":
    case "THREAD":
      return !command.isUid || hasNumbers(command.key);
    case "ESEARCH":
      return hasNumbers(command.key);
    case "FETCH":
    case "STORE":
    case "COPY":
    case "MOVE":
      return !command.isUid;
    case "SELECT":
    case "EXAMINE":
      return command.qresync?.knownPairs !== undefined;
    default:
      return false;
  }
}

/** `$` stands for messages, not for numbers. */
function hasNumbers(key: SearchKey): boolean {
  return findKey(key, (part) => part.key === "set" && !part.isUid && part.set !== "saved");
}
