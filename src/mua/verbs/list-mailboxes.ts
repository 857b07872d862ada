/** `mail folders`: the mailboxes with their counts. */

import type { MailSession } from "../session/mail-session.ts";
import { fitColumns, screenText } from "../text/screen-text.ts";
import type { VerbOutput } from "./verb-output.ts";

export async function listMailboxes(session: MailSession): Promise<VerbOutput> {
  const mailboxes = (await session.mailboxes({ withStatus: true })).map((mailbox) => ({
    name: mailbox.name,
    messages: mailbox.status?.messages ?? null,
    unread: mailbox.status?.unseen ?? null,
    isSelectable: mailbox.isSelectable,
    use: specialUse(mailbox.attributes) ?? null,
  }));
  const lines = mailboxes.map(({ name, messages, unread, use }) => {
    const counts = `${String(messages ?? "-").padStart(7)} ${String(unread ?? "-").padStart(7)}`;
    return `${fitColumns(screenText(name), 32)} ${counts}  ${use ?? ""}`.trimEnd();
  });
  const title = `${"MAILBOX".padEnd(32)} ${"ALL".padStart(7)} ${"UNREAD".padStart(7)}`;
  return { text: [title, ...lines].map((line) => `${line}\n`).join(""), json: { mailboxes } };
}

/** RFC 6154, as a word. */
export function specialUse(attributes: ReadonlySet<string>): string | undefined {
  return [...attributes]
    .find((attribute) => /^\\(?:archive|drafts|flagged|junk|sent|trash|all)$/.test(attribute))
    ?.slice(1);
}
