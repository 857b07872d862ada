/**
 * GETMETADATA and SETMETADATA (RFC 5464), and what LIST … RETURN (METADATA …) writes of it (RFC 9590).
 * `/private/specialuse` is the use itself (RFC 6154 §5.4), `/shared/admin` of the server its postmaster.
 */

import { decodeLatin1, encodeUtf8 } from "../../base/bytes.ts";
import { isMailError } from "../../base/errors.ts";
import { no, okay, type Completion } from "../../imap/completion.ts";
import type {
  EntryName,
  GetMetadataCommand,
  SetMetadataCommand,
} from "../../imap/command/metadata.ts";
import type { CommandContext } from "../../imap/handler.ts";
import { type Annotated, type Annotation, MAX_ANNOTATION_OCTETS } from "../../store/annotations.ts";
import type { MailboxInfo, SpecialUse } from "../../store/mail.ts";
import type { MailSession, Run } from "./mail-session.ts";
import { isCompletion, noSuchMailbox } from "./named-mailbox.ts";
import { specialUseOf } from "./special-use.ts";

const SPECIAL_USE = "/specialuse";

type Found = { readonly label: string; readonly value: Uint8Array | undefined };

export const runGetMetadata: Run<GetMetadataCommand> = async (session, command, context) => {
  const target = targetOf(session, command.mailbox);
  if (isCompletion(target)) return target;
  const { found, longestOctets } = select(known(session, target.info), command);
  if (found.length > 0) await writeMetadata(target.name, found, context);
  // RFC 5464 §4.2.1: what is longer than asked for is left out, and said.
  return longestOctets > command.maxSizeOctets
    ? okay("Some values are longer", `METADATA LONGENTRIES ${longestOctets}`)
    : okay("Annotations told");
};

/** For LIST: the mailbox's entries, those without value as NIL. */
export async function writeListedMetadata(
  session: MailSession,
  info: MailboxInfo,
  entries: readonly EntryName[],
  context: CommandContext,
): Promise<void> {
  let all: readonly Annotation[];
  try {
    all = known(session, info);
  } catch (error) {
    if (isMailError(error, "forbidden") || isMailError(error, "not-found")) return;
    throw error;
  }
  const { found } = select(all, { entries, depth: 0, maxSizeOctets: Number.POSITIVE_INFINITY });
  await writeMetadata(info.name, found, context);
}

function targetOf(
  session: MailSession,
  mailbox: string,
): { readonly name: string; readonly info: MailboxInfo | undefined } | Completion {
  if (mailbox === "") return { name: "", info: undefined };
  const info = session.deps.store.mail.mailbox(session.accountId, mailbox);
  return info === undefined ? noSuchMailbox() : { name: info.name, info };
}

function annotated(session: MailSession, info: MailboxInfo | undefined): Annotated {
  return info === undefined ? { accountId: session.accountId } : { grant: info.grant };
}

/** What is stored, and what is known without. */
function known(session: MailSession, info: MailboxInfo | undefined): readonly Annotation[] {
  const stored = session.deps.store.annotations.list(annotated(session, info));
  if (info === undefined) {
    const domain = session.address.slice(session.address.lastIndexOf("@"));
    const value = encodeUtf8(`mailto:postmaster${domain}`);
    return [...stored, { scope: "shared", name: "/admin", value }];
  }
  if (info.specialUse === undefined) return stored;
  const value = encodeUtf8(info.specialUse);
  return [{ scope: "private", name: SPECIAL_USE, value }, ...stored];
}

function select(
  all: readonly Annotation[],
  command: Pick<GetMetadataCommand, "entries" | "depth" | "maxSizeOctets">,
): { found: Found[]; longestOctets: number } {
  const found = new Map<string, Uint8Array | undefined>();
  let longestOctets = 0;
  for (const entry of command.entries) {
    const meant = all.filter((each) => isMeant(each, entry, command.depth));
    if (meant.length === 0 && command.depth === 0) found.set(label(entry), undefined);
    for (const each of meant) {
      longestOctets = Math.max(longestOctets, each.value.length);
      if (each.value.length <= command.maxSizeOctets) found.set(label(each), each.value);
    }
  }
  return { found: [...found].map(([name, value]) => ({ label: name, value })), longestOctets };
}

function isMeant(each: Annotation, entry: EntryName, depth: 0 | 1 | "infinity"): boolean {
  if (each.scope !== entry.scope) return false;
  if (each.name === entry.name) return true;
  if (depth === 0 || !each.name.startsWith(`${entry.name}/`)) return false;
  return depth === "infinity" || !each.name.slice(entry.name.length + 1).includes("/");
}

function label({ scope, name }: EntryName): string {
  return `/${scope}${name}`;
}

async function writeMetadata(
  mailbox: string,
  found: readonly Found[],
  { out }: CommandContext,
): Promise<void> {
  out.text("* METADATA ").mailbox(mailbox).text(" (");
  for (const [index, { label: name, value }] of found.entries()) {
    if (index > 0) out.text(" ");
    out.string(name).text(" ");
    if (value === undefined) out.text("NIL");
    else if (value.includes(0)) out.literal8(value);
    else if (value.some((octet) => octet > 127)) out.literal(value);
    else out.string(decodeLatin1(value));
    if (out.isHeavy) await out.relieve();
  }
  out.line(")");
}

export const runSetMetadata: Run<SetMetadataCommand> = async (session, command) => {
  const target = targetOf(session, command.mailbox);
  if (isCompletion(target)) return target;
  const tooLong = command.changes.some(({ value }) => (value?.length ?? 0) > MAX_ANNOTATION_OCTETS);
  if (tooLong) return no("The value is too long", `METADATA MAXSIZE ${MAX_ANNOTATION_OCTETS}`);
  const isUse = ({ scope, name }: EntryName): boolean =>
    target.info !== undefined && scope === "private" && name === SPECIAL_USE;
  const wish = command.changes.findLast(isUse);
  const use = wish === undefined ? undefined : wishedUse(wish.value);
  if (use === "unknown") return no("No such special use", "USEATTR");
  const changes = command.changes.filter((change) => !isUse(change));
  try {
    const of = annotated(session, target.info);
    await session.deps.store.annotations.change(of, changes, use);
  } catch (error) {
    if (isMailError(error, "over-quota")) return no(error.message, "METADATA TOOMANY");
    if (use !== undefined && isMailError(error, "refused")) return no(error.message, "USEATTR");
    throw error;
  }
  return okay("Annotations set");
};

function wishedUse(value: Uint8Array | undefined): SpecialUse | null | "unknown" {
  if (value === undefined || value.length === 0) return null;
  return specialUseOf(decodeLatin1(value).split(" ")) ?? null;
}
