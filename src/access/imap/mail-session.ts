/** What the commands of one logged-in session share: whose mail it is, what is selected, what SEARCH saved. */

import type { CommandContext } from "../../imap/handler.ts";
import type { Completion } from "../../imap/completion.ts";
import type { ImapDeps } from "./imap-deps.ts";
import type { KeptSearches } from "./kept-searches.ts";
import type { MailboxWatch } from "./mailbox-watch.ts";
import type { SelectedMailbox } from "./selected-mailbox.ts";

export type MailSession = {
  readonly deps: ImapDeps;
  readonly accountId: number;
  readonly address: string;
  selected: SelectedMailbox | undefined;
  /** `$` of RFC 5182, as UIDs of the selected mailbox. */
  saved: readonly number[];
  /** Searches kept up to date, of the selected mailbox. */
  readonly contexts: KeptSearches;
  /** What NOTIFY asked for. */
  watch: MailboxWatch | undefined;
  /** The log has been told that `\Recent` or `\Seen` cannot be kept: once a session is enough. */
  hasToldOfUnkept: boolean;
  /** Calls those who wait for updates (IDLE). */
  readonly notify: () => void;
};

/** One command with its arguments, carried out in a session: untagged responses to `context.out`, the rest is the answer. */
export type Run<C> = (
  session: MailSession,
  command: C,
  context: CommandContext,
) => Promise<Completion>;
