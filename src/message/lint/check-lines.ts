/** Lines and octets (RFC 5322 §2.1, §2.3; RFC 2045 §2.7 to §2.9): what may be in a message at all. */

import { CR, indexOfBytes, LF } from "../../base/bytes.ts";
import type { HeaderSection } from "../header.ts";
import type { FindingList } from "./finding.ts";

/** RFC 5322 §2.1.1 */
const MUST_LENGTH = 998;
const SHOULD_LENGTH = 78;

export function checkHeaderLines(
  octets: Uint8Array,
  header: HeaderSection,
  findings: FindingList,
): void {
  let hasLong = false;
  for (const field of header.fields) {
    let start = field.start;
    while (start < field.end) {
      const lf = indexOfBytes(octets, LF, start);
      const next = lf === -1 || lf >= field.end ? field.end : lf + 1;
      const length = contentLength(octets, start, next);
      if (length > MUST_LENGTH) {
        findings.add(
          "line-too-long",
          "error",
          start,
          "RFC 5322 §2.1.1",
          `a header line of ${length} octets; 998 is the most`,
        );
      } else if (length > SHOULD_LENGTH && !hasLong && mayBeFolded(octets, start, next)) {
        hasLong = true;
        findings.add(
          "line-long",
          "note",
          start,
          "RFC 5322 §2.1.1",
          `a header line of ${length} octets; fold it to 78 or fewer`,
        );
      }
      if (start > field.start && isBlank(octets, start, next)) {
        findings.add(
          "fold-blank",
          "warning",
          start,
          "RFC 5322 §3.2.2",
          "a folded line of white space alone: some readers take it for the end of the header",
        );
      }
      start = next;
    }
  }
}

export function checkBodyLines(
  octets: Uint8Array,
  from: number,
  end: number,
  findings: FindingList,
): void {
  let start = from;
  while (start < end) {
    const lf = indexOfBytes(octets, LF, start);
    const next = lf === -1 || lf >= end ? end : lf + 1;
    const length = contentLength(octets, start, next);
    if (length > MUST_LENGTH) {
      findings.add(
        "line-too-long",
        "error",
        start,
        "RFC 5322 §2.1.1",
        `a line of ${length} octets; 998 is the most: use quoted-printable or base64`,
      );
      return;
    }
    start = next;
  }
}

/** Every fault of this kind has its first place named; more places say nothing new. */
export function checkStrayOctets(octets: Uint8Array, findings: FindingList): void {
  const nul = indexOfBytes(octets, 0);
  if (nul !== -1)
    findings.add(
      "nul-octet",
      "error",
      nul,
      "RFC 5322 §4.5",
      "a NUL octet: no reader treats it like another",
    );
  let bareCr = -1;
  let bareLf = -1;
  for (let at = 0; at < octets.length && (bareCr === -1 || bareLf === -1); at++) {
    if (octets[at] === CR && octets[at + 1] !== LF && bareCr === -1) bareCr = at;
    if (octets[at] === LF && octets[at - 1] !== CR && bareLf === -1) bareLf = at;
  }
  if (bareCr !== -1)
    findings.add(
      "bare-cr",
      "error",
      bareCr,
      "RFC 5322 §2.3",
      "a CR without its LF: it ends no line",
    );
  if (bareLf !== -1)
    findings.add(
      "bare-lf",
      "error",
      bareLf,
      "RFC 5322 §2.3",
      "an LF without its CR: lines end with CRLF, and servers refuse mail for this",
    );
}

function contentLength(octets: Uint8Array, start: number, next: number): number {
  let end = next;
  if (end > start && octets[end - 1] === LF) end--;
  if (end > start && octets[end - 1] === CR) end--;
  return end - start;
}

/** A line that has no space after its first word cannot be folded, so nobody is to blame. */
function mayBeFolded(octets: Uint8Array, start: number, next: number): boolean {
  let at = start;
  while (at < next && (octets[at] === 32 || octets[at] === 9)) at++;
  while (at < next && octets[at] !== 58) at++;
  at++;
  while (at < next && octets[at] === 32) at++;
  for (; at < next - 2; at++) if (octets[at] === 32 || octets[at] === 9) return true;
  return false;
}

function isBlank(octets: Uint8Array, start: number, next: number): boolean {
  for (let at = start; at < next; at++) {
    const octet = octets[at];
    if (octet !== 32 && octet !== 9 && octet !== CR && octet !== LF) return false;
  }
  return true;
}
