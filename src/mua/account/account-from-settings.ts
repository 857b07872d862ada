/** An account as a person has written it down, checked and made ready to use. */

import { readFile } from "node:fs/promises";
import { MailError } from "../../base/errors.ts";
import { fault, ok, type Result } from "../../base/result.ts";
import { formatAddress } from "../../message/addr-spec.ts";
import { mailboxesOf, parseAddressList } from "../../message/address-list.ts";
import type { MailAccount } from "./mail-account.ts";
import type { AccountSettings } from "./mail-toml.ts";
import { passwordFromCommand } from "../../net/password-from-command.ts";
import { parseServerUrl, type ServerUrl } from "../../net/server-url.ts";

/** Asks the person; undefined where nobody sits. */
export type AskPassword = (question: string) => Promise<string | undefined>;

export async function accountFromSettings(
  settings: AccountSettings,
  options: { readonly askPassword: AskPassword; readonly environmentPassword: string | undefined },
): Promise<Result<MailAccount>> {
  const [author] = mailboxesOf(parseAddressList(settings.from));
  if (author?.address === undefined) return fault(`from: "${settings.from}" is no address`);
  const servers = [readServer(settings.imap, "imap"), readServer(settings.smtp, "smtp")] as const;
  const [imap, smtp] = servers;
  if (!imap.ok) return fault(`imap: ${imap.problem}`);
  if (!smtp.ok) return fault(`smtp: ${smtp.problem}`);
  const { certificate } = settings;
  const trust = certificate === undefined ? undefined : [await readCertificate(certificate)];
  return ok({
    name: settings.name,
    address: formatAddress(author.address),
    displayName: author.displayName,
    imap: imap.value,
    smtp: smtp.value,
    trust,
    serverName: settings.serverName,
    sent: settings.sent,
    signature: settings.signature,
    aliases: settings.aliases ?? [],
    password: rememberingPassword(settings, options),
  });
}

function readServer(
  text: string | undefined,
  protocol: "imap" | "smtp",
): Result<ServerUrl | undefined> {
  return text === undefined ? ok(undefined) : parseServerUrl(text, protocol);
}

async function readCertificate(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new MailError("config-invalid", `certificate ${path} cannot be read`, { cause: error });
  }
}

/** Asked once for both servers, unless they have different users. */
function rememberingPassword(
  { passwordCommand }: AccountSettings,
  {
    askPassword,
    environmentPassword,
  }: { readonly askPassword: AskPassword; readonly environmentPassword: string | undefined },
): MailAccount["password"] {
  const known = new Map<string, Promise<string>>();
  return (server) => {
    const user = server.user ?? "";
    const before = known.get(user);
    if (before !== undefined) return before;
    const asked = findPassword(user, server);
    known.set(user, asked);
    // A password that could not be had may be asked for again.
    asked.catch(() => known.delete(user));
    return asked;
  };

  async function findPassword(user: string, { host }: ServerUrl): Promise<string> {
    if (passwordCommand !== undefined) return passwordFromCommand(passwordCommand);
    if (environmentPassword !== undefined) return environmentPassword;
    const answer = await askPassword(`Password for ${user === "" ? "" : `${user} at `}${host}`);
    if (answer !== undefined) return answer;
    throw new MailError(
      "refused",
      "a password is needed: --password-command, or $POSTHORN_MAIL_PASSWORD",
    );
  }
}
