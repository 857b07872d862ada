/**
 * A bare SMTP line to a loopback port, for loads and crash tests: the caller writes octets and reads
 * replies, and sees a lost connection as a 421. Knows nothing else of the protocol.
 */

import { connect, type Socket } from "node:net";

export type SmtpLine = {
  readonly socket: Socket;
  /** The last line of the next reply. */
  reply(): Promise<string>;
};

/** Connects and greets with EHLO. */
export async function openSmtpLine(port: number): Promise<SmtpLine> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let buffered = "";
  const waiting: ((line: string) => void)[] = [];
  const ready: string[] = [];
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    buffered += text;
    for (let end = buffered.indexOf("\r\n"); end !== -1; end = buffered.indexOf("\r\n")) {
      const line = buffered.slice(0, end);
      buffered = buffered.slice(end + 2);
      if (line[3] === "-") continue;
      const wake = waiting.shift();
      if (wake === undefined) ready.push(line);
      else wake(line);
    }
  });
  const closed = (): void => waiting.splice(0).forEach((wake) => wake("421 connection lost"));
  socket.on("close", closed);
  socket.on("error", closed);
  const reply = (): Promise<string> => {
    const line = ready.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (socket.destroyed) return Promise.resolve("421 connection lost");
    return new Promise((resolve) => waiting.push(resolve));
  };
  await reply();
  socket.write("EHLO load.example\r\n");
  await reply();
  return { socket, reply };
}
