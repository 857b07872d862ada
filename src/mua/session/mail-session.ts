/**
 * One person at work with one account: the IMAP connection, opened when first needed, and sending.
 * Line mode and scripted verbs both stand on this.
 */

import { MailError } from "../../base/errors.ts";
import type { ImapClient } from "../../imap/client/imap-client.ts";
import type { ListedMailbox } from "../../imap/client/mailbox-listing.ts";
import { parseAddress, type Address } from "../../message/addr-spec.ts";
import type { NamedAddress } from "../../message/address-format.ts";
import { makeMessageId } from "../../message/message-id.ts";
import type { MailAccount } from "../account/mail-account.ts";
import { openImap } from "../account/open-imap.ts";
import { toMessage, type FinishedMessage, type Letter, type Stamp } from "../compose/letter.ts";
import { MailFolder } from "../folder/mail-folder.ts";
import { submit, type SubmitDeps, type Submission } from "./submit.ts";

export type SentReport = Submission & {
  readonly messageId: string;
  /** Where the copy is; undefined when none was kept. */
  readonly copyIn: string | undefined;
  /** Why no copy could be kept. */
  readonly copyProblem: string | undefined;
};

export class MailSession {
  readonly account: MailAccount;
  readonly deps: SubmitDeps;
  #client: Promise<ImapClient> | undefined;

  constructor(account: MailAccount, deps: SubmitDeps) {
    this.account = account;
    this.deps = deps;
  }

  client(): Promise<ImapClient> {
    this.#client ??= openImap(this.account, this.deps);
    return this.#client;
  }

  /** Forgets a connection that broke. */
  disconnect(): void {
    const opening = this.#client;
    this.#client = undefined;
    opening?.then((client) => client.connection.channel.abort()).catch(() => {});
  }

  async open(name: string, options: { readonly readOnly?: boolean } = {}): Promise<MailFolder> {
    return MailFolder.open(await this.client(), name, options);
  }

  async mailboxes(options: { readonly withStatus?: boolean } = {}): Promise<ListedMailbox[]> {
    const listed = await (await this.client()).list("*", options);
    return listed.sort((a, b) =>
      a.name === "INBOX" ? -1 : b.name === "INBOX" ? 1 : a.name < b.name ? -1 : 1,
    );
  }

  /** Whom mail comes from. */
  get from(): NamedAddress {
    const { address, displayName } = this.account;
    const parsed = parseAddress(address);
    if (!parsed.ok)
      throw new MailError("config-invalid", `"${address}" is no address: ${parsed.problem}`);
    return { displayName, address: parsed.value };
  }

  /** The addresses that are the person's own. */
  get own(): readonly Address[] {
    return [this.account.address, ...this.account.aliases].flatMap((text) => {
      const parsed = parseAddress(text);
      return parsed.ok ? [parsed.value] : [];
    });
  }

  /** The date and identifier of a message written now. */
  stamp(): Stamp {
    const dateMs = this.deps.clock.nowMs();
    const domain = this.account.address.split("@").at(-1) ?? "localhost";
    return {
      dateMs,
      zoneMinutes: -new Date(dateMs).getTimezoneOffset(),
      messageId: makeMessageId(this.deps.random, domain),
    };
  }

  /** Submits, then keeps a copy in the mailbox for what was sent. Rejects if nothing could be submitted. */
  async send(letter: Letter, options: { readonly keepCopy?: boolean } = {}): Promise<SentReport> {
    const stamp = this.stamp();
    const message = toMessage(letter, stamp);
    if (!message.ok) throw new MailError("refused", message.problem);
    return { ...(await this.dispatch(message.value, options)), messageId: stamp.messageId };
  }

  /** The same for a message that is finished already. */
  async dispatch(
    message: FinishedMessage,
    options: { readonly keepCopy?: boolean } = {},
  ): Promise<Omit<SentReport, "messageId">> {
    const submission = await submit(message, this.account, this.deps);
    const isKept =
      submission.accepted.length > 0 &&
      options.keepCopy !== false &&
      this.account.imap !== undefined;
    const copy = isKept
      ? await this.#keepCopy(message)
      : { copyIn: undefined, copyProblem: undefined };
    return { ...submission, ...copy };
  }

  async #keepCopy({ copy }: FinishedMessage): Promise<Pick<SentReport, "copyIn" | "copyProblem">> {
    try {
      const client = await this.client();
      const name = await this.#sentMailbox();
      await client.append(name, copy, { flags: ["\\Seen"], create: true });
      return { copyIn: name, copyProblem: undefined };
    } catch (error) {
      // It is sent; a missing copy must not look like a failure to send, or it will be sent twice.
      if (!(error instanceof MailError)) throw error;
      return { copyIn: undefined, copyProblem: error.message };
    }
  }

  async #sentMailbox(): Promise<string> {
    if (this.account.sent !== undefined) return this.account.sent;
    const listed = await (await this.client()).list("*");
    const marked = listed.find((mailbox) => mailbox.attributes.has("\\sent"));
    const usual = listed.find((mailbox) =>
      /^(?:INBOX[./])?sent(?: items| messages)?$/i.test(mailbox.name),
    );
    return (marked ?? usual)?.name ?? "Sent";
  }

  async close(): Promise<void> {
    const opening = this.#client;
    this.#client = undefined;
    if (opening === undefined) return;
    const client = await opening.catch(() => undefined);
    await client?.logout();
  }
}
