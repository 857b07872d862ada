/** A plain POP3 client that measures: RETR of the first messages, one after the other. */

import { connect } from "node:net";
import type { MailboxPlace } from "./fill-mailbox.ts";

const END = Buffer.from("\r\n.\r\n");

export async function pop3Retrieve(
  { port, user, password }: MailboxPlace,
  messages: number,
): Promise<{ readonly ms: number; readonly octets: number }> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let tail = Buffer.alloc(0);
  let octets = 0;
  let heard: () => void = () => {};
  socket.on("data", (piece: Buffer) => {
    octets += piece.length;
    tail = Buffer.concat([tail, piece]).subarray(-1024);
    heard();
  });
  const until = async (isComplete: () => boolean): Promise<void> => {
    while (!isComplete()) await new Promise<void>((resolve) => (heard = resolve));
  };
  const isLine = (): boolean => tail.subarray(-2).equals(END.subarray(0, 2));
  const send = (line: string): void => {
    tail = Buffer.alloc(0);
    socket.write(`${line}\r\n`);
  };
  await until(isLine);
  for (const line of [`USER ${user}`, `PASS ${password}`]) {
    send(line);
    await until(isLine);
    if (!tail.toString("latin1").startsWith("+OK")) throw new Error(tail.toString("latin1"));
  }
  octets = 0;
  const began = performance.now();
  for (let number = 1; number <= messages; number++) {
    send(`RETR ${number}`);
    await until(() => tail.subarray(-END.length).equals(END));
  }
  const ms = performance.now() - began;
  send("QUIT");
  socket.end();
  return { ms, octets };
}
