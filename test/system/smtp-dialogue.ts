/** A client that says what a test writes to a listening socket, and hears whole replies. */

import { connect, type NetConnectOpts } from "node:net";

export type SmtpDialogue = {
  /** Sends a line; the reply, its lines joined by `|`. */
  say(line: string): Promise<string>;
  send(octets: string): void;
  reply(): Promise<string>;
  close(): void;
};

export function smtpDialogue(where: NetConnectOpts): SmtpDialogue {
  const socket = connect(where);
  let text = "";
  let isOver = false;
  let wake = (): void => {};
  socket.setEncoding("latin1");
  socket.on("data", (more: string) => ((text += more), wake()));
  socket.on("error", () => {});
  socket.on("close", () => ((isOver = true), wake()));
  const reply = async (): Promise<string> => {
    for (;;) {
      const match = /^(?:\d{3}-[^\r\n]*\r\n)*\d{3}(?: [^\r\n]*)?\r\n/.exec(text);
      if (match !== null) {
        text = text.slice(match[0].length);
        return match[0].trimEnd().replaceAll("\r\n", "|");
      }
      if (isOver) return `closed after "${text}"`;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return {
    reply,
    send: (octets) => void socket.write(octets, "latin1"),
    say(line) {
      socket.write(`${line}\r\n`, "latin1");
      return reply();
    },
    close: () => void socket.destroy(),
  };
}
