/**
 * A load of plain SMTP: `sessions` connections, each sending its share of messages one after the
 * other with PIPELINING for the envelope, as a busy relay does. Counts only what was answered 250.
 */

import { openSmtpLine } from "./smtp-line.ts";

export type LoadResult = {
  readonly accepted: number;
  readonly refused: number;
  readonly seconds: number;
  readonly latenciesMs: Float64Array;
};

export async function smtpLoad(options: {
  readonly port: number;
  readonly sessions: number;
  readonly messages: number;
  readonly recipients: readonly string[];
  readonly message: Buffer;
}): Promise<LoadResult> {
  let next = 0;
  let accepted = 0;
  let refused = 0;
  const latenciesMs = new Float64Array(options.messages);
  const startedMs = performance.now();

  const session = async (): Promise<void> => {
    const line = await openSmtpLine(options.port);
    while (next < options.messages) {
      const number = next++;
      const recipient = options.recipients[number % options.recipients.length];
      const sentMs = performance.now();
      line.socket.write(`MAIL FROM:<load@sender.example>\r\nRCPT TO:<${recipient}>\r\nDATA\r\n`);
      const replies = [await line.reply(), await line.reply(), await line.reply()];
      if (replies[2].startsWith("354")) {
        line.socket.write(options.message);
        replies.push(await line.reply());
      }
      latenciesMs[number] = performance.now() - sentMs;
      if (replies.at(-1)?.startsWith("250")) accepted++;
      else refused++;
    }
    line.socket.end("QUIT\r\n");
  };
  await Promise.all(Array.from({ length: options.sessions }, session));
  return { accepted, refused, seconds: (performance.now() - startedMs) / 1000, latenciesMs };
}

/** A message of `octets` in all, ready for the wire with its final dot. */
export function loadMessage(octets: number): Buffer {
  const header =
    "From: Load <load@sender.example>\r\nTo: somebody@bench.example\r\nSubject: load\r\n" +
    "Date: Tue, 03 Mar 2026 09:00:00 +0000\r\nMessage-ID: <load@sender.example>\r\n" +
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
  const line = "The quick brown fox jumps over the lazy dog, again and again and again.\r\n";
  const text = line.repeat(Math.ceil((octets - header.length) / line.length));
  return Buffer.from(
    `${header}${text.slice(0, Math.max(0, octets - header.length - 2))}\r\n.\r\n`,
    "latin1",
  );
}
