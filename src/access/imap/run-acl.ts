/** SETACL, DELETEACL, GETACL, LISTRIGHTS and MYRIGHTS (RFC 4314 §3). */

import { bad, no, okay } from "../../imap/completion.ts";
import type {
  DeleteAclCommand,
  GetAclCommand,
  ListRightsCommand,
  MyRightsCommand,
  SetAclCommand,
} from "../../imap/command/acl.ts";
import type { CommandContext } from "../../imap/handler.ts";
import { formatRights, normalizeIdentifier, parseRights } from "../../store/acl.ts";
import { ALL_RIGHTS, type Right } from "../../store/mailbox-grant.ts";
import type { MailboxInfo } from "../../store/mail.ts";
import type { MailSession, Run } from "./mail-session.ts";
import { findMailbox, isCompletion, noSuchMailbox } from "./named-mailbox.ts";

/** RFC 4314 §4: MYRIGHTS wants one of these. */
const RIGHTS_TO_KNOW: readonly Right[] = ["l", "r", "i", "k", "x", "a"];

export const runSetAcl: Run<SetAclCommand> = async (session, command) => {
  // RFC 4314 §3.1: a right that is not known is BAD.
  const rights = parseRights(command.rights);
  if (rights === undefined) return bad("Unknown right");
  return change(session, { ...command, rights });
};

export const runDeleteAcl: Run<DeleteAclCommand> = async (session, command) =>
  change(session, { ...command, action: "set", rights: new Set() });

async function change(
  session: MailSession,
  wanted: Pick<SetAclCommand, "mailbox" | "identifier" | "action"> & {
    readonly rights: ReadonlySet<Right>;
  },
) {
  const info = findMailbox(session, wanted.mailbox, "a");
  if (isCompletion(info)) return info;
  await session.deps.store.acl.change(info.grant, wanted);
  return okay("Access list changed");
}

export const runGetAcl: Run<GetAclCommand> = async (session, command, context) => {
  const info = findMailbox(session, command.mailbox, "a");
  if (isCompletion(info)) return info;
  const { acl } = session.deps.store;
  const { out } = context;
  out.text("* ACL ").mailbox(info.name).text(" ");
  out.string(acl.ownerOf(info.grant)).text(` ${spell(new Set(ALL_RIGHTS))}`);
  for (const { identifier, rights } of acl.entries(info.grant)) {
    out
      .text(" ")
      .string(identifier)
      .text(` ${spell(rights)}`);
    if (out.isHeavy) await out.relieve();
  }
  out.line("");
  return okay("Access list told");
};

export const runListRights: Run<ListRightsCommand> = async (session, command, context) => {
  const info = findMailbox(session, command.mailbox, "a");
  if (isCompletion(info)) return info;
  const owner = session.deps.store.acl.ownerOf(info.grant);
  const identifier = normalizeIdentifier(command.identifier, owner);
  if (identifier === undefined) return no("That cannot be an identifier", "CANNOT");
  // What an owner has cannot be taken away; everybody else begins with nothing.
  const rights =
    identifier === owner
      ? spell(new Set(ALL_RIGHTS))
      : `"" ${[...ALL_RIGHTS.filter((right) => right !== "a"), "c", "d", "a"].join(" ")}`;
  context.out.text("* LISTRIGHTS ").mailbox(info.name).text(" ");
  context.out.string(identifier).line(` ${rights}`);
  return okay("Rights listed");
};

export const runMyRights: Run<MyRightsCommand> = async (session, command, context) => {
  const { mail, acl } = session.deps.store;
  const info = mail.mailbox(session.accountId, command.mailbox);
  if (info === undefined) return noSuchMailbox();
  const rights = acl.rights(info.grant);
  if (!RIGHTS_TO_KNOW.some((right) => rights.has(right))) return noSuchMailbox();
  writeMyRights(session, info, context);
  return okay("Your rights");
};

/** Also for LIST … RETURN (MYRIGHTS) (RFC 8440). */
export function writeMyRights(
  session: MailSession,
  info: MailboxInfo,
  context: CommandContext,
): void {
  const rights = spell(session.deps.store.acl.rights(info.grant));
  context.out.text("* MYRIGHTS ").mailbox(info.name).line(` ${rights}`);
}

/** RFC 4314 §2.1.1: with the obsolete `c` and `d`, so that old programs know where they stand. */
function spell(rights: ReadonlySet<Right>): string {
  const text = formatRights(rights);
  const obsolete = `${/[kx]/.test(text) ? "c" : ""}${/[te]/.test(text) ? "d" : ""}`;
  return text === "" ? '""' : text + obsolete;
}
