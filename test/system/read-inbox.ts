/** Reads what is in an INBOX with imapflow, a client that is not ours. */

import { ImapFlow } from "imapflow";
import type { PosthornProcess } from "./posthorn-process.ts";

export type FoundMessage = {
  readonly uid: number;
  readonly messageId: string;
  readonly header: string;
};

export async function readInbox(
  server: PosthornProcess,
  account: string,
  password: string,
): Promise<FoundMessage[]> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port: server.ports.imap,
    secure: false,
    doSTARTTLS: false,
    auth: { user: account, pass: password },
    logger: false,
  });
  await client.connect();
  try {
    const lock = await client.getMailboxLock("INBOX");
    try {
      const found: FoundMessage[] = [];
      if (client.mailbox === false || client.mailbox.exists === 0) return found;
      for await (const message of client.fetch("1:*", {
        uid: true,
        envelope: true,
        headers: true,
      })) {
        const header = message.headers?.toString("latin1") ?? "";
        found.push({ uid: message.uid, messageId: message.envelope?.messageId ?? "", header });
      }
      return found;
    } finally {
      lock.release();
    }
  } finally {
    await client.logout();
  }
}
