/**
 * The messages of the mailbox that is selected. Everything goes by UID, so that what another
 * session deletes meanwhile moves nothing under us. News the server sends by the way are kept as
 * counts and handed to `onChange`.
 */

import { invariant } from "../../base/errors.ts";
import { encodeLatin1 } from "../../base/bytes.ts";
import { flagAtom, mailboxName, type CommandPart } from "./command.ts";
import type { ImapConnection } from "./imap-connection.ts";
import { readFetch, type FetchedMessage } from "./read-fetch.ts";
import { isList, numberOf, textOf, type DataResponse, type StatusResponse } from "./response.ts";
import { encodeSearch, type SearchKey } from "./search-key.ts";
import { parseUidSet, splitUidSet } from "./uid-set.ts";

/** What can be asked of a message besides its UID. `section`: "" is the whole; PEEK always: reading sets no flag. */
export type FetchItem =
  | "flags"
  | "envelope"
  | "structure"
  | "size"
  | "date"
  | { readonly section: string; readonly fromOctet?: number; readonly octets?: number };

export type MailboxNews =
  | { readonly type: "exists"; readonly messages: number }
  | { readonly type: "expunged"; readonly sequenceNumber: number }
  | { readonly type: "flags"; readonly message: FetchedMessage };

const ITEM_WORDS = {
  flags: "FLAGS",
  envelope: "ENVELOPE",
  structure: "BODYSTRUCTURE",
  size: "RFC822.SIZE",
  date: "INTERNALDATE",
} as const;

// RFC 2177 §3: a server may log us out after 30 minutes of IDLE.
export const IDLE_MAX_MS: number = 28 * 60_000;

export class SelectedMailbox {
  readonly name: string;
  messages = 0;
  uidValidity: number | undefined;
  uidNext: number | undefined;
  /** Undefined: the server keeps no MODSEQ for this mailbox (RFC 7162). */
  highestModSeq: number | undefined;
  isReadOnly = false;
  /** What may be stored for good; `\*` among them means new keywords too. Undefined: the server did not say, so all. */
  permanentFlags: readonly string[] | undefined;
  onChange: (news: MailboxNews) => void = () => {};
  readonly #connection: ImapConnection;
  #isSelected = true;

  constructor(name: string, connection: ImapConnection) {
    this.name = name;
    this.#connection = connection;
  }

  /** Another mailbox was selected, or none. */
  leave(): void {
    this.#isSelected = false;
  }

  noteOpening(response: DataResponse): boolean {
    if (response.name === "EXISTS") this.messages = response.number ?? 0;
    return true;
  }

  noteOpeningStatus({ code }: StatusResponse): void {
    const value = code?.values[0];
    if (code?.name === "UIDVALIDITY") this.uidValidity = numberOf(value);
    else if (code?.name === "UIDNEXT") this.uidNext = numberOf(value);
    else if (code?.name === "HIGHESTMODSEQ") this.highestModSeq = numberOf(value);
    else if (code?.name === "PERMANENTFLAGS" && isList(value)) {
      this.permanentFlags = value.flatMap((flag) => textOf(flag) ?? []);
    }
  }

  noteNews(response: DataResponse): void {
    const number = response.number ?? 0;
    if (response.name === "EXISTS") {
      this.messages = number;
      this.onChange({ type: "exists", messages: number });
    } else if (response.name === "EXPUNGE") {
      this.messages = Math.max(0, this.messages - 1);
      this.onChange({ type: "expunged", sequenceNumber: number });
    } else if (response.name === "FETCH") {
      this.onChange({ type: "flags", message: readFetch(response) });
    }
  }

  /** Fetches `items` of `uids` (or of a range such as `1:*`), each message to `each` as it comes. */
  async fetch(
    uids: readonly number[] | string,
    items: readonly FetchItem[],
    each: (message: FetchedMessage & { readonly uid: number }) => void,
    /** Only those with a higher MODSEQ, where the server keeps them (RFC 7162 §3.1.4.1). */
    changedSince?: number,
  ): Promise<void> {
    const wanted = `(UID ${items.map(itemWords).join(" ")})`;
    const modifiers = changedSince === undefined ? [] : [`(CHANGEDSINCE ${changedSince})`];
    for (const set of typeof uids === "string" ? [uids] : splitUidSet(uids)) {
      await this.#run("UID FETCH", [set, wanted, ...modifiers], (response) => {
        if (response.name !== "FETCH") return false;
        const message = readFetch(response);
        const { uid } = message;
        if (uid === undefined) return false;
        each({ ...message, uid });
        return true;
      });
    }
  }

  /**
   * Hands the octets of one section to `write` in pieces, however large it is; false if there is no
   * such message. Never holds more than a piece (Invariant 7).
   */
  async read(
    uid: number,
    section: string,
    write: (octets: Uint8Array) => Promise<void> | void,
  ): Promise<boolean> {
    this.#mustBeSelected();
    let isFound = false;
    // A server may send a short section as a quoted string, which is not streamed.
    let quoted: Uint8Array | undefined;
    const data = (response: DataResponse): boolean => {
      if (response.name !== "FETCH") return false;
      const message = readFetch(response);
      if (message.uid !== uid || message.sections.size === 0) return false;
      isFound = true;
      for (const octets of message.sections.values()) if (octets.length > 0) quoted = octets;
      return true;
    };
    const piece = async (octets: Uint8Array): Promise<void> => write(octets);
    const args = [String(uid), `(UID ${itemWords({ section })})`];
    await this.#connection.run("UID FETCH", args, { streamOverOctets: 0, piece, data });
    if (quoted !== undefined) await write(quoted);
    return isFound;
  }

  /** UIDs, ascending. */
  async search(key: SearchKey): Promise<number[]> {
    const found = new Set<number>();
    await this.#run("UID SEARCH", encodeSearch(key), (response) => {
      if (response.name === "SEARCH") {
        for (const value of response.values) {
          const uid = numberOf(value);
          if (uid !== undefined) found.add(uid);
        }
      } else if (response.name === "ESEARCH") {
        const at = response.values.findIndex((value) => textOf(value)?.toUpperCase() === "ALL");
        const all = at === -1 ? undefined : textOf(response.values[at + 1]);
        for (const uid of parseUidSet(all) ?? []) found.add(uid);
      } else return false;
      return true;
    });
    return [...found].sort((a, b) => a - b);
  }

  async addFlags(uids: readonly number[], flags: readonly string[]): Promise<void> {
    await this.#store(uids, "+FLAGS.SILENT", flags);
  }

  async removeFlags(uids: readonly number[], flags: readonly string[]): Promise<void> {
    await this.#store(uids, "-FLAGS.SILENT", flags);
  }

  async #store(uids: readonly number[], action: string, flags: readonly string[]): Promise<void> {
    const list = `(${flags.map(flagAtom).join(" ")})`;
    for (const set of splitUidSet(uids)) await this.#run("UID STORE", [set, action, list]);
  }

  /** Copies; the map tells the new UIDs where the server does (UIDPLUS). */
  copy(uids: readonly number[], mailbox: string): Promise<ReadonlyMap<number, number>> {
    return this.#transfer("UID COPY", uids, mailbox);
  }

  /** MOVE, or where the server has none: copy, then delete and expunge exactly these. */
  async move(uids: readonly number[], mailbox: string): Promise<ReadonlyMap<number, number>> {
    const { capabilities } = this.#connection;
    if (capabilities.has("MOVE") || capabilities.has("IMAP4REV2")) {
      return this.#transfer("UID MOVE", uids, mailbox);
    }
    const copied = await this.copy(uids, mailbox);
    await this.addFlags(uids, ["\\Deleted"]);
    await this.expunge(uids);
    return copied;
  }

  async #transfer(
    command: string,
    uids: readonly number[],
    mailbox: string,
  ): Promise<ReadonlyMap<number, number>> {
    const copied = new Map<number, number>();
    const note = ({ code }: StatusResponse): void => {
      if (code?.name !== "COPYUID") return;
      const from = parseUidSet(textOf(code.values[1]));
      const to = parseUidSet(textOf(code.values[2]));
      if (from === undefined || from.length !== to?.length) return;
      from.forEach((uid, index) => copied.set(uid, to[index]));
    };
    for (const set of splitUidSet(uids)) {
      this.#mustBeSelected();
      // RFC 6851 §4.3: with MOVE the code comes untagged, before the EXPUNGEs.
      note(await this.#connection.run(command, [set, mailboxName(mailbox)], { status: note }));
    }
    return copied;
  }

  /** Removes for good those of `uids` that are flagged \Deleted, and no others. */
  async expunge(uids: readonly number[]): Promise<void> {
    const { capabilities } = this.#connection;
    if (capabilities.has("UIDPLUS") || capabilities.has("IMAP4REV2")) {
      for (const set of splitUidSet(uids)) await this.#run("UID EXPUNGE", [set]);
      return;
    }
    // Without UIDPLUS, EXPUNGE takes all that are flagged: so unflag the others for that moment.
    const mine = new Set(uids);
    const others = (await this.search({ key: "is", is: "deleted" })).filter(
      (uid) => !mine.has(uid),
    );
    if (others.length > 0) await this.removeFlags(others, ["\\Deleted"]);
    await this.#run("EXPUNGE", []);
    if (others.length > 0) await this.addFlags(others, ["\\Deleted"]);
  }

  /** Waits for news (RFC 2177) until `signal` aborts; each goes to `onChange`. Call again within IDLE_MAX_MS. */
  async idle(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#mustBeSelected();
    const { channel } = this.#connection;
    let done: (() => void) | undefined;
    try {
      await this.#connection.run("IDLE", [], {
        timeoutMs: IDLE_MAX_MS + 60_000,
        continuation: async () => {
          done = (): void => {
            // A failing write shows in the read that is waiting.
            channel.write(encodeLatin1("DONE\r\n")).catch(() => {});
          };
          if (signal.aborted) done();
          else signal.addEventListener("abort", done, { once: true });
          return undefined;
        },
      });
    } finally {
      if (done !== undefined) signal.removeEventListener("abort", done);
    }
  }

  async #run(
    name: string,
    args: readonly (CommandPart | readonly CommandPart[])[],
    data?: (response: DataResponse) => boolean,
  ): Promise<void> {
    this.#mustBeSelected();
    await this.#connection.run(name, args, { data });
  }

  #mustBeSelected(): void {
    invariant(this.#isSelected, `the mailbox ${this.name} is still selected`);
  }
}

function itemWords(item: FetchItem): string {
  if (typeof item === "string") return ITEM_WORDS[item];
  const partial = item.octets === undefined ? "" : `<${item.fromOctet ?? 0}.${item.octets}>`;
  return `BODY.PEEK[${item.section}]${partial}`;
}
