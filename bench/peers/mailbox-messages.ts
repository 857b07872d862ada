/**
 * Messages as a mailbox of some years holds them, about 15 KB each, made from their number: threads of
 * a few answers, mail with text and HTML, every tenth with an attachment, every fourth out of the
 * corpus of odd but realistic ones.
 */

import { makeRealistic } from "../../test/message/realistic.ts";

const WORDS =
  "the quick brown fox jumps over a lazy dog while meeting notes and invoice figures arrive from our office in Vienna with many thanks for your patience about last week's report budget travel plans project deadline review contract".split(
    " ",
  );
const DAY_MS = 86_400_000;
const FIRST_DAY_MS = Date.UTC(2021, 0, 1);

export type MailboxMessage = {
  readonly octets: Uint8Array;
  readonly flags: string;
  readonly internalDateMs: number;
};

export function mailboxMessage(index: number): MailboxMessage {
  const internalDateMs = FIRST_DAY_MS + Math.floor((index * DAY_MS) / 60);
  const flags = index % 3 === 0 ? "" : "\\Seen";
  const odd = index % 4 === 3 ? makeRealistic(index).octets : undefined;
  const isUsable = odd !== undefined && !odd.includes(0);
  return { octets: isUsable ? odd : composed(index, internalDateMs), flags, internalDateMs };
}

function composed(index: number, dateMs: number): Uint8Array {
  const random = numbers(index);
  const words = (count: number): string =>
    Array.from({ length: count }, () => WORDS[random() % WORDS.length]).join(" ");
  const paragraph = (): string => words(60).replace(/(.{1,74})(?: |$)/g, "$1\r\n");
  const person = (): number => random() % 400;
  const [from, to] = [person(), person()];
  const thread = Math.floor(index / 5);
  const place = index % 5;
  const subject = `${words(4)} ${thread}`;
  const ancestors = Array.from({ length: place }, (_, n) => `<${thread}.${n}@example.net>`);
  const text = Array.from({ length: 2 + (random() % 8) }, paragraph).join("\r\n");
  const html = text.replace(/\r\n/g, "<br>\r\n");
  const attachment = index % 10 === 0 ? attached(random, 20_000 + (random() % 60_000)) : "";
  return Buffer.from(
    `Return-Path: <p${from}@example.net>\r\nReceived: from mx.example.net (mx.example.net [192.0.2.1])\r\n` +
      `\tby mx.example.org with ESMTPS id ${index};\r\n\t${new Date(dateMs).toUTCString().replace("GMT", "+0000")}\r\n` +
      `From: "Person ${from} ${WORDS[from % WORDS.length]}" <p${from}@example.net>\r\n` +
      `To: Bench <bench@example.org>, "Person ${to}" <p${to}@example.com>\r\n` +
      `Subject: ${place === 0 ? "" : "Re: "}${subject}\r\nDate: ${new Date(dateMs).toUTCString().replace("GMT", "+0000")}\r\n` +
      `Message-ID: <${thread}.${place}@example.net>\r\n` +
      (place === 0
        ? ""
        : `In-Reply-To: ${ancestors.at(-1)}\r\nReferences: ${ancestors.join("\r\n ")}\r\n`) +
      `X-Mailer: Bench 1.0\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="mixed"\r\n\r\n` +
      `--mixed\r\nContent-Type: multipart/alternative; boundary="alt"\r\n\r\n--alt\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n` +
      `--alt\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><head><style>${"p{margin:0;color:#333} ".repeat(80)}</style></head><body>${html}</body></html>\r\n--alt--\r\n${attachment}--mixed--\r\n`,
    "latin1",
  );
}

function attached(random: () => number, octets: number): string {
  const data = Buffer.alloc(octets);
  for (let at = 0; at < octets; at++) data[at] = random() & 255;
  const lines = data.toString("base64").replace(/.{76}/g, "$&\r\n");
  return `--mixed\r\nContent-Type: application/pdf; name="report.pdf"\r\nContent-Disposition: attachment; filename="report.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines}\r\n`;
}

/** The same numbers for the same seed. */
function numbers(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}
