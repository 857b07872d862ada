/** A mail host that says to each recipient what a test wants, over a real socket. */

import { createServer, type Socket } from "node:net";

export type ScriptedHost = {
  /** Recipients of what was taken, in order. */
  readonly taken: string[];
  stop(): Promise<void>;
};

export async function startScriptedHost(
  at: { readonly host: string; readonly port: number },
  /** To RCPT: a reply; `count` says how often this recipient came before. */
  answer: (recipient: string, count: number) => string,
): Promise<ScriptedHost> {
  const taken: string[] = [];
  const counts = new Map<string, number>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let text = "";
    let recipients: string[] = [];
    let isInData = false;
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    const command = (line: string): void => {
      const recipient = /^RCPT TO:<(.*?)>/i.exec(line)?.[1];
      if (recipient !== undefined) {
        const count = counts.get(recipient) ?? 0;
        counts.set(recipient, count + 1);
        const reply = answer(recipient, count);
        if (reply.startsWith("2")) recipients.push(recipient);
        say(reply);
      } else if (/^DATA/i.test(line)) {
        isInData = recipients.length > 0;
        say(isInData ? "354 Go on" : "554 5.5.1 No recipients");
      } else if (/^QUIT/i.test(line)) {
        socket.end("221 2.0.0 Bye\r\n");
      } else {
        if (/^(?:MAIL|RSET)/i.test(line)) recipients = [];
        say("250 2.0.0 Ok");
      }
    };
    say("220 scripted.test");
    socket.setEncoding("latin1").on("data", (piece: string) => {
      text += piece;
      for (;;) {
        const mark = isInData ? "\r\n.\r\n" : "\r\n";
        const end = text.indexOf(mark);
        if (end === -1) return;
        const line = text.slice(0, end);
        text = text.slice(end + mark.length);
        if (!isInData) command(line);
        else {
          isInData = false;
          taken.push(...recipients.splice(0));
          say("250 2.0.0 Taken");
        }
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(at.port, at.host, resolve);
  });
  return {
    taken,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
