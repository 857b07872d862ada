/**
 * Octets to text in any charset mail uses: the platform's TextDecoder first, iconv-lite for what it
 * lacks, then a guess. Never throws; what cannot be decoded becomes U+FFFD.
 */

import iconv from "iconv-lite";
import { decodeLatin1, decodeUtf8, decodeUtf8Strict } from "../base/bytes.ts";

/** Names seen in real mail that neither decoder knows, by their letters and digits alone. */
const ALIASES: Readonly<Record<string, string>> = {
  ansix341968: "windows-1252",
  iso646us: "windows-1252",
  us: "windows-1252",
  ascii7bit: "windows-1252",
  "7bit": "windows-1252",
  "8bit": "windows-1252",
  unknown8bit: "windows-1252",
  unknown: "windows-1252",
  xunknown: "windows-1252",
  default: "windows-1252",
  utf: "utf-8",
  utf8mb4: "utf-8",
  unicode11utf8: "utf-8",
  xutf8: "utf-8",
  "65001": "utf-8",
  cp65001: "utf-8",
  unicode11utf7: "utf-7",
  xunicode20utf7: "utf-7",
  iso88591windows30latin1: "windows-1252",
  xmacroman: "macintosh",
  xsjis: "shift_jis",
  cp932: "shift_jis",
  ms932: "shift_jis",
  windows932: "shift_jis",
  cp936: "gbk",
  ms936: "gbk",
  windows936: "gbk",
  xgbk: "gbk",
  hzgb2312: "gbk",
  gb231280: "gbk",
  cp949: "euc-kr",
  ms949: "euc-kr",
  windows949: "euc-kr",
  ksc56011987: "euc-kr",
  cp950: "big5",
  ms950: "big5",
  windows950: "big5",
  xxbig5: "big5",
  cp1251: "windows-1251",
  cp1252: "windows-1252",
  ansi1252: "windows-1252",
  cp1250: "windows-1250",
  iso2022jpms: "iso-2022-jp",
  cp50220: "iso-2022-jp",
  cp50221: "iso-2022-jp",
  iso2022jp1: "iso-2022-jp",
  iso2022jp2: "iso-2022-jp",
};

/** Decoders the platform refuses, or decodes to something else than text. */
const REFUSED = new Set(["replacement", "x-user-defined"]);

export type CharsetDecoder = (octets: Uint8Array) => string;

/** Opening a decoder costs more than most words it decodes. Bounded: a stranger chooses the labels. */
const opened = new Map<string, CharsetDecoder | undefined>();
const MAX_OPENED = 256;

/** The decoder for a charset label, or undefined when nobody knows it. */
export function charsetDecoder(label: string): CharsetDecoder | undefined {
  const known = opened.get(label);
  if (known !== undefined || opened.has(label)) return known;
  const decoder = openDecoder(label);
  if (opened.size < MAX_OPENED && label.length <= MAX_LABEL_LENGTH) opened.set(label, decoder);
  return decoder;
}

const MAX_LABEL_LENGTH = 40;

function openDecoder(label: string): CharsetDecoder | undefined {
  const name = label
    .trim()
    .toLowerCase()
    .replace(/^["']|["']$/g, "");
  if (name === "" || name.length > MAX_LABEL_LENGTH || !/^[\w.:+()-]+$/.test(name))
    return undefined;
  if (name === "utf-8" || name === "utf8") return decodeUtf8;
  const alias = ALIASES[squeeze(name)] ?? name;
  return platformDecoder(alias) ?? iconvDecoder(alias);
}

function squeeze(name: string): string {
  const letters = name.replace(/[^a-z0-9]/g, "");
  return Object.hasOwn(ALIASES, letters) ? letters : "";
}

function platformDecoder(name: string): CharsetDecoder | undefined {
  if (REFUSED.has(name)) return undefined;
  try {
    const decoder = new TextDecoder(name);
    return (octets) => decoder.decode(octets);
  } catch {
    return undefined;
  }
}

function iconvDecoder(name: string): CharsetDecoder | undefined {
  // iconv-lite also calls base64, hex and the like encodings: those are no charsets.
  if (/^(base64|hex|binary|ucs2|internal)/.test(name) || name.startsWith("_")) return undefined;
  if (!iconv.encodingExists(name)) return undefined;
  return (octets) => {
    try {
      return iconv.decode(octets, name);
    } catch {
      return guessText(octets);
    }
  };
}

/** Text of octets in charset `label`; an unknown or absent label means: UTF-8 if it is that, else windows-1252. */
export function decodeCharset(octets: Uint8Array, label: string | undefined): string {
  if (label === undefined || /^(us-)?ascii$/i.test(label)) return guessText(octets);
  const decoder = charsetDecoder(label);
  return decoder === undefined ? guessText(octets) : decoder(octets);
}

export function isKnownCharset(label: string): boolean {
  return charsetDecoder(label) !== undefined;
}

function guessText(octets: Uint8Array): string {
  const utf8 = decodeUtf8Strict(octets);
  if (utf8 !== undefined) return utf8;
  return platformDecoder("windows-1252")?.(octets) ?? decodeLatin1(octets);
}
