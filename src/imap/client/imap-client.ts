/**
 * An IMAP client over a Channel (RFC 9051, RFC 3501): greeting, TLS, login, mailboxes by name.
 * What can be done with the messages of one mailbox is in `selected-mailbox.ts`. Uses an extension
 * only where the server announces it. Failures reject: CommandRefused for NO and BAD, MailError for
 * the connection.
 */

import type { Channel, TlsWish } from "../../base/channel.ts";
import { decodeBase64, encodeBase64, encodeLatin1 } from "../../base/bytes.ts";
import { MailError } from "../../base/errors.ts";
import type { ClientMechanism } from "../../sasl/mechanism.ts";
import { formatDateTime } from "../date-time.ts";
import { astring, flagAtom, mailboxName } from "./command.ts";
import { isRefusedWith } from "./command-refused.ts";
import { ImapConnection, type ConnectionOptions } from "./imap-connection.ts";
import { MailboxListing, type ListedMailbox, type MailboxStatus } from "./mailbox-listing.ts";
import { numberOf, type DataResponse } from "./response.ts";
import { SelectedMailbox } from "./selected-mailbox.ts";

export type AppendedUid = { readonly uidValidity: number; readonly uid: number };

// Everything is done by then; a server that says no goodbye is left without one.
const LOGOUT_TIMEOUT_MS = 3000;
const STATUS_ITEMS = "(MESSAGES UNSEEN UIDNEXT UIDVALIDITY)";

export class ImapClient {
  readonly connection: ImapConnection;
  #selected: SelectedMailbox | undefined;
  #isPreauthenticated = false;

  constructor(channel: Channel, options: ConnectionOptions = {}) {
    this.connection = new ImapConnection(channel, options);
    this.connection.onNews = (response: DataResponse) => this.#selected?.noteNews(response);
  }

  /** Whether the server announces an extension or authentication mechanism (`AUTH=PLAIN`), as far as asked. */
  has(capability: string): boolean {
    return this.connection.capabilities.has(capability);
  }

  /** Mechanism names the server offers now, upper case. */
  get mechanisms(): string[] {
    return [...this.connection.capabilities]
      .filter((name) => name.startsWith("AUTH="))
      .map((name) => name.slice(5));
  }

  get selected(): SelectedMailbox | undefined {
    return this.#selected;
  }

  /** Takes the greeting. `preauth`: the server holds the connection to be logged in already. */
  async open(): Promise<"ok" | "preauth"> {
    const greeting = await this.connection.greeting();
    this.#isPreauthenticated = greeting.status === "preauth";
    await this.#knowCapabilities();
    return this.#isPreauthenticated ? "preauth" : "ok";
  }

  /** Rejects where TLS is not to be had: a caller that asks for it must not go on in the clear. */
  async startTls(wish: TlsWish): Promise<void> {
    // After PREAUTH STARTTLS is no longer allowed; whoever sends it wants us to stay in the clear (CVE-2020-14093).
    if (this.#isPreauthenticated || !this.has("STARTTLS")) {
      this.connection.channel.abort();
      throw new MailError(
        "tls-failed",
        "the server offers no STARTTLS, so the connection cannot be made safe",
      );
    }
    await this.connection.startTls(wish);
    await this.#knowCapabilities();
  }

  /** The LOGIN command. */
  async login(name: string, password: string): Promise<void> {
    if (this.has("LOGINDISABLED")) {
      throw new MailError(
        "refused",
        "the server takes no password on this connection (LOGINDISABLED)",
      );
    }
    await this.#renewingCapabilities(() =>
      this.connection.run("LOGIN", [astring(name), astring(password)]),
    );
  }

  /** AUTHENTICATE with a SASL mechanism; the initial response goes along where the server takes it (RFC 4959). */
  async authenticate(mechanism: ClientMechanism): Promise<void> {
    const initial = mechanism.initial();
    const goesAlong = initial !== undefined && this.has("SASL-IR");
    let isFirst = !goesAlong && initial !== undefined;
    const args = goesAlong ? [mechanism.name, base64Line(initial, "=")] : [mechanism.name];
    let failure: unknown;
    const continuation = async (text: string): Promise<Uint8Array> => {
      const challenge = decodeBase64(text.trim());
      if (isFirst && initial !== undefined) {
        isFirst = false;
        return encodeLatin1(base64Line(initial, ""));
      }
      try {
        if (challenge === undefined)
          throw new MailError("protocol-broken", "a challenge is not base64");
        return encodeLatin1(encodeBase64(await mechanism.step(challenge)));
      } catch (error) {
        failure = error;
        return encodeLatin1("*"); // RFC 9051 §6.2.2: the client gives up
      }
    };
    await this.#renewingCapabilities(async () => {
      try {
        await this.connection.run("AUTHENTICATE", args, { continuation });
      } catch (error) {
        throw failure ?? error;
      }
      if (failure !== undefined || !mechanism.verify(undefined)) {
        this.connection.channel.abort();
        throw (
          failure ??
          new MailError("refused", "the server could not prove that it knows the password")
        );
      }
    });
  }

  async logout(): Promise<void> {
    try {
      await this.connection.run("LOGOUT", [], { timeoutMs: LOGOUT_TIMEOUT_MS });
    } catch {
      // the server was faster: it is gone already, and that is all we wanted
    }
    await this.connection.channel.close();
  }

  /** The mailboxes matching `pattern` (`*` all, `%` one level), with counts when `withStatus` asks for them. */
  async list(pattern = "*", options: { withStatus?: boolean } = {}): Promise<ListedMailbox[]> {
    const listing = new MailboxListing();
    const extended = options.withStatus === true && this.has("LIST-STATUS");
    const wishes = [
      ...(this.has("LIST-EXTENDED") && this.has("SPECIAL-USE") ? ["SPECIAL-USE"] : []),
      ...(extended ? [`STATUS ${STATUS_ITEMS}`] : []),
    ];
    const returns = wishes.length === 0 ? [] : [`RETURN (${wishes.join(" ")})`];
    const data = (response: DataResponse): boolean => listing.take(response);
    await this.connection.run("LIST", ['""', mailboxName(pattern), ...returns], { data });
    if (options.withStatus === true && !extended) {
      for (const mailbox of listing.mailboxes()) {
        if (mailbox.isSelectable) await this.#status(mailbox.name, listing);
      }
    }
    return listing.mailboxes();
  }

  /** Names that are subscribed to, of mailboxes that are there or not. */
  async subscriptions(): Promise<ReadonlySet<string>> {
    const listing = new MailboxListing();
    const data = (response: DataResponse): boolean => listing.take(response);
    await this.connection.run("LSUB", ['""', "*"], { data });
    return new Set(listing.mailboxes().map(({ name }) => name));
  }

  /** Undefined when the server answers, but not about this mailbox. */
  async status(name: string): Promise<MailboxStatus | undefined> {
    const listing = new MailboxListing();
    await this.#status(name, listing);
    return listing.statusOf(name);
  }

  async #status(name: string, listing: MailboxListing): Promise<void> {
    const data = (response: DataResponse): boolean => listing.take(response);
    await this.connection.run("STATUS", [mailboxName(name), STATUS_ITEMS], { data });
  }

  /** SELECT, or EXAMINE with `readOnly`. What was selected before is no longer usable. */
  async select(name: string, options: { readOnly?: boolean } = {}): Promise<SelectedMailbox> {
    const mailbox = new SelectedMailbox(name, this.connection);
    this.#selected?.leave();
    this.#selected = undefined;
    const answer = await this.connection.run(
      options.readOnly === true ? "EXAMINE" : "SELECT",
      [mailboxName(name)],
      {
        data: (response) => mailbox.noteOpening(response),
        status: (response) => mailbox.noteOpeningStatus(response),
      },
    );
    mailbox.isReadOnly = options.readOnly === true || answer.code?.name === "READ-ONLY";
    this.#selected = mailbox;
    return mailbox;
  }

  /** Leaves the mailbox without expunging anything. */
  async unselect(): Promise<void> {
    const mailbox = this.#selected;
    if (mailbox === undefined) return;
    this.#selected = undefined;
    mailbox.leave();
    // RFC 3691; else EXAMINE does the same, and CLOSE of a mailbox opened read-only expunges nothing.
    if (this.has("UNSELECT") || this.has("IMAP4REV2")) await this.connection.run("UNSELECT");
    else {
      await this.connection.run("EXAMINE", [mailboxName(mailbox.name)]);
      await this.connection.run("CLOSE");
    }
  }

  async create(name: string): Promise<void> {
    await this.connection.run("CREATE", [mailboxName(name)]);
  }

  async remove(name: string): Promise<void> {
    await this.connection.run("DELETE", [mailboxName(name)]);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.connection.run("RENAME", [mailboxName(from), mailboxName(to)]);
  }

  async subscribe(name: string): Promise<void> {
    await this.connection.run("SUBSCRIBE", [mailboxName(name)]);
  }

  /** Puts a message into a mailbox. With `create`, makes the mailbox if the server says it is missing. */
  async append(
    name: string,
    octets: Uint8Array,
    options: { flags?: readonly string[]; dateMs?: number; create?: boolean } = {},
  ): Promise<AppendedUid | undefined> {
    const flags = options.flags === undefined ? [] : [`(${options.flags.map(flagAtom).join(" ")})`];
    const date = options.dateMs === undefined ? [] : [`"${formatDateTime(options.dateMs)}"`];
    try {
      const answer = await this.connection.run("APPEND", [
        mailboxName(name),
        ...flags,
        ...date,
        octets,
      ]);
      if (answer.code?.name !== "APPENDUID") return undefined;
      const [uidValidity, uid] = answer.code.values.map(numberOf);
      return uidValidity === undefined || uid === undefined ? undefined : { uidValidity, uid };
    } catch (error) {
      if (options.create !== true || !isRefusedWith(error, "TRYCREATE")) throw error;
      await this.create(name);
      return this.append(name, octets, { ...options, create: false });
    }
  }

  async noop(): Promise<void> {
    await this.connection.run("NOOP");
  }

  async #knowCapabilities(): Promise<void> {
    if (this.connection.capabilities.size === 0) await this.connection.run("CAPABILITY");
  }

  /** Capabilities change at login; what was said before does not count after it. */
  async #renewingCapabilities(action: () => Promise<unknown>): Promise<void> {
    const before = this.connection.capabilities;
    await action();
    if (this.connection.capabilities === before) await this.connection.run("CAPABILITY");
  }
}

function base64Line(octets: Uint8Array, empty: string): string {
  return octets.length === 0 ? empty : encodeBase64(octets);
}
