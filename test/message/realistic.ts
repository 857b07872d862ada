/**
 * Realistic messages with the truth about them, made from a seed: the ways in which mail programs of
 * thirty years write names, subjects, file names and bodies. Encodes by itself, sharing nothing with
 * the composer, so that a fault there cannot hide one in the parser.
 */

import { createHash } from "node:crypto";
import iconv from "iconv-lite";
import { SeededRandom } from "../../src/base/testing/seeded-random.ts";
import type { MessageView } from "./message-view.ts";

export type Realistic = {
  readonly octets: Buffer;
  readonly truth: MessageView;
  readonly traits: ReadonlySet<string>;
};

type Language = { readonly charsets: readonly string[]; readonly words: readonly string[] };

const LANGUAGES: readonly Language[] = [
  {
    charsets: ["us-ascii", "utf-8", "iso-8859-1"],
    words:
      "the quick brown fox jumps over a lazy dog while meeting notes and invoice figures arrive".split(
        " ",
      ),
  },
  {
    charsets: ["utf-8", "iso-8859-1", "windows-1252", "iso-8859-15"],
    words: "Grüße für schöne Straßen über das Wetter naïve café déjà vu año señor".split(" "),
  },
  {
    charsets: ["utf-8", "koi8-r", "windows-1251", "iso-8859-5"],
    words: "Привет как дела сегодня встреча в офисе документы отправлены".split(" "),
  },
  {
    charsets: ["utf-8", "iso-2022-jp", "shift_jis", "euc-jp"],
    words: "こんにちは 世界 日本語 会議 資料 を 送ります".split(" "),
  },
  { charsets: ["utf-8", "gb2312", "gbk", "big5"], words: "你好 世界 文件 明天 上海".split(" ") },
  {
    charsets: ["utf-8", "iso-8859-7", "windows-1253"],
    words: "Καλημέρα κόσμε συνάντηση αρχείο".split(" "),
  },
  {
    charsets: ["utf-8", "iso-8859-2", "windows-1250"],
    words: "Příliš žluťoučký kůň zażółć gęślą jaźń".split(" "),
  },
  { charsets: ["utf-8"], words: "😀 mixed שלום مرحبا ไทย words — “quoted” … €".split(" ") },
];

const sha = (octets: Uint8Array): string =>
  createHash("sha1").update(octets).digest("hex").slice(0, 10);
const squeeze = (text: string): string => text.replace(/\s+/g, " ").trim();
const withoutSpace = (text: string): string => text.replace(/[\s\u0000]+/g, "");

export function makeRealistic(seed: number): Realistic {
  return new Maker(seed).make();
}

class Maker {
  readonly #random: SeededRandom;
  readonly #traits = new Set<string>();
  readonly #seed: number;
  readonly #texts: string[] = [];
  readonly #htmls: string[] = [];
  readonly #files: { type: string; octets: Buffer; name: string }[] = [];
  #boundaries = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#seed = seed;
  }

  make(): Realistic {
    const language = this.#pick(LANGUAGES);
    const subject = this.#sentence(language, 1 + this.#below(9));
    const from = this.#people(1);
    const to = this.#people(1 + this.#below(4));
    const cc = this.#chance(0.4) ? this.#people(1 + this.#below(3)) : [];
    const dateMs = 946_684_800_000 + this.#below(800_000_000) * 1000;
    const messageId = `<${this.#seed}.${this.#below(1e9)}@mail.example.org>`;
    const fields = [
      `From: ${from.map((one) => one.written).join(", ")}`,
      `To: ${to.map((one) => one.written).join(this.#pick([", ", ",\r\n ", ",\r\n\t", ","]))}`,
      ...(cc.length > 0
        ? [`${this.#pick(["Cc", "CC", "cc"])}: ${cc.map((one) => one.written).join(", ")}`]
        : []),
      `Subject: ${this.#header(subject, language)}`,
      `Date: ${this.#date(dateMs)}`,
      `${this.#pick(["Message-ID", "Message-Id", "message-id"])}: ${messageId}`,
      ...this.#trace(),
    ];
    const body = this.#body(language);
    const head = [...this.#shuffled(fields), "MIME-Version: 1.0", ...body.head].join("\r\n");
    const octets = Buffer.concat([Buffer.from(`${head}\r\n\r\n`, "utf8"), body.octets]);
    const people = (list: readonly { shown: string }[]): string =>
      list.map(({ shown }) => shown).join(", ");
    const truth: MessageView = {
      subject: squeeze(subject),
      messageId,
      from: people(from),
      to: people(to),
      cc: people(cc),
      date: new Date(dateMs).toISOString(),
      text: withoutSpace(this.#texts.join("\n")),
      html: withoutSpace(this.#htmls.join("\n")),
      files: this.#files
        .map(({ type, octets: content }) => `${type} ${sha(content)}`)
        .sort()
        .join(", "),
      fileNames: this.#files
        .map(({ name }) => name)
        .sort()
        .join(", "),
    };
    return { octets, truth, traits: this.#traits };
  }

  #below(limit: number): number {
    return Math.floor(this.#random.float() * limit);
  }

  #chance(share: number): boolean {
    return this.#random.float() < share;
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)];
  }

  #shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, key: this.#random.float() }))
      .sort((a, b) => a.key - b.key)
      .map(({ item }) => item);
  }

  #sentence(language: Language, count: number): string {
    return Array.from({ length: count }, () => this.#pick(language.words)).join(" ");
  }

  /** A charset that can hold the text, so that the truth is what was meant. */
  #charset(text: string, language: Language): string {
    const able = language.charsets.filter((charset) => encode(text, charset) !== undefined);
    return able.length > 0 ? this.#pick(able) : "utf-8";
  }

  #header(text: string, language: Language): string {
    if (/^[\u0020-\u007e]*$/.test(text))
      return text.replaceAll(" ", () => (this.#chance(0.1) ? "\r\n " : " "));
    if (this.#chance(0.1)) {
      this.#traits.add("raw UTF-8 header");
      return text;
    }
    return this.#encodedWords(text, language);
  }

  #encodedWords(text: string, language: Language): string {
    const charset = this.#charset(text, language);
    const isB = this.#chance(0.5);
    const pieces: string[] = [];
    let piece = "";
    for (const character of text) {
      piece += character;
      if (piece.length >= 10) {
        pieces.push(piece);
        piece = "";
      }
    }
    if (piece !== "") pieces.push(piece);
    const label = this.#chance(0.5) ? charset.toUpperCase() : charset;
    return pieces
      .map((one) => {
        const octets = Buffer.from(encode(one, charset) ?? Buffer.from(one));
        const encoded = isB
          ? octets.toString("base64")
          : Array.from(octets, (octet) => qOctet(octet)).join("");
        return `=?${label}?${isB ? "B" : this.#pick(["Q", "q"])}?${encoded}?=`;
      })
      .join(this.#pick([" ", "\r\n ", "\r\n\t"]));
  }

  #people(count: number): { written: string; shown: string }[] {
    return Array.from({ length: count }, () => this.#person());
  }

  #person(): { written: string; shown: string } {
    const language = this.#pick(LANGUAGES);
    const local = this.#pick(["ada", "bert.brecht", "c+tag", "d_e-f", "o'neil", "x"]);
    const address = `${local}@${this.#pick(["example.org", "mail.example.net", "a-b.example"])}`;
    const kind = this.#below(7);
    if (kind === 0) return { written: address, shown: `<${address}>` };
    if (kind === 1) return { written: `<${address}>`, shown: `<${address}>` };
    if (kind === 2) {
      const name = this.#pick([
        "Doe, John",
        'J. R. \\"Bob\\" Dobbs',
        "Sales (EMEA)",
        "a@b",
        "Team: one",
      ]);
      return {
        written: `"${name}" <${address}>`,
        shown: `${name.replaceAll("\\", "")} <${address}>`,
      };
    }
    if (kind === 3) {
      this.#traits.add("comment as name");
      return { written: `${address} (Ada Lovelace)`, shown: `Ada Lovelace <${address}>` };
    }
    if (kind === 4)
      return { written: `Ada B. Lovelace <${address}>`, shown: `Ada B. Lovelace <${address}>` };
    const name = this.#sentence(language, 2);
    const written = /^[\u0020-\u007e]*$/.test(name) ? name : this.#encodedWords(name, language);
    if (kind === 5 && !written.includes("\r")) {
      this.#traits.add("encoded word in quotes");
      return { written: `"${written}" <${address}>`, shown: `${name} <${address}>` };
    }
    return { written: `${written} <${address}>`, shown: `${name} <${address}>` };
  }

  #date(epochMs: number): string {
    const zone = this.#pick([0, 60, 120, -300, -480, 330, 720]);
    const local = new Date(epochMs + zone * 60_000).toUTCString().replace("GMT", "").trim();
    const sign = zone < 0 ? "-" : "+";
    const digits = `${String(Math.floor(Math.abs(zone) / 60)).padStart(2, "0")}${String(Math.abs(zone) % 60).padStart(2, "0")}`;
    if (zone === 0 && this.#chance(0.5)) return `${local} GMT`;
    const comment = this.#chance(0.2) ? " (local time)" : "";
    return `${this.#chance(0.1) ? local.slice(5) : local} ${sign}${digits}${comment}`;
  }

  #trace(): string[] {
    return Array.from(
      { length: this.#below(4) },
      (_, hop) =>
        `Received: from h${hop}.example (h${hop}.example [192.0.2.${hop}])\r\n\tby mx.example; Tue, 3 Mar 2026 09:00:0${hop} +0100`,
    );
  }

  #body(language: Language): Piece {
    const shape = this.#below(7);
    if (shape <= 1) return this.#text(language, "plain");
    if (shape === 2)
      return this.#multipart("alternative", [
        this.#text(language, "plain"),
        this.#text(language, "html"),
      ]);
    if (shape === 3)
      return this.#multipart("mixed", [
        this.#text(language, "plain"),
        ...this.#attachments(language),
      ]);
    if (shape === 4) {
      const alternative = this.#multipart("alternative", [
        this.#text(language, "plain"),
        this.#text(language, "html"),
      ]);
      return this.#multipart("mixed", [alternative, ...this.#attachments(language)]);
    }
    if (shape === 5) {
      const related = this.#multipart("related", [
        this.#text(language, "html"),
        this.#attachment(language),
      ]);
      return this.#multipart("alternative", [this.#text(language, "plain"), related]);
    }
    return this.#text(language, "html");
  }

  #text(language: Language, subtype: "plain" | "html"): Piece {
    const lines = Array.from({ length: 1 + this.#below(6) }, () =>
      this.#sentence(language, this.#below(14)),
    );
    const content = subtype === "html" ? `<p>${lines.join("</p>\n<p>")}</p>` : lines.join("\n");
    (subtype === "html" ? this.#htmls : this.#texts).push(content);
    const charset = this.#charset(content, language);
    const octets = Buffer.from(
      encode(content.replaceAll("\n", "\r\n"), charset) ?? Buffer.from(content),
    );
    return this.#encoded(
      [
        `Content-Type: text/${subtype}; ${this.#pick([`charset=${charset}`, `charset="${charset}"`, `format=fixed;\r\n\tcharset="${charset}"`])}`,
      ],
      octets,
      true,
    );
  }

  #attachments(language: Language): Piece[] {
    return Array.from({ length: 1 + this.#below(3) }, () => this.#attachment(language));
  }

  #attachment(language: Language): Piece {
    const type = this.#pick([
      "application/pdf",
      "image/png",
      "application/octet-stream",
      "application/zip",
    ]);
    const octets = Buffer.from(this.#random.bytes(this.#below(600)));
    const extension = type === "application/octet-stream" ? "bin" : type.split("/")[1];
    const name =
      `${this.#sentence(language, 1 + this.#below(2))} ${this.#below(100)}.${extension}`.replace(
        /[“”:"…—]/g,
        "-",
      );
    this.#files.push({ type, octets, name });
    const disposition = `Content-Disposition: ${this.#pick(["attachment", "inline", "ATTACHMENT"])};${this.#pick([" ", "\r\n ", "\r\n\t"])}${this.#fileName(name, language)}`;
    return this.#encoded([`Content-Type: ${type}`, disposition], octets, false);
  }

  #fileName(name: string, language: Language): string {
    const style = this.#below(4);
    const isAscii = /^[\u0020-\u007e]*$/.test(name);
    if (isAscii && style < 2) return `filename="${name}"`;
    if (style === 0) {
      this.#traits.add("encoded word in parameter");
      return `filename="${this.#encodedWords(name, language).replace(/\r\n[ \t]/g, " ")}"`;
    }
    const charset = this.#charset(name, language);
    const octets = Buffer.from(encode(name, charset) ?? Buffer.from(name));
    const units = Array.from(octets, (octet) =>
      /[A-Za-z0-9.]/.test(String.fromCharCode(octet))
        ? String.fromCharCode(octet)
        : `%${octet.toString(16).padStart(2, "0").toUpperCase()}`,
    );
    if (style === 1) return `filename*=${charset}''${units.join("")}`;
    this.#traits.add("RFC 2231 continuations");
    const half = Math.ceil(units.length / 2);
    return `filename*0*=${charset}''${units.slice(0, half).join("")};\r\n filename*1*=${units.slice(half).join("")}`;
  }

  #encoded(head: readonly string[], octets: Buffer, isText: boolean): Piece {
    const isAscii = octets.every((octet) => octet < 128);
    const choices = [
      "base64",
      ...(isText ? ["quoted-printable"] : []),
      ...(isText && isAscii ? ["7bit", ""] : isText ? ["8bit"] : []),
    ];
    const encoding = this.#pick(choices);
    const field =
      encoding === ""
        ? []
        : [`Content-Transfer-Encoding: ${this.#chance(0.2) ? encoding.toUpperCase() : encoding}`];
    if (encoding === "base64")
      return {
        head: [...head, ...field],
        octets: Buffer.from(octets.toString("base64").replace(/(.{76})/g, "$1\r\n")),
      };
    if (encoding === "quoted-printable")
      return { head: [...head, ...field], octets: quotedPrintable(octets) };
    return { head: [...head, ...field], octets };
  }

  #multipart(subtype: string, parts: readonly Piece[]): Piece {
    const boundary = this.#pick([
      `----=_Part_${this.#seed}_${this.#boundaries}`,
      `${this.#seed}b${this.#boundaries}`,
      `=_${this.#boundaries}'()+,-./:=?x`,
      `b ${this.#boundaries} c`,
    ]);
    this.#boundaries++;
    const chunks: Buffer[] = [];
    if (this.#chance(0.3))
      chunks.push(Buffer.from("This is a multi-part message in MIME format.\r\n"));
    for (const part of parts)
      chunks.push(
        Buffer.from(`--${boundary}\r\n${part.head.join("\r\n")}\r\n\r\n`),
        part.octets,
        Buffer.from("\r\n"),
      );
    if (this.#chance(0.05)) this.#traits.add("no final boundary");
    else chunks.push(Buffer.from(`--${boundary}--\r\n`));
    return {
      head: [
        `Content-Type: multipart/${subtype};${this.#pick([" ", "\r\n\t"])}boundary="${boundary}"`,
      ],
      octets: Buffer.concat(chunks),
    };
  }
}

type Piece = { readonly head: readonly string[]; readonly octets: Buffer };

/** Octets in a charset, or undefined if it cannot hold the text. */
function encode(text: string, charset: string): Uint8Array | undefined {
  if (charset === "us-ascii")
    return /^[\u0000-\u007f]*$/.test(text) ? Buffer.from(text) : undefined;
  // iconv-lite has no iso-2022-jp: JIS rows of euc-jp within escapes.
  const octets = charset === "iso-2022-jp" ? iso2022jp(text) : iconv.encode(text, charset);
  if (octets === undefined) return undefined;
  const back = new TextDecoder(charset).decode(octets);
  return back === text ? octets : undefined;
}

function iso2022jp(text: string): Uint8Array | undefined {
  const chunks: number[] = [];
  let isJis = false;
  const change = (toJis: boolean): void => {
    if (toJis !== isJis) chunks.push(...(toJis ? [0x1b, 0x24, 0x42] : [0x1b, 0x28, 0x42]));
    isJis = toJis;
  };
  for (const character of text) {
    const octets = iconv.encode(character, "euc-jp");
    if (octets.length === 1 && octets[0] < 128) {
      change(false);
      chunks.push(octets[0]);
    } else if (octets.length === 2 && octets[0] > 160 && octets[1] > 160) {
      change(true);
      chunks.push(octets[0] - 128, octets[1] - 128);
    } else return undefined;
  }
  change(false);
  return Buffer.from(chunks);
}

function qOctet(octet: number): string {
  const character = String.fromCharCode(octet);
  if (character === " ") return "_";
  return /[A-Za-z0-9]/.test(character)
    ? character
    : `=${octet.toString(16).padStart(2, "0").toUpperCase()}`;
}

function quotedPrintable(octets: Buffer): Buffer {
  const lines = octets
    .toString("latin1")
    .split("\r\n")
    .map((line) => {
      const units = Array.from(line, (character, index) => {
        const isLastSpace = character === " " && index === line.length - 1;
        return /[\u0020-\u003c\u003e-\u007e]/.test(character) && !isLastSpace
          ? character
          : `=${character.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`;
      });
      let written = "";
      let column = 0;
      for (const unit of units) {
        if (column + unit.length > 72) {
          written += "=\r\n";
          column = 0;
        }
        written += unit;
        column += unit.length;
      }
      return written;
    });
  return Buffer.from(lines.join("\r\n"), "latin1");
}
