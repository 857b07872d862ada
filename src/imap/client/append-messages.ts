/** APPEND of many messages: in one command where the server takes that (RFC 3502), streamed, with their UIDs where it tells them. */

import { formatDateTime } from "../date-time.ts";
import { flagAtom, mailboxName, type CommandPart, type StreamedLiteral } from "./command.ts";
import { CommandRefused } from "./command-refused.ts";
import type { ImapConnection } from "./imap-connection.ts";
import { numberOf, textOf, type StatusResponse } from "./response.ts";
import { parseUidSet } from "./uid-set.ts";

export type MessageToAppend = {
  readonly flags: readonly string[];
  readonly dateMs: number;
  readonly octets: StreamedLiteral;
};

export type AppendOutcome =
  | {
      readonly kind: "appended";
      /** Undefined: the server does not say (no UIDPLUS). */
      readonly uid: number | undefined;
      readonly uidValidity: number | undefined;
    }
  | { readonly kind: "refused"; readonly refusal: CommandRefused };

/** One outcome a message, in order. Rejects when the connection fails: then nobody knows. */
export async function appendMessages(
  connection: ImapConnection,
  mailbox: string,
  messages: readonly MessageToAppend[],
): Promise<AppendOutcome[]> {
  if (messages.length > 1 && connection.capabilities.has("MULTIAPPEND")) {
    try {
      return await append(connection, mailbox, messages);
    } catch (error) {
      // All or none (RFC 3502 §6.3.11): one by one shows which it is.
      if (!(error instanceof CommandRefused)) throw error;
    }
  }
  const outcomes: AppendOutcome[] = [];
  for (const message of messages) {
    try {
      outcomes.push(...(await append(connection, mailbox, [message])));
    } catch (error) {
      if (!(error instanceof CommandRefused) || error.status === "bye") throw error;
      outcomes.push({ kind: "refused", refusal: error });
    }
  }
  return outcomes;
}

async function append(
  connection: ImapConnection,
  mailbox: string,
  messages: readonly MessageToAppend[],
): Promise<AppendOutcome[]> {
  const args: (CommandPart | readonly CommandPart[])[] = [mailboxName(mailbox)];
  for (const { flags, dateMs, octets } of messages) {
    args.push(`(${flags.map(flagAtom).join(" ")})`, `"${formatDateTime(dateMs)}"`, octets);
  }
  const answer = await connection.run("APPEND", args);
  const { uidValidity, uids } = appendUid(answer);
  return messages.map((_, n) => ({
    kind: "appended",
    uid: uids.length === messages.length ? uids[n] : undefined,
    uidValidity,
  }));
}

/** RFC 4315 §3 */
function appendUid({ code }: StatusResponse): {
  uidValidity: number | undefined;
  uids: readonly number[];
} {
  if (code?.name !== "APPENDUID") return { uidValidity: undefined, uids: [] };
  return {
    uidValidity: numberOf(code.values[0]),
    uids: parseUidSet(textOf(code.values[1])) ?? [],
  };
}
