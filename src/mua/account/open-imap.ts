/** Connects to an account's IMAP server, makes the connection safe as the account asks, and logs in. */

import type { Channel } from "../../base/channel.ts";
import type { Crypto } from "../../base/crypto.ts";
import { MailError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import { ImapClient } from "../../imap/client/imap-client.ts";
import type { ConnectOptions } from "../../net/connect.ts";
import { chooseMechanism, clientMechanism } from "../../sasl/client-mechanism.ts";
import { type MailAccount, usableMechanisms } from "./mail-account.ts";
import { isLoopback, type ServerUrl } from "./server-url.ts";

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
  const channel = await connectTo(server, account, deps);
  try {
    const client = new ImapClient(channel);
    const greeting = await client.open();
    const mustSecure =
      server.tls === "required" || (server.tls === "opportunistic" && !isLoopback(server.host));
    if (mustSecure) await client.startTls(tlsWish(server, account));
    if (greeting !== "preauth") await logIn(client, server, account, deps);
    return client;
  } catch (error) {
    channel.abort();
    throw error;
  }
}

async function logIn(
  client: ImapClient,
  server: ServerUrl,
  account: MailAccount,
  deps: ConnectDeps,
): Promise<void> {
  const { channel } = client.connection;
  const credentials = {
    name: server.user ?? account.address,
    password: await account.password(server),
  };
  const mayShow = channel.tls !== undefined || isLoopback(server.host);
  const channelBinding = channel.tls?.channelBinding;
  const advertised = usableMechanisms(account, client.mechanisms);
  const chosen = chooseMechanism(advertised, credentials, {
    tls: channel.tls !== undefined,
    channelBinding: channelBinding !== undefined,
    allowInClear: mayShow,
  });
  const mechanism =
    chosen === undefined
      ? undefined
      : clientMechanism(chosen, credentials, { ...deps, channelBinding, advertised });
  if (mechanism !== undefined) return client.authenticate(mechanism);
  if (!mayShow) {
    throw new MailError("refused", "the connection is in the clear, so the password was not sent");
  }
  return client.login(credentials.name, credentials.password);
}
