/** From a fresh connection to a client that is logged in: greeting, TLS where it must be, the best mechanism. */

import type { Channel, TlsWish } from "../../base/channel.ts";
import type { Crypto } from "../../base/crypto.ts";
import { MailError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import { chooseMechanism, clientMechanism } from "../../sasl/client-mechanism.ts";
import { ImapClient } from "./imap-client.ts";

export type SignIn = {
  readonly user: string;
  /** Asked only when the server wants it. */
  readonly password: () => Promise<string>;
  /** STARTTLS before anything else, or no session. */
  readonly mustStartTls: boolean;
  readonly tls: TlsWish;
  /** The password may be sent in the clear: nobody can listen in. */
  readonly isPrivate: boolean;
  /** Only these mechanisms; undefined: any. */
  readonly mechanisms?: readonly string[];
};

export type SignInDeps = { readonly crypto: Crypto; readonly random: Random };

/** Drops the connection when it rejects. */
export async function signIn(
  channel: Channel,
  wish: SignIn,
  deps: SignInDeps,
): Promise<ImapClient> {
  try {
    const client = new ImapClient(channel);
    const greeting = await client.open();
    if (wish.mustStartTls) await client.startTls(wish.tls);
    if (greeting !== "preauth") await logIn(client, wish, deps);
    return client;
  } catch (error) {
    channel.abort();
    throw error;
  }
}

async function logIn(client: ImapClient, wish: SignIn, deps: SignInDeps): Promise<void> {
  const { channel } = client.connection;
  const credentials = { name: wish.user, password: await wish.password() };
  const mayShow = channel.tls !== undefined || wish.isPrivate;
  const channelBinding = channel.tls?.channelBinding;
  const { mechanisms } = wish;
  const advertised = client.mechanisms.filter(
    (name) => mechanisms === undefined || mechanisms.includes(name.toUpperCase()),
  );
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
