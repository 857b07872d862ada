/** Fills INBOX over IMAP, many messages a command (RFC 3502), the same way whatever the server. */

import { once } from "node:events";
import { connect } from "node:net";
import { mailboxMessage } from "./mailbox-messages.ts";

const BATCH = 50;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

export type MailboxPlace = {
  readonly port: number;
  readonly user: string;
  readonly password: string;
};

export async function fillMailbox(
  place: MailboxPlace,
  messages: number,
  progress: (done: number) => void,
): Promise<void> {
  const socket = connect({ port: place.port, host: "127.0.0.1", noDelay: true });
  let heard = "";
  let wake: () => void = () => {};
  socket.on("data", (octets: Buffer) => {
    heard = (heard + octets.toString("latin1")).slice(-2000);
    wake();
  });
  const answered = async (tag: string): Promise<void> => {
    for (;;) {
      const match = new RegExp(`(?:^|\r\n)${tag} ([^\r]*)\r\n`).exec(heard);
      if (match?.[1].startsWith("OK") === true) return;
      if (match !== null) throw new Error(`${tag} ${match[1]}`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  socket.write(`a LOGIN ${place.user} "${place.password}"\r\n`);
  await answered("a");
  for (let from = 0; from < messages; from += BATCH) {
    const tag = `b${from}`;
    const pieces: Buffer[] = [Buffer.from(`${tag} APPEND INBOX`)];
    for (let index = from; index < Math.min(messages, from + BATCH); index++) {
      const { octets, flags, internalDateMs } = mailboxMessage(index);
      const head = ` (${flags}) "${dateTime(internalDateMs)}" {${octets.length}+}\r\n`;
      pieces.push(Buffer.from(head), Buffer.from(octets));
    }
    pieces.push(Buffer.from("\r\n"));
    if (!socket.write(Buffer.concat(pieces))) await once(socket, "drain");
    await answered(tag);
    progress(Math.min(messages, from + BATCH));
  }
  socket.end("z LOGOUT\r\n");
}

function dateTime(epochMs: number): string {
  const [date, time] = new Date(epochMs).toISOString().split("T");
  const [year, month, day] = date.split("-");
  return `${day}-${MONTHS[Number(month) - 1]}-${year} ${time.slice(0, 8)} +0000`;
}
