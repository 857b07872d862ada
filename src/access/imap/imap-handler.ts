/**
 * Posthorn's mail behind the IMAP engine: one handler a connection. It logs in, keeps what is
 * selected, and hands each command to its own file. Every mailbox is looked up as the session's own
 * account sees it, and used by the grant that comes of it (security rows 88, 89).
 */

import type { Replaced } from "../../imap/command/append.ts";
import { bad, no, okay, type Completion } from "../../imap/completion.ts";
import type {
  AppendTransaction,
  CommandContext,
  ImapHandler,
  MailCommand,
} from "../../imap/handler.ts";
import { RULES, type UpdateScope } from "../../imap/session.ts";
import { loginWithPassword } from "../../sasl/login-attempt.ts";
import type { ServerMechanism } from "../../sasl/mechanism.ts";
import { advertisedMechanisms, serverMechanism } from "../../sasl/server-mechanism.ts";
import { openAppend } from "./append-transaction.ts";
import { hiddenFrom } from "./capability-mask.ts";
import type { ImapDeps } from "./imap-deps.ts";
import { columnsNeeded } from "./columns-needed.ts";
import { KeptSearches } from "./kept-searches.ts";
import type { MailSession } from "./mail-session.ts";
import { noSuchMailbox } from "./named-mailbox.ts";
import { runDeleteAcl, runGetAcl, runListRights, runMyRights, runSetAcl } from "./run-acl.ts";
import { runCancelUpdate } from "./run-cancel-update.ts";
import { runEsearch } from "./run-esearch.ts";
import { runGetMetadata, runSetMetadata } from "./run-metadata.ts";
import { runFetch } from "./run-fetch.ts";
import { runList, runLsub, runNamespace } from "./run-list.ts";
import { runCreate, runDelete, runRename, runSubscribe } from "./run-mailbox.ts";
import { endNotify, pushScope, runNotify, tellNewMessages, tellWatched } from "./run-notify.ts";
import { runGetQuota, runGetQuotaRoot } from "./run-quota.ts";
import { openReplace } from "./run-replace.ts";
import { runSearch } from "./run-search.ts";
import { closeSelected, runClose, runSelect } from "./run-select.ts";
import { runSort } from "./run-sort.ts";
import { runStatus } from "./run-status.ts";
import { runStore } from "./run-store.ts";
import { runThread } from "./run-thread.ts";
import { runExpunge, runTransfer } from "./run-transfer.ts";
import { tellUpdates } from "./tell-updates.ts";

const NOTHING: ReadonlySet<string> = new Set();

export function makeImapHandler(deps: ImapDeps): ImapHandler {
  return new StoreImapHandler(deps);
}

class StoreImapHandler implements ImapHandler {
  readonly identification: ReadonlyMap<string, string>;
  readonly #deps: ImapDeps;
  readonly #listeners = new Set<() => void>();
  #session: MailSession | undefined;
  #leave: (() => void) | undefined;
  #clientName = "";

  constructor(deps: ImapDeps) {
    this.#deps = deps;
    this.identification = deps.identification;
  }

  mechanisms(): readonly string[] {
    return advertisedMechanisms(this.#deps.sasl(), {
      tls: this.#deps.isTls(),
      allowInClear: this.#deps.allowPlaintextAuth,
    });
  }

  startMechanism(name: string): ServerMechanism | undefined {
    if (!this.mechanisms().includes(name)) return undefined;
    return serverMechanism(name, this.#deps.sasl());
  }

  async login(user: string, password: string): Promise<Completion> {
    const outcome = await loginWithPassword(this.#deps.sasl(), { name: user }, password);
    if (outcome.type === "success") return this.authenticated(outcome.identity);
    const text = outcome.text ?? "wrong name or password";
    return no(text, outcome.reason === "unavailable" ? "UNAVAILABLE" : "AUTHENTICATIONFAILED");
  }

  async authenticated(identity: string): Promise<Completion> {
    const account = this.#deps.store.credentials.accountByName(identity);
    if (account === undefined || !account.isEnabled) {
      return no("This account cannot be used", "AUTHORIZATIONFAILED");
    }
    this.#leave = this.#deps.sessions.enter(account.accountId, this.#deps.peerAddress);
    // Said with NO, not BYE: a program that meets BYE comes back at once.
    if (this.#leave === undefined) return no("Too many sessions of this account", "LIMIT");
    this.#session = {
      deps: this.#deps,
      accountId: account.accountId,
      address: account.address,
      selected: undefined,
      saved: [],
      contexts: new KeptSearches(),
      watch: undefined,
      hasToldOfUnkept: false,
      notify: () => {
        for (const listener of this.#listeners) listener();
      },
    };
    this.#deps.log.info("imap.logged-in", {
      account: account.address,
      peer: this.#deps.peerAddress,
    });
    return okay("Logged in");
  }

  hidden(): ReadonlySet<string> {
    const { capabilityMasks } = this.#deps;
    if (capabilityMasks.length === 0) return NOTHING;
    const address = this.#session?.address ?? "";
    return hiddenFrom(capabilityMasks, { address, clientName: this.#clientName });
  }

  async unauthenticate(): Promise<void> {
    if (this.#session !== undefined) {
      endNotify(this.#session);
      await closeSelected(this.#session);
    }
    this.#leave?.();
    this.#leave = undefined;
    this.#session = undefined;
  }

  identified(fields: ReadonlyMap<string, string>): void {
    this.#clientName = fields.get("name") ?? "";
    this.#deps.log.debug("imap.client", {
      name: fields.get("name"),
      version: fields.get("version"),
    });
  }

  async run(command: MailCommand, context: CommandContext): Promise<Completion> {
    const session = this.#session;
    if (session === undefined) return bad("Log in first");
    // A right that was taken away is gone at the next command.
    if (this.#isSelectedGone() && !RULES[command.verb].authenticated) {
      if (command.verb !== "CLOSE" && command.verb !== "UNSELECT") return noSuchMailbox();
    }
    const needed = session.selected && columnsNeeded(command);
    if (needed !== undefined) await session.selected?.open.load(needed);
    switch (command.verb) {
      case "SELECT":
      case "EXAMINE":
        return runSelect(session, command, context);
      case "CLOSE":
      case "UNSELECT":
        return runClose(session, command, context);
      case "CHECK":
        // Every change is on disk by the time it is told.
        return okay("Checked");
      case "CREATE":
        return runCreate(session, command, context);
      case "DELETE":
        return runDelete(session, command, context);
      case "RENAME":
        return runRename(session, command, context);
      case "SUBSCRIBE":
      case "UNSUBSCRIBE":
        return runSubscribe(session, command, context);
      case "LIST":
        return runList(session, command, context);
      case "LSUB":
        return runLsub(session, command, context);
      case "NAMESPACE":
        return runNamespace(session, command, context);
      case "STATUS":
        return runStatus(session, command, context);
      case "EXPUNGE":
        return runExpunge(session, command, context);
      case "SEARCH":
        return runSearch(session, command, context);
      case "ESEARCH":
        return runEsearch(session, command, context);
      case "CANCELUPDATE":
        return runCancelUpdate(session, command, context);
      case "SORT":
        return runSort(session, command, context);
      case "THREAD":
        return runThread(session, command, context);
      case "FETCH":
        return runFetch(session, command, context);
      case "STORE":
        return runStore(session, command, context);
      case "COPY":
      case "MOVE":
        return runTransfer(session, command, context);
      case "GETQUOTA":
        return runGetQuota(session, command, context);
      case "GETQUOTAROOT":
        return runGetQuotaRoot(session, command, context);
      case "GETMETADATA":
        return runGetMetadata(session, command, context);
      case "SETMETADATA":
        return runSetMetadata(session, command, context);
      case "NOTIFY":
        return runNotify(session, command, context);
      case "SETACL":
        return runSetAcl(session, command, context);
      case "DELETEACL":
        return runDeleteAcl(session, command, context);
      case "GETACL":
        return runGetAcl(session, command, context);
      case "LISTRIGHTS":
        return runListRights(session, command, context);
      case "MYRIGHTS":
        return runMyRights(session, command, context);
    }
  }

  async append(
    mailbox: string,
    replaced: Replaced | undefined,
    context: CommandContext,
  ): Promise<AppendTransaction | Completion> {
    const session = this.#session;
    if (session === undefined) return bad("Log in first");
    if (replaced === undefined) return openAppend(session, mailbox);
    const tell = (code: string): void => void context.out.line(`* OK [${code}] Replaced`);
    return openReplace(session, mailbox, replaced, tell);
  }

  async sendUpdates(context: CommandContext, scope: UpdateScope): Promise<"told" | "gone"> {
    const session = this.#session;
    const view = session?.selected;
    if (session === undefined) return "told";
    if (view === undefined) {
      await tellWatched(session, context);
      return "told";
    }
    if (this.#isSelectedGone()) return "gone";
    const afterUid = view.toldUid;
    await tellUpdates(session, view, { context, scope });
    await tellNewMessages(session, view, { context, afterUid });
    await tellWatched(session, context);
    return "told";
  }

  pushScope(): UpdateScope | undefined {
    return this.#session && pushScope(this.#session);
  }

  /** Deleted by somebody, or no longer to be read by this account. */
  #isSelectedGone(): boolean {
    const view = this.#session?.selected;
    if (view === undefined) return false;
    view.isGone ||= !this.#deps.store.acl.rights(view.open.grant).has("r");
    return view.isGone;
  }

  onUpdate(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    await this.unauthenticate();
  }
}
