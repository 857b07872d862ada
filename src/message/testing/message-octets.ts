/** For tests: a message written as a template, with CRLF line ends, one octet a character up to U+00FF unless UTF-8 is asked for. */

import { decodeUtf8, encodeLatin1, encodeUtf8 } from "../../base/bytes.ts";

/** Lines to octets in UTF-8, each line with its CRLF. */
export function message(...lines: readonly string[]): Uint8Array {
  return encodeUtf8(lines.map((line) => `${line}\r\n`).join(""));
}

/** A template literal to octets: the line break after the opening backtick goes, LF becomes CRLF. */
export function octets(strings: TemplateStringsArray, ...values: readonly unknown[]): Uint8Array {
  return encodeUtf8(
    String.raw({ raw: strings }, ...values)
      .replace(/^\n/, "")
      .replace(/\r?\n/g, "\r\n"),
  );
}

export function latin1(text: string): Uint8Array {
  return encodeLatin1(text);
}

export function text(data: Uint8Array): string {
  return decodeUtf8(data);
}
