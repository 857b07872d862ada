/** Connects to an account's IMAP server, makes the connection safe as the account asks, and logs in. */

import type { Channel } from "../../base/channel.ts";
import type { Crypto } from "../../base/crypto.ts";
import { MailError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import type { ImapClient } from "../../imap/client/imap-client.ts";
import { signIn } from "../../imap/client/sign-in.ts";
import type { ConnectOptions } from "../../net/connect.ts";
import type { MailAccount } from "./mail-account.ts";
import { isLoopback, type ServerUrl } from "../../net/server-url.ts";

export type ConnectDeps = {
  readonly connect: (options: ConnectOptions) => Promise<Channel>;
  readonly crypto: Crypto;
  readonly random: Random;
};

const CONNECT_TIMEOUT_MS = 30_000;

/** A channel to `server`, under TLS already where that is implicit. */
export function connectTo(
  server: ServerUrl,
  account: MailAccount,
  deps: ConnectDeps,
): Promise<Channel> {
  return deps.connect({
    host: server.host,
    port: server.port,
    timeoutMs: CONNECT_TIMEOUT_MS,
    trust: account.trust,
    ...(server.tls === "implicit" && { tls: tlsWish(server, account) }),
  });
}

export function tlsWish(
  server: ServerUrl,
  account: MailAccount,
): { readonly serverName: string; readonly verify: true } {
  return { serverName: account.serverName ?? server.host, verify: true };
}

export async function openImap(account: MailAccount, deps: ConnectDeps): Promise<ImapClient> {
  const server = account.imap;
  if (server === undefined) {
    throw new MailError(
      "config-invalid",
      `the account ${account.name} has no IMAP server to read from`,
    );
  }
  const mustStartTls =
    server.tls === "required" || (server.tls === "opportunistic" && !isLoopback(server.host));
  return signIn(
    await connectTo(server, account, deps),
    {
      user: server.user ?? account.address,
      password: () => account.password(server),
      mustStartTls,
      tls: tlsWish(server, account),
      isPrivate: isLoopback(server.host),
      mechanisms: account.mechanisms,
    },
    deps,
  );
}
