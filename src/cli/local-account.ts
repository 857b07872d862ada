/**
 * The way to one's own mail on the server of this machine, without any setting up: whoever can read
 * the data folder gets a password that lasts for this one run, and logs in with it over loopback
 * like any other mail program.
 */

import { existsSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import type { Command } from "commander";
import { ownCertificateFile } from "../app/certificates.ts";
import { mayShowPassword } from "../app/mta-settings.ts";
import { isLoopback } from "../app/config/cidr.ts";
import type { HostPort } from "../app/config/kinds.ts";
import type { FoundConfig } from "../app/config/find-config.ts";
import { isMailError } from "../base/errors.ts";
import type { MailAccount } from "../mua/account/mail-account.ts";
import type { ServerUrl } from "../net/server-url.ts";
import { systemRandom } from "../net/system-random.ts";
import type { Store } from "../store/contract.ts";
import type { Account, Directory } from "../store/directory.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { withStore } from "./with-store.ts";

/** Longer than anybody sits at one prompt; revoked at the end of the run. */
const TOKEN_LIFETIME_MS = 24 * 3_600_000;

/** Runs `work` with the account of `user`, or of whoever lives here alone. */
export async function withLocalAccount<T>(
  command: Command,
  user: string | undefined,
  work: (account: MailAccount) => Promise<T>,
): Promise<T> {
  return withStore(command, (store, found) =>
    withToken(store, found, chooseAccount(store.directory, user), work),
  );
}

/** Runs `work` with an account of `store`, under a password that lasts as long. */
export async function withToken<T>(
  { credentials }: Store,
  found: FoundConfig,
  chosen: Account,
  work: (account: MailAccount) => Promise<T>,
): Promise<T> {
  const purpose = `posthorn mail ${Buffer.from(systemRandom.bytes(6)).toString("hex")}`;
  const token = await credentials.makeToken(chosen.address, purpose, TOKEN_LIFETIME_MS);
  try {
    return await work(localMailAccount(chosen, found, token));
  } finally {
    // It runs out by itself; that it cannot be revoked now is no failure of what was asked for.
    await credentials.revokeTokens(chosen.address, purpose).catch(ignoreMailError);
  }
}

function ignoreMailError(error: unknown): void {
  if (!isMailError(error)) throw error;
}

function localMailAccount(account: Account, found: FoundConfig, token: string): MailAccount {
  const { listen } = found.settings;
  return {
    name: account.address,
    address: account.address,
    displayName: account.displayName,
    imap: serverAt("imap", account.address, found, listen.imap, listen.imaps),
    smtp: serverAt("smtp", account.address, found, listen.submission, listen.submissions),
    ...ownTrust(found),
    aliases: [],
    mechanisms: ["PLAIN", "LOGIN"],
    password: async () => token,
  };
}

/** The clear-text service where it takes passwords (it listens on loopback alone), else the one under TLS. */
function serverAt(
  protocol: "imap" | "smtp",
  user: string,
  { settings }: FoundConfig,
  clear: readonly HostPort[],
  secure: readonly HostPort[],
): ServerUrl | undefined {
  const open = clear.find(({ host }) => isLoopback(host) && mayShowPassword(settings, host));
  if (open !== undefined) return { protocol, tls: "opportunistic", user, ...open };
  const [closed] = secure;
  if (closed !== undefined) return { protocol, tls: "implicit", user, ...reachable(closed) };
  const [other] = clear;
  return other === undefined ? undefined : { protocol, tls: "required", user, ...reachable(other) };
}

/** What listens everywhere listens on loopback too. */
export function reachable({ host, port }: HostPort): HostPort {
  if (host === "0.0.0.0") return { host: "127.0.0.1", port };
  return host === "::" || host === "*" ? { host: "::1", port } : { host, port };
}

/** Our own certificate is trusted because it lies in the data folder; a bought one by who signed it. */
function ownTrust({
  settings,
  dataFolder,
}: FoundConfig): Pick<MailAccount, "trust" | "serverName"> {
  if (settings.tls.certificates.length > 0) return { serverName: settings.hostname };
  const file = ownCertificateFile(dataFolder);
  if (!existsSync(file)) return {};
  return { trust: [readFileSync(file, "utf8")], serverName: "localhost" };
}

export function chooseAccount(directory: Directory, user: string | undefined): Account {
  const wanted = user ?? process.env["POSTHORN_USER"];
  const accounts = directory.accounts();
  if (wanted !== undefined) {
    const found = accounts.filter(
      ({ address }) => address === wanted.toLowerCase() || isLocalPart(address, wanted),
    );
    if (found.length === 1) return found[0];
    throw new CliError(
      `there is no account ${wanted} here: posthorn account list`,
      EXIT.noSuchUser,
    );
  }
  if (accounts.length === 1) return accounts[0];
  const mine = accounts.filter(({ address }) => isLocalPart(address, userInfo().username));
  if (mine.length === 1) return mine[0];
  const some = accounts.slice(0, 10).map(({ address }) => `\n  --user ${address}`);
  throw new CliError(
    accounts.length === 0
      ? "there is no account yet: posthorn account add NAME@DOMAIN"
      : `whose mail? There are ${accounts.length} accounts:${some.join("")}`,
    EXIT.usage,
  );
}

function isLocalPart(address: string, name: string): boolean {
  return address.slice(0, address.lastIndexOf("@")) === name.toLowerCase();
}
