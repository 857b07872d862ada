/** `X-GM-LABELS (\Inbox "Work")` of the messages of one command. */

import type { ResponseWriter } from "../../imap/wire/response-writer.ts";
import { FLAGGED, type MailboxInfo } from "../../store/mail.ts";
import { holdersOf, labelOf } from "./gmail-labels.ts";
import type { MessageId } from "../../store/octets.ts";
import type { MailSession } from "./mail-session.ts";
import type { SelectedMailbox } from "./selected-mailbox.ts";

export class LabelWriter {
  readonly #view: SelectedMailbox;
  readonly #holders: ReadonlyMap<MessageId, readonly MailboxInfo[]>;

  constructor(
    view: SelectedMailbox,
    holders: ReadonlyMap<MessageId, readonly MailboxInfo[]> = new Map(),
  ) {
    this.#view = view;
    this.#holders = holders;
  }

  /** For the message at `position`, parenthesis to parenthesis. */
  write(out: ResponseWriter, position: number): void {
    const { open } = this.#view;
    const mailboxes = this.#holders.get(open.messageIds[position]) ?? [];
    let blank = "";
    out.text("(");
    if ((open.flags[position] & FLAGGED) !== 0) {
      out.text("\\Starred");
      blank = " ";
    }
    for (const info of mailboxes) {
      const label = labelOf(info);
      out.text(blank);
      if (label.startsWith("\\")) out.text(label);
      else out.mailbox(label);
      blank = " ";
    }
    out.text(")");
  }
}

export async function loadLabels(
  session: MailSession,
  view: SelectedMailbox,
  uids: ArrayLike<number>,
): Promise<LabelWriter> {
  const wanted = new Set<MessageId>();
  for (let at = 0; at < uids.length; at++) {
    const position = view.open.indexOfUid(uids[at]);
    if (position !== -1) wanted.add(view.open.messageIds[position]);
  }
  return new LabelWriter(view, await holdersOf(session, view, wanted));
}
