/** One MIME part: does its body hold what its header says (RFC 2045, RFC 2046)? */

import { decodeUtf8Strict, isAscii } from "../../base/bytes.ts";
import { decodeBase64Body } from "../base64.ts";
import { isKnownCharset } from "../charset.ts";
import { decodeTransfer } from "../decode-body.ts";
import { findField } from "../header.ts";
import type { Part } from "../part.ts";
import { decodeQuotedPrintable } from "../quoted-printable.ts";
import { checkBodyLines } from "./check-lines.ts";
import type { FindingList } from "./finding.ts";

export function checkPart(octets: Uint8Array, part: Part, findings: FindingList): void {
  if (part.type === "multipart" || part.message !== undefined) checkContainer(part, findings);
  if (part.children.length > 0 || part.message !== undefined) return;
  checkEncodingOfBody(octets, part, findings);
  if (part.type === "text") checkCharset(octets, part, findings);
  if (part.encoding !== "binary") checkBodyLines(octets, part.bodyStart, part.end, findings);
}

function typeAt(part: Part): number {
  return findField(part.header, "content-type")?.start ?? part.start;
}

function checkContainer(part: Part, findings: FindingList): void {
  const at = typeAt(part);
  if (part.encoding === "base64" || part.encoding === "quoted-printable") {
    findings.add(
      "container-encoded",
      "error",
      at,
      "RFC 2045 §6.4",
      `${part.type}/${part.subtype} may be 7bit, 8bit or binary, not ${part.encoding}`,
    );
  }
  if (part.type !== "multipart") return;
  const boundary = part.params.get("boundary");
  if (boundary !== undefined && !isBoundary(boundary)) {
    findings.add(
      "boundary-syntax",
      "error",
      at,
      "RFC 2046 §5.1.1",
      "a boundary has 1 to 70 characters of letters, digits, '()+_,-./:=? and space, and no space at its end",
    );
  }
  const needed: Readonly<Record<string, readonly [parameter: string, rfc: string][]>> = {
    report: [["report-type", "RFC 6522 §3"]],
    related: [["type", "RFC 2387 §3.1"]],
    signed: [
      ["protocol", "RFC 1847 §2.1"],
      ["micalg", "RFC 1847 §2.1"],
    ],
    encrypted: [["protocol", "RFC 1847 §2.2"]],
  };
  const parameters = Object.hasOwn(needed, part.subtype) ? needed[part.subtype] : [];
  for (const [parameter, rfc] of parameters) {
    if (!part.params.has(parameter)) {
      findings.add(
        "parameter-missing",
        "error",
        at,
        rfc,
        `multipart/${part.subtype} needs a ${parameter} parameter`,
      );
    }
  }
  const hasTwo = part.subtype === "signed" || part.subtype === "encrypted";
  if (hasTwo && part.children.length !== 2) {
    findings.add(
      "part-count",
      "error",
      at,
      "RFC 1847 §2",
      `multipart/${part.subtype} has two parts, not ${part.children.length}`,
    );
  }
}

function isBoundary(boundary: string): boolean {
  return /^[A-Za-z0-9'()+_,\-./:=? ]{0,69}[A-Za-z0-9'()+_,\-./:=?]$/.test(boundary);
}

function checkEncodingOfBody(octets: Uint8Array, part: Part, findings: FindingList): void {
  const body = octets.subarray(part.bodyStart, part.end);
  const isText = isAscii(body);
  if (part.encoding === "7bit" && !isText) {
    findings.add(
      "encoding-untrue",
      "error",
      part.bodyStart,
      "RFC 2045 §6.2",
      "octets above 127 in a body that is 7bit, by its field or for want of one: say 8bit, or encode it",
    );
  }
  if (part.encoding === "base64") {
    const { faultAt } = decodeBase64Body(body);
    if (faultAt !== -1) {
      findings.add(
        "bad-base64",
        "error",
        part.bodyStart + faultAt,
        "RFC 2045 §6.8",
        "this is not whole base64 here: characters outside its alphabet, or its end is missing",
      );
    }
    checkEncodedLines(body, part, "base64", findings);
  }
  if (part.encoding === "quoted-printable") {
    const { faultAt } = decodeQuotedPrintable(body);
    if (faultAt !== -1) {
      findings.add(
        "bad-quoted-printable",
        "error",
        part.bodyStart + faultAt,
        "RFC 2045 §6.7",
        "an = that is followed neither by two hex digits nor by the end of the line: write =3D",
      );
    } else if (!isText) {
      findings.add(
        "bad-quoted-printable",
        "error",
        part.bodyStart,
        "RFC 2045 §6.7",
        "octets above 127 within quoted-printable: they must be encoded",
      );
    }
    checkEncodedLines(body, part, "quoted-printable", findings);
  }
}

/** RFC 2045 §6.7 (5), §6.8: no encoded line is longer than 76. */
function checkEncodedLines(
  body: Uint8Array,
  part: Part,
  encoding: string,
  findings: FindingList,
): void {
  let start = 0;
  while (start < body.length) {
    const lf = body.indexOf(10, start);
    const end = lf === -1 ? body.length : lf;
    const length = end - start - (end > start && body[end - 1] === 13 ? 1 : 0);
    if (length > 76) {
      findings.add(
        "encoded-line-long",
        "error",
        part.bodyStart + start,
        encoding === "base64" ? "RFC 2045 §6.8" : "RFC 2045 §6.7",
        `a ${encoding} line of ${length} characters; 76 is the most`,
      );
      return;
    }
    start = end + 1;
  }
}

function checkCharset(octets: Uint8Array, part: Part, findings: FindingList): void {
  const at = typeAt(part);
  const charset = part.params.get("charset")?.toLowerCase();
  const decoded = decodeTransfer(octets.subarray(part.bodyStart, part.end), part.encoding);
  if (charset === undefined || charset === "us-ascii") {
    if (isAscii(decoded)) return;
    const said =
      charset === undefined
        ? "no charset is given, which means us-ascii"
        : "the charset is us-ascii";
    findings.add(
      "charset-untrue",
      "error",
      at,
      "RFC 2046 §4.1.2",
      `${said}, but the text has octets above 127`,
    );
    return;
  }
  if (!isKnownCharset(charset)) {
    findings.add(
      "charset-unknown",
      "error",
      at,
      "RFC 2046 §4.1.2",
      `nobody knows the charset "${charset.slice(0, 40)}"; utf-8 is understood everywhere`,
    );
  } else if (/^utf-?8$/.test(charset) && decodeUtf8Strict(decoded) === undefined) {
    findings.add(
      "charset-untrue",
      "error",
      at,
      "RFC 3629 §3",
      "the charset is utf-8, but the text is not well-formed UTF-8",
    );
  }
}
