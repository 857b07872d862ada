/** How long after a change a session that idles hears of it. */

import { connect } from "node:net";
import type { MailboxPlace } from "./fill-mailbox.ts";

/** Milliseconds from the end of `change` to the EXISTS, of so many in turn. */
export async function newsAfter(
  { port, user, password }: MailboxPlace,
  rounds: number,
  change: () => Promise<unknown>,
): Promise<number[]> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let heard = "";
  let wake: () => void = () => {};
  socket.on("data", (octets: Buffer) => {
    heard += octets.toString("latin1");
    wake();
  });
  const until = async (pattern: RegExp): Promise<number> => {
    while (!pattern.test(heard)) await new Promise<void>((resolve) => (wake = resolve));
    heard = "";
    return performance.now();
  };
  await until(/^\* OK/);
  socket.write(`a LOGIN ${user} "${password}"\r\n`);
  await until(/^a OK/m);
  socket.write("b SELECT INBOX\r\n");
  await until(/^b OK/m);
  socket.write("c IDLE\r\n");
  await until(/^\+ /m);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const news = until(/EXISTS\r\n/);
    await change();
    const from = performance.now();
    times.push((await news) - from);
  }
  socket.destroy();
  return times;
}
