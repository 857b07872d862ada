/**
 * How a program on this machine, run by whoever may read the data folder, reaches an account of the
 * local server over its own front doors (IMAP, submission): addresses, the certificate to trust, and
 * a password that expires. Nothing here goes around the protocols.
 */

import { readFileSync } from "node:fs";
import { MailError } from "../base/errors.ts";
import type { Store } from "../store/contract.ts";
import type { Account } from "../store/directory.ts";
import { ownCertificateFile } from "./certificates.ts";
import type { FoundConfig } from "./config/find-config.ts";
import type { HostPort } from "./config/kinds.ts";

export type LocalService = HostPort & {
  /** `implicit`: TLS from the first octet. `starttls`: begins in the clear. */
  readonly tls: "implicit" | "starttls";
};

export type LocalAccess = {
  readonly address: string;
  readonly displayName: string;
  /** Undefined where the configuration has switched it off. */
  readonly imap: LocalService | undefined;
  readonly submission: LocalService | undefined;
  /** The name to verify the certificate with, and the certificates to trust. */
  readonly serverName: string;
  readonly trust: readonly string[];
  /** Accepted as password until it expires. */
  readonly token: string;
};

const TOKEN_LIFETIME_MS = 12 * 3_600_000;

/**
 * `wanted`: an address, or undefined for the only account, or the one named like `userName`.
 * Rejects with MailError `refused` and a sentence that lists the accounts to choose from.
 */
export async function localAccess(
  found: FoundConfig,
  store: Store,
  wanted: string | undefined,
  userName: string,
  purpose: string,
): Promise<LocalAccess> {
  const account = chooseAccount(store, wanted, userName);
  const { settings, dataFolder } = found;
  return {
    address: account.address,
    displayName: account.displayName,
    imap:
      serviceAt(settings.listen.imaps, "implicit") ?? serviceAt(settings.listen.imap, "starttls"),
    submission:
      serviceAt(settings.listen.submissions, "implicit") ??
      serviceAt(settings.listen.submission, "starttls"),
    serverName: settings.hostname,
    trust: certificatesOf(found, dataFolder),
    token: await store.credentials.makeToken(account.address, purpose, TOKEN_LIFETIME_MS),
  };
}

function chooseAccount(store: Store, wanted: string | undefined, userName: string): Account {
  const all = store.directory.accounts().filter(({ isEnabled }) => isEnabled);
  const named =
    wanted === undefined
      ? all.filter(({ address }) => address.startsWith(`${userName.toLowerCase()}@`))
      : all.filter(({ address }) => address === wanted.toLowerCase());
  if (named.length === 1) return named[0];
  if (wanted === undefined && all.length === 1) return all[0];
  const choices = all.slice(0, 10).map(({ address }) => address);
  const list =
    choices.length === 0 ? "there is none yet: posthorn account add" : choices.join(", ");
  throw new MailError(
    "refused",
    wanted === undefined
      ? `which account? ${list}`
      : `there is no account ${wanted} that may log in. The accounts: ${list}`,
  );
}

/** One's own machine is reached by loopback, whatever address the service listens on. */
function serviceAt(
  endpoints: readonly HostPort[],
  tls: LocalService["tls"],
): LocalService | undefined {
  const first = endpoints.find(({ port }) => port !== 0);
  if (first === undefined) return undefined;
  const host =
    first.host === "::" ? "127.0.0.1" : first.host === "0.0.0.0" ? "127.0.0.1" : first.host;
  return { host, port: first.port, tls };
}

function certificatesOf(found: FoundConfig, dataFolder: string): string[] {
  const configured = found.settings.tls.certificates.map(({ certificate }) => certificate);
  const files = configured.length > 0 ? configured : [ownCertificateFile(dataFolder)];
  return files.flatMap((file) => {
    try {
      return [readFileSync(file, "utf8")];
    } catch {
      return [];
    }
  });
}
