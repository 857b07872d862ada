/**
 * The message codec beside mailparser and postal-mime on the same messages in the same run: what a
 * delivery costs (structure, ENVELOPE, BODYSTRUCTURE), and how fast large attachments go through.
 */

import { simpleParser } from "mailparser";
import PostalMime from "postal-mime";
import { Bench } from "tinybench";
import { compose } from "../src/message/compose.ts";
import { bodyOctets } from "../src/message/decode-body.ts";
import { bodyStructure } from "../src/message/imap-view/body-structure.ts";
import { envelope } from "../src/message/imap-view/envelope.ts";
import { encodeStructure } from "../src/message/imap-view/stored-structure.ts";
import { parseMessage } from "../src/message/parse.ts";
import { partsOf } from "../src/message/part.ts";
import { SeededRandom } from "../src/base/testing/seeded-random.ts";

const JANE = { displayName: "Jane Doe", address: { localPart: "jane", domain: "example.org" } };
const JOSE = { displayName: "José Núñez", address: { localPart: "jose", domain: "example.net" } };

/** About 4 KB: trace fields, a text and its HTML, as most mail is. */
export function typicalMessage(): Uint8Array {
  const paragraph =
    "We looked at the figures you sent on Monday and have three small questions about them. ";
  const octets = compose({
    from: [JANE],
    to: [JOSE, { address: { localPart: "team", domain: "example.net" } }],
    cc: [
      {
        displayName: "Records, Dept. of",
        address: { localPart: "records", domain: "example.org" },
      },
    ],
    subject: "Figures for the third quarter – three questions",
    dateMs: 1_700_000_000_000,
    messageId: "<bench-1@example.org>",
    references: ["<thread-1@example.net>", "<thread-2@example.org>"],
    inReplyTo: ["<thread-2@example.org>"],
    fields: [
      { name: "List-Id", text: "Team <team.example.net>" },
      { name: "X-Mailer", text: "Bench 1.0" },
    ],
    text: `Dear José,\n\n${paragraph.repeat(15)}\n\nRegards,\nJane\n`,
    html: `<p>Dear José,</p><p>${paragraph.repeat(15)}</p><p>Regards,<br>Jane</p>`,
  });
  const trace = ["a", "b", "c"]
    .map(
      (host) =>
        `Received: from ${host}.example.org (${host}.example.org [192.0.2.7])\r\n\tby mx.example.net with ESMTPS id 4XyZ${host}\r\n\tfor <jose@example.net>; Tue, 14 Nov 2023 22:13:20 +0000\r\n`,
    )
    .join("");
  return Buffer.concat([Buffer.from(trace, "latin1"), octets]);
}

export function largeMessage(megabytes: number): Uint8Array {
  return compose({
    from: [JANE],
    to: [JOSE],
    subject: "A film",
    dateMs: 1_700_000_000_000,
    text: "Here it is.\n",
    attachments: [
      {
        fileName: "film.mp4",
        mediaType: "video/mp4",
        octets: new SeededRandom(7).bytes(Math.floor((megabytes * 1_000_000 * 76) / 78 / (4 / 3))),
      },
    ],
  });
}

function toImapViews(octets: Uint8Array): number {
  const parsed = parseMessage(octets);
  return envelope(parsed).length + bodyStructure(parsed, true).length;
}

function decodeAll(octets: Uint8Array): number {
  let total = 0;
  const parsed = parseMessage(octets);
  for (const part of partsOf(parsed.root)) {
    if (part.children.length === 0) total += bodyOctets(octets, part).length;
  }
  return total;
}

export type BenchRow = {
  readonly name: string;
  readonly medianUs: number;
  readonly megabytesPerSecond: number;
};

export async function measure(milliseconds = 500): Promise<BenchRow[]> {
  const small = typicalMessage();
  const large = largeMessage(10);
  const sizes = new Map<string, number>();
  const bench = new Bench({ time: milliseconds, warmupTime: milliseconds / 4 });
  const add = (name: string, octets: Uint8Array, task: () => unknown): void => {
    sizes.set(name, octets.length);
    bench.add(name, task);
  };
  const buffer = (octets: Uint8Array): Buffer =>
    Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  const label = (octets: Uint8Array): string =>
    octets.length > 1e6
      ? `${Math.round(octets.length / 1e6)} MB`
      : `${(octets.length / 1000).toFixed(1)} KB`;
  for (const octets of [small, large]) {
    const size = label(octets);
    add(`${size}: posthorn structure`, octets, () => parseMessage(octets));
    add(`${size}: posthorn structure + ENVELOPE + BODYSTRUCTURE`, octets, () =>
      toImapViews(octets),
    );
    add(`${size}: posthorn … + stored structure`, octets, () =>
      encodeStructure(parseMessage(octets)),
    );
    add(`${size}: posthorn structure + all bodies decoded`, octets, () => decodeAll(octets));
    add(`${size}: postal-mime`, octets, async () => {
      await PostalMime.parse(octets);
    });
    add(`${size}: mailparser`, octets, async () => {
      await simpleParser(buffer(octets), {
        skipHtmlToText: true,
        skipTextToHtml: true,
        skipImageLinks: true,
      });
    });
  }
  await bench.run();
  return bench.tasks.map((task) => {
    const { result } = task;
    const medianMs = result.state === "completed" ? result.latency.p50 : Number.NaN;
    const octets = sizes.get(task.name) ?? 0;
    return {
      name: task.name,
      medianUs: medianMs * 1000,
      megabytesPerSecond: octets / 1e6 / (medianMs / 1000),
    };
  });
}

export async function run(): Promise<void> {
  const rows = await measure();
  const width = Math.max(...rows.map((row) => row.name.length));
  console.log(
    `${"message codec".padEnd(width)}  ${"median us".padStart(12)}  ${"MB/s".padStart(9)}`,
  );
  for (const row of rows) {
    console.log(
      `${row.name.padEnd(width)}  ${row.medianUs.toFixed(1).padStart(12)}  ${row.megabytesPerSecond.toFixed(1).padStart(9)}`,
    );
  }
}
