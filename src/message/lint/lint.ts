/**
 * Tells a person what is wrong with a message, and what to do about it. Nothing is repaired and
 * nothing refused here. A message within the message is judged as a part, not as mail: it may be old.
 */

import { decodeUtf8Strict, isAscii } from "../../base/bytes.ts";
import type { DefectKind } from "../defect.ts";
import { fieldText, type HeaderSection } from "../header.ts";
import { parseMessage } from "../parse.ts";
import { type ParsedMessage, type Part, partsOf } from "../part.ts";
import { checkEachField, checkMessageHeader, checkOccurrences } from "./check-header.ts";
import { checkHeaderLines, checkStrayOctets } from "./check-lines.ts";
import { checkPart } from "./check-part.ts";
import { type Finding, FindingList, type Severity } from "./finding.ts";

export function lint(octets: Uint8Array): Finding[] {
  const findings = new FindingList(octets);
  const parsed = parseMessage(octets);
  const { root } = parsed;
  reportDefects(parsed, findings);
  checkStrayOctets(octets, findings);
  checkMessageHeader(octets, root.header, findings);
  const embedded = embeddedRoots(root);
  for (const part of partsOf(root)) {
    checkHeader8Bit(octets, part.header, findings);
    checkPart(octets, part, findings);
    if (embedded.has(part)) continue;
    checkHeaderLines(octets, part.header, findings);
    if (part !== root) {
      checkOccurrences(part.header, findings);
      checkEachField(octets, part.header, findings);
    }
  }
  return findings.finish();
}

/** Messages within the message: their bodies count, their header fields are history. */
function embeddedRoots(root: Part): ReadonlySet<Part> {
  const embedded = new Set<Part>();
  for (const part of partsOf(root)) if (part.message !== undefined) embedded.add(part.message);
  return embedded;
}

function checkHeader8Bit(octets: Uint8Array, header: HeaderSection, findings: FindingList): void {
  const section = octets.subarray(header.start, header.endOctets);
  if (isAscii(section)) return;
  for (const field of header.fields) {
    const raw = octets.subarray(field.start, field.end);
    if (isAscii(raw)) continue;
    if (decodeUtf8Strict(raw) === undefined) {
      findings.add(
        "header-8bit",
        "error",
        field.start,
        "RFC 6532 §3.2",
        `octets above 127 in ${field.name || "the header"} that are not UTF-8: write encoded words`,
      );
    } else if (field.name !== "" && fieldText(octets, field) !== "") {
      findings.add(
        "header-utf8",
        "note",
        field.start,
        "RFC 6532 §3.2",
        `${field.name} has characters beyond ASCII: only servers with SMTPUTF8 can carry it`,
      );
    }
  }
}

type Advice = readonly [severity: Severity, rfc: string, message: string];

/** Defects of the parser that no check above finds by itself. */
const ADVICE: Readonly<Partial<Record<DefectKind, Advice>>> = {
  "mbox-from-line": [
    "error",
    "RFC 4155",
    'the message begins with the "From " line of an mbox file: take that line off',
  ],
  "not-a-field": [
    "error",
    "RFC 5322 §2.2",
    "a line of the header is no field: a name, a colon, a value; is the blank line before the text missing?",
  ],
  "space-before-colon": [
    "warning",
    "RFC 5322 §4.5",
    "white space between a field's name and its colon, as only old mail has",
  ],
  "missing-boundary": [
    "error",
    "RFC 2046 §5.1.1",
    "a multipart without a boundary parameter: nobody can find its parts",
  ],
  "boundary-never-used": [
    "error",
    "RFC 2046 §5.1.1",
    "the boundary this multipart announces does not occur in it",
  ],
  "no-final-boundary": [
    "error",
    "RFC 2046 §5.1.1",
    "the last boundary line (with -- at its end) of this multipart is missing: perhaps the message was cut",
  ],
  "too-deep": ["warning", "RFC 2046 §5.1", "parts nest too deep for any reader to follow"],
  "too-many-parts": ["warning", "RFC 2046 §5.1", "more parts than any reader will take apart"],
  "too-many-fields": [
    "warning",
    "RFC 5322 §2.2",
    "more header fields than any reader will look at",
  ],
};

function reportDefects(parsed: ParsedMessage, findings: FindingList): void {
  const embedded = [...partsOf(parsed.root)].flatMap((part) => part.message ?? []);
  const isHistory = (at: number): boolean =>
    embedded.some(({ header }) => at >= header.start && at <= header.endOctets);
  for (const defect of parsed.defects) {
    const advice = ADVICE[defect.kind];
    if (advice === undefined) continue;
    const [severity, rfc, message] = advice;
    if (isHistory(defect.at) && !/boundary/.test(defect.kind)) continue;
    findings.add(defect.kind, severity, defect.at, rfc, message);
  }
}
