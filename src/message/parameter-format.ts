/**
 * Writes parameters of MIME fields: tokens as they are, other ASCII quoted, all else and all that is
 * long in the extended and continued form of RFC 2231.
 */

import { encodeUtf8 } from "../base/bytes.ts";
import { cleanText } from "./address-format.ts";

/** One parameter's lines stay under 78 with `name*12*=` before them. */
const MAX_SECTION = 50;

/** `value; a=b; c="d e"`, with spaces where the line may be folded. Names must be tokens. */
export function formatParameters(
  value: string,
  params: Iterable<readonly [string, string]>,
): string {
  let result = value;
  for (const [name, text] of params) {
    for (const piece of formatParameter(name, text)) result += `; ${piece}`;
  }
  return result;
}

function formatParameter(name: string, text: string): string[] {
  const clean = cleanParameter(text);
  if (/^[!#$&+\-.^_`{|}~A-Za-z0-9]{1,60}$/.test(clean)) return [`${name}=${clean}`];
  // A value that looks like an encoded word would be read as one by many; trim would change spaces.
  const isQuotable =
    /^[\u0020-\u007e]*$/.test(clean) && !clean.includes("=?") && !/ {2}|^ | $/.test(clean);
  if (isQuotable && clean.length <= 60) {
    return [`${name}="${clean.replace(/["\\]/g, "\\$&")}"`];
  }
  return formatExtended(name, clean);
}

/** As `cleanText`, but white space at the ends stays. */
function cleanParameter(text: string): string {
  const clean = cleanText(text);
  return clean === text.trim() ? text : clean;
}

/** RFC 2231 §3, §4 */
function formatExtended(name: string, text: string): string[] {
  const units: string[] = Array.from(text.toWellFormed(), percentEncode);
  const sections: string[] = [];
  let section = "utf-8''";
  for (const unit of units) {
    if (section.length + unit.length > MAX_SECTION) {
      sections.push(section);
      section = "";
    }
    section += unit;
  }
  sections.push(section);
  if (sections.length === 1) return [`${name}*=${sections[0]}`];
  return sections.map((piece, index) => `${name}*${index}*=${piece}`);
}

/** RFC 2231 §7 attribute-char; one character whole, so that none is cut between sections. */
export function percentEncode(character: string): string {
  if (/^[A-Za-z0-9!#$&+\-.^_`{|}~]$/.test(character)) return character;
  let result = "";
  for (const octet of encodeUtf8(character)) {
    result += `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return result;
}
