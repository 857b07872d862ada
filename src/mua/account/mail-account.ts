/** One person's way to their mail: where to read it, where to hand it in, and as whom. */

import type { ServerUrl } from "../../net/server-url.ts";

export type MailAccount = {
  /** What the person calls it. */
  readonly name: string;
  /** The address mail is sent from, and the name shown with it. */
  readonly address: string;
  readonly displayName: string;
  readonly imap: ServerUrl | undefined;
  readonly smtp: ServerUrl | undefined;
  /** PEM certificates to trust instead of the platform's. */
  readonly trust?: readonly string[];
  /** The name the certificate must carry, where it is not the host's. */
  readonly serverName?: string;
  /** Mailbox for copies of what was sent; undefined: the server's \Sent. */
  readonly sent?: string;
  readonly signature?: string;
  /** Other addresses of the same person, left out when replying to all. */
  readonly aliases: readonly string[];
  /** Only these SASL mechanisms: a token, for one, is no password that SCRAM could prove. */
  readonly mechanisms?: readonly string[];
  /** Asked once a connection needs it; `server` tells which. */
  readonly password: (server: ServerUrl) => Promise<string>;
};

/** What the server offers, as far as this account may use it. */
export function usableMechanisms(
  { mechanisms }: Pick<MailAccount, "mechanisms">,
  advertised: readonly string[],
): readonly string[] {
  if (mechanisms === undefined) return advertised;
  return advertised.filter((name) => mechanisms.includes(name.toUpperCase()));
}
