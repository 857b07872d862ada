/**
 * Levels of mailbox names as names of files. A mailbox may be called `..` or hold a slash, a control
 * character or what a file system reads otherwise: such characters are written `%XX`, so no name leads
 * out of the tree (security row 86), and reading gives the same name back.
 */

import { decodeUtf8Strict, encodeUtf8 } from "../../base/bytes.ts";

const MAX_FILE_NAME_OCTETS = 200;

/** `isSafe` may forbid more than the file system does. */
export function fileNameOf(level: string): string {
  const encoded = level
    .replace(/[\u0000-\u001f\u007f-\u009f/\\%:*?"<>|\u2028\u2029]/g, escaped)
    .replace(/^[.~]/, escaped)
    .replace(/[. ]$/, escaped)
    .replace(/\.(?=(?:sbd|mbox|msf|eml|jsonl|part)$)/i, escaped);
  return encoded;
}

function escaped(text: string): string {
  return [...encodeUtf8(text)]
    .map((octet) => `%${octet.toString(16).toUpperCase().padStart(2, "0")}`)
    .join("");
}

/** Why no file can be called so, if none can. */
export function isLongFileName(name: string): boolean {
  return encodeUtf8(name).length > MAX_FILE_NAME_OCTETS;
}

/** The level that `fileNameOf` wrote, or the name as another program gave it. */
export function levelOfFileName(name: string): string {
  if (!name.includes("%")) return name;
  const octets: number[] = [];
  const coded = encodeUtf8(name);
  for (let at = 0; at < coded.length; at++) {
    const hex = coded[at] === 37 ? String.fromCharCode(coded[at + 1], coded[at + 2]) : "";
    if (/^[0-9A-F]{2}$/.test(hex)) {
      octets.push(Number.parseInt(hex, 16));
      at += 2;
    } else octets.push(coded[at]);
  }
  const level = decodeUtf8Strict(Uint8Array.from(octets));
  return level !== undefined && fileNameOf(level) === name ? level : name;
}
