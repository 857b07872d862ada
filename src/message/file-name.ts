/**
 * The name under which a part might be saved: for people to read, never a path. Encoded words in
 * parameters are decoded here (RFC 2047 §5 forbids them, mail is full of them); marks that make
 * `exe.txt` of `txt.exe`, controls and separators are gone.
 */

import { displayText } from "./display-text.ts";
import { decodeWords } from "./encoded-word.ts";
import type { Part } from "./part.ts";

const MAX_LENGTH = 200;

export function fileName(part: Part): string | undefined {
  const raw = part.disposition?.params.get("filename") ?? part.params.get("name");
  return raw === undefined ? undefined : safeFileName(raw);
}

/** Undefined when nothing is left that could be a name. */
export function safeFileName(raw: string): string | undefined {
  const shown = displayText(decodeWords(raw));
  // Some programs give the whole path of their own disk.
  const last = shown.slice(Math.max(shown.lastIndexOf("/"), shown.lastIndexOf("\\")) + 1);
  const name = last
    .replace(/[\u200e\u200f\u061c]/g, "")
    .replace(/[<>:"|?*]/g, "_")
    .replace(/^[. ]+|[. ]+$/g, "");
  if (name === "") return undefined;
  if (name.length <= MAX_LENGTH) return name;
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 && name.length - dot <= 12 ? name.slice(dot) : "";
  return `${name.slice(0, MAX_LENGTH - extension.length)}${extension}`.toWellFormed();
}
