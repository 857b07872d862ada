/** Gathers LIST, LSUB and STATUS responses (RFC 9051 §7.3) into mailboxes. */

import { decodeModifiedUtf7 } from "../modified-utf7.ts";
import { listOf, numberOf, textOf, type DataResponse, type Value } from "./response.ts";

export type MailboxStatus = {
  readonly messages: number | undefined;
  readonly unseen: number | undefined;
  readonly uidNext: number | undefined;
  readonly uidValidity: number | undefined;
};

export type ListedMailbox = {
  /** Decoded; where the server's form is no modified UTF-7, as it came. */
  readonly name: string;
  /** Undefined for a flat name. */
  readonly separator: string | undefined;
  /** As sent, lower case: `\hasnochildren`, `\sent`. */
  readonly attributes: ReadonlySet<string>;
  readonly isSelectable: boolean;
  readonly status: MailboxStatus | undefined;
};

// More mailboxes than any person has; a server that sends more wants our memory.
const MAX_MAILBOXES = 100_000;

export class MailboxListing {
  readonly #mailboxes = new Map<string, Omit<ListedMailbox, "status">>();
  readonly #status = new Map<string, MailboxStatus>();

  /** true if `response` was for this listing. */
  take(response: DataResponse): boolean {
    if (response.name === "LIST" || response.name === "LSUB") this.#takeList(response.values);
    else if (response.name === "STATUS") this.#takeStatus(response.values);
    else return false;
    return true;
  }

  mailboxes(): ListedMailbox[] {
    return [...this.#mailboxes.values()].map((mailbox) => ({
      ...mailbox,
      status: this.#status.get(mailbox.name),
    }));
  }

  statusOf(name: string): MailboxStatus | undefined {
    return this.#status.get(name) ?? this.#status.get(canonical(name));
  }

  #takeList(values: readonly Value[]): void {
    const name = nameOf(values[2]);
    if (name === undefined || this.#mailboxes.size >= MAX_MAILBOXES) return;
    const attributes = new Set(
      listOf(values[0]).flatMap((attribute) => textOf(attribute)?.toLowerCase() ?? []),
    );
    const isSelectable = !attributes.has("\\noselect") && !attributes.has("\\nonexistent");
    this.#mailboxes.set(name, { name, separator: textOf(values[1]), attributes, isSelectable });
  }

  #takeStatus(values: readonly Value[]): void {
    const name = nameOf(values[0]);
    if (name === undefined || this.#status.size >= MAX_MAILBOXES) return;
    const items = listOf(values[1]);
    const item = (wanted: string): number | undefined => {
      const at = items.findIndex((key) => typeof key === "string" && key.toUpperCase() === wanted);
      return at === -1 ? undefined : numberOf(items[at + 1]);
    };
    this.#status.set(name, {
      messages: item("MESSAGES"),
      unseen: item("UNSEEN"),
      uidNext: item("UIDNEXT"),
      uidValidity: item("UIDVALIDITY"),
    });
  }
}

function nameOf(value: Value | undefined): string | undefined {
  const wire = textOf(value);
  return wire === undefined ? undefined : canonical(decodeModifiedUtf7(wire) ?? wire);
}

function canonical(name: string): string {
  return name.toUpperCase() === "INBOX" ? "INBOX" : name;
}
