/**
 * What the IMAP engine asks of whoever keeps mail behind it. The engine knows the protocol: lines,
 * literals, order, phases, login exchanges, IDLE. The handler knows mailboxes and writes the untagged
 * responses of the command it was asked to run. `access/imap` implements it over the store.
 */

import type { ServerMechanism } from "../sasl/mechanism.ts";
import type { AppendMessage, Replaced } from "./command/append.ts";
import type { Command } from "./command/command.ts";
import type { Completion } from "./completion.ts";
import type { Progress } from "./progress.ts";
import type { Enabled, UpdateScope } from "./session.ts";
import type { ResponseWriter } from "./wire/response-writer.ts";

/** Commands that need a login, and that the engine does not answer itself. */
export type MailVerb = Exclude<
  Command["verb"],
  | "CAPABILITY"
  | "NOOP"
  | "LOGOUT"
  | "STARTTLS"
  | "AUTHENTICATE"
  | "LOGIN"
  | "ENABLE"
  | "ID"
  | "IDLE"
  | "COMPRESS"
  | "UNAUTHENTICATE"
>;

export type MailCommand = Extract<Command, { readonly verb: MailVerb }>;

export type CommandContext = {
  readonly tag: string;
  readonly out: ResponseWriter;
  readonly enabled: Enabled;
  /** The client has gone: long work may stop. */
  readonly isCancelled: () => boolean;
  /** Tells the client now and then how far a long command is; never in the middle of a response. */
  readonly progress: Progress;
};

export interface ImapHandler {
  /** Mechanisms to advertise on this connection as it is now. */
  mechanisms(): readonly string[];
  startMechanism(name: string): ServerMechanism | undefined;
  /** LOGIN. OK means that the session now acts for that account. */
  login(user: string, password: string): Promise<Completion>;
  /** A mechanism has proved `identity`. */
  authenticated(identity: string): Promise<Completion>;
  /** The session acts for nobody any more, and nothing is selected (RFC 8437). */
  unauthenticate(): Promise<void>;
  /** What the client says about itself (RFC 2971). */
  identified(fields: ReadonlyMap<string, string>): void;
  /** Fields for our own ID response. */
  readonly identification: ReadonlyMap<string, string>;

  /** Capabilities not to be named to this account and client. */
  hidden(): ReadonlySet<string>;

  run(command: MailCommand, context: CommandContext): Promise<Completion>;
  /** APPEND to `mailbox`: the messages follow, or the refusal stands. */
  /** With `replaced`, that message of the selected mailbox goes when the new one is filed (RFC 8508). */
  append(
    mailbox: string,
    replaced: Replaced | undefined,
    context: CommandContext,
  ): Promise<AppendTransaction | Completion>;

  /**
   * Tells what has changed in the selected mailbox since it was last told. `gone`: the mailbox itself
   * is no more, and the connection should end.
   */
  sendUpdates(context: CommandContext, scope: UpdateScope): Promise<"told" | "gone">;
  /**
   * What `sendUpdates` may tell while the client is silent between commands: nothing (undefined) unless
   * it has asked with NOTIFY (RFC 5465).
   */
  pushScope(): UpdateScope | undefined;
  /** `listener` is called, perhaps often, when `sendUpdates` may have something to tell. Returns the function that ends it. */
  onUpdate(listener: () => void): () => void;

  /** The session is over, for whatever reason. */
  close(): Promise<void>;
}

/** The messages of one APPEND: all are stored, or none (RFC 3502). */
export interface AppendTransaction {
  /** The next message is announced; its size, unless it is put together of parts. A Completion refuses it. */
  begin(message: AppendMessage, octets: number | undefined): Promise<Completion | undefined>;
  /** Octets of the message under way. */
  readonly stagedOctets: number;
  /** Adds what `url` names to the message under way (RFC 4469). */
  appendUrl(url: string): Promise<Completion | undefined>;
  write(octets: Uint8Array): Promise<void>;
  /** The message has come whole. A Completion refuses it. */
  end(): Promise<Completion | undefined>;
  commit(): Promise<Completion>;
  /** Safe after `commit`, and safe to call twice. */
  abort(): Promise<void>;
}
