/** GETQUOTA and GETQUOTAROOT (RFC 9208): one root for an account, named "". */

import { no, okay } from "../../imap/completion.ts";
import type { GetQuotaCommand, GetQuotaRootCommand } from "../../imap/command/quota.ts";
import type { CommandContext } from "../../imap/handler.ts";
import { findMailbox, isCompletion } from "./named-mailbox.ts";
import type { MailSession, Run } from "./mail-session.ts";

/** STORAGE is counted in units of 1024 octets (RFC 9208 §5.1). */
const UNIT_OCTETS = 1024;

export const runGetQuota: Run<GetQuotaCommand> = async (session, command, context) => {
  if (command.root !== "") return no("No such quota root", "NONEXISTENT");
  writeQuota(session, context);
  return okay("Quota told");
};

export const runGetQuotaRoot: Run<GetQuotaRootCommand> = async (session, command, context) => {
  const info = findMailbox(session, command.mailbox, "r");
  if (isCompletion(info)) return info;
  if (info.accountId !== session.accountId) {
    // It counts for its owner, whose affair that is.
    context.out.text("* QUOTAROOT ").mailbox(info.name).line("");
    return okay("No quota of yours");
  }
  context.out.text("* QUOTAROOT ").mailbox(info.name).line(' ""');
  writeQuota(session, context);
  return okay("Quota told");
};

function writeQuota(session: MailSession, context: CommandContext): void {
  const { directory } = session.deps.store;
  const account = directory.accountById(session.accountId);
  const used = directory.usage(session.accountId);
  const resources: string[] = [];
  if (account?.quotaOctets !== undefined) {
    const limit = Math.floor(account.quotaOctets / UNIT_OCTETS);
    resources.push(`STORAGE ${Math.ceil(used.octets / UNIT_OCTETS)} ${limit}`);
  }
  if (account?.quotaMessages !== undefined) {
    resources.push(`MESSAGE ${used.messages} ${account.quotaMessages}`);
  }
  context.out.line(`* QUOTA "" (${resources.join(" ")})`);
}
