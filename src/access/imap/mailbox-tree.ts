/**
 * The names of an account as LIST sees them: mailboxes, subscriptions (which may name what is not
 * there), and the levels above them. Names that are missing in between count as existing parents
 * without messages (`\NonExistent`).
 */

import { HIERARCHY_SEPARATOR } from "../../imap/mailbox-name.ts";
import type { MailboxInfo } from "../../store/mail.ts";

export type TreeEntry = {
  readonly name: string;
  readonly info: MailboxInfo | undefined;
  readonly isSubscribed: boolean;
};

export class MailboxTree {
  readonly #entries = new Map<string, TreeEntry>();
  readonly #parents = new Set<string>();
  readonly #parentsOfSubscribed = new Set<string>();

  constructor(mailboxes: readonly MailboxInfo[], subscriptions: readonly string[]) {
    const subscribed = new Set(subscriptions);
    for (const info of mailboxes) {
      const isSubscribed = subscribed.has(info.name) || info.isSubscribed;
      this.#entries.set(info.name, { name: info.name, info, isSubscribed });
    }
    for (const name of subscriptions) {
      if (!this.#entries.has(name)) {
        this.#entries.set(name, { name, info: undefined, isSubscribed: true });
      }
    }
    for (const entry of this.#entries.values()) {
      for (const parent of parentsOf(entry.name)) {
        if (entry.info !== undefined) this.#parents.add(parent);
        if (entry.isSubscribed) this.#parentsOfSubscribed.add(parent);
      }
    }
  }

  get entries(): Iterable<TreeEntry> {
    return this.#entries.values();
  }

  /** Of entries and of the levels above them. */
  get names(): ReadonlySet<string> {
    return new Set([...this.#entries.keys(), ...this.#parents, ...this.#parentsOfSubscribed]);
  }

  hasChildren(name: string): boolean {
    return this.#parents.has(name);
  }

  hasSubscribedChildren(name: string): boolean {
    return this.#parentsOfSubscribed.has(name);
  }

  /** Levels above some mailbox that are no mailbox themselves. */
  *missingParents(isOfSubscribed: boolean): Iterable<string> {
    for (const name of isOfSubscribed ? this.#parentsOfSubscribed : this.#parents) {
      if (!this.#entries.has(name)) yield name;
    }
  }
}

export function* parentsOf(name: string): Generator<string> {
  for (
    let at = name.lastIndexOf(HIERARCHY_SEPARATOR);
    at > 0;
    at = name.lastIndexOf(HIERARCHY_SEPARATOR, at - 1)
  ) {
    yield name.slice(0, at);
  }
}
