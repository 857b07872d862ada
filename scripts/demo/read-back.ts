/** Reads a whole INBOX back, over IMAP or POP3, with programs that are not ours. */

import { ImapFlow } from "imapflow";
import Pop3Command from "node-pop3";

export type ReadMessage = {
  readonly account: string;
  readonly way: "IMAP" | "POP3";
  readonly text: string;
};
export type Login = {
  readonly host: string;
  readonly port: number;
  readonly account: string;
  readonly password: string;
};

/** Self-signed certificates here; a server name, because this client would send an address as one. */
const WITHOUT_TRUST: object = { rejectUnauthorized: false, servername: "mx.posthorn.test" };

export async function readOverImap({
  host,
  port,
  account,
  password,
}: Login): Promise<ReadMessage[]> {
  const client = new ImapFlow({
    host,
    port,
    secure: true,
    tls: { rejectUnauthorized: false },
    auth: { user: account, pass: password },
    logger: false,
  });
  await client.connect();
  try {
    const { exists } = await client.mailboxOpen("INBOX", { readOnly: true });
    if (exists === 0) return [];
    const found = await client.fetchAll("1:*", { source: true });
    return found.map(({ source }) => ({
      account,
      way: "IMAP" as const,
      text: source?.toString("latin1") ?? "",
    }));
  } finally {
    await client.logout();
  }
}

export async function readOverPop3({
  host,
  port,
  account,
  password,
}: Login): Promise<ReadMessage[]> {
  const client = new Pop3Command({
    host,
    port,
    user: account,
    password,
    tls: true,
    tlsOptions: WITHOUT_TRUST,
  });
  const numbers = (await client.UIDL()) as [string, string][];
  const found: ReadMessage[] = [];
  for (const [number] of numbers) {
    found.push({ account, way: "POP3", text: await client.RETR(Number(number)) });
  }
  await client.QUIT();
  return found;
}
