/**
 * File names for what is saved from mail: one plain component whatever the message said (security
 * rows 79, 86). `message/file-name.ts` makes it readable and honest; here it is made fit for a disk
 * and a shell: no option, no home, no device, short enough in octets.
 */

import { safeFileName } from "../../message/file-name.ts";
import { screenText } from "./screen-text.ts";

const MAX_OCTETS = 200;
// Windows reserves these with any extension; the disk may be shared with one.
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

export function diskFileName(wish: string | undefined, otherwise: string): string {
  const readable = wish === undefined ? "" : (safeFileName(wish) ?? "");
  const plain = screenText(readable)
    .normalize("NFC")
    .replace(/^[.\s~-]+|[.\s]+$/g, "");
  const short = shorten(plain);
  if (short === "") return otherwise;
  return RESERVED.test(short) ? `_${short}` : short;
}

/** Cuts the stem, so that the extension stays what it is. */
function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_OCTETS) return name;
  const extension = /\.[^.]{1,16}$/.exec(name)?.[0] ?? "";
  let stem = Array.from(name.slice(0, Math.min(name.length - extension.length, MAX_OCTETS)));
  while (Buffer.byteLength(stem.join("") + extension) > MAX_OCTETS) stem = stem.slice(0, -1);
  return stem.join("").trimEnd() + extension;
}

/** `report.pdf`, `report (2).pdf`…: the n-th name to try when others are taken. */
export function numberedFileName(name: string, attempt: number): string {
  if (attempt <= 1) return name;
  const extension = /\.[^.]{1,16}$/.exec(name)?.[0] ?? "";
  return `${name.slice(0, name.length - extension.length)} (${attempt})${extension}`;
}
