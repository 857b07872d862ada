/**
 * The state of one IMAP connection and the one table of which command is legal in which phase
 * (RFC 9051 §3), and which untagged changes its answer may carry. Plain data: `serve.ts` acts on it.
 */

import { bad, type Completion } from "./completion.ts";
import type { Verb } from "./command/command.ts";

export type Phase = "anonymous" | "authenticated" | "selected";

/**
 * What may be told of changes before the tagged answer.
 * `all`: also EXPUNGE. `keep-numbers`: no EXPUNGE, because the command, and any sent behind it,
 * counts in sequence numbers (RFC 9051 §7.5.1). `none`: nothing.
 */
export type UpdateScope = "all" | "keep-numbers" | "none";

type Rule = Readonly<Record<Phase, boolean>> & {
  readonly updates: UpdateScope;
  /** For the UID form, which leaves sequence numbers alone; `updates` if not given. */
  readonly uidUpdates?: UpdateScope;
};

const always = { anonymous: true, authenticated: true, selected: true };
const atLogin = { anonymous: true, authenticated: false, selected: false };
const afterLogin = { anonymous: false, authenticated: true, selected: true };
const inMailbox = { anonymous: false, authenticated: false, selected: true };

export const RULES: Readonly<Record<Verb, Rule>> = {
  CAPABILITY: { ...always, updates: "all" },
  NOOP: { ...always, updates: "all" },
  ID: { ...always, updates: "all" },
  LOGOUT: { ...always, updates: "none" },
  STARTTLS: { ...atLogin, updates: "none" },
  AUTHENTICATE: { ...atLogin, updates: "none" },
  LOGIN: { ...atLogin, updates: "none" },
  // RFC 5161 §3.1 has ENABLE before SELECT; clients that send it later lose nothing by being heard.
  ENABLE: { ...afterLogin, updates: "all" },
  COMPRESS: { ...afterLogin, updates: "none" },
  UNAUTHENTICATE: { ...afterLogin, updates: "none" },
  SELECT: { ...afterLogin, updates: "none" },
  EXAMINE: { ...afterLogin, updates: "none" },
  CREATE: { ...afterLogin, updates: "all" },
  DELETE: { ...afterLogin, updates: "all" },
  RENAME: { ...afterLogin, updates: "all" },
  SUBSCRIBE: { ...afterLogin, updates: "all" },
  UNSUBSCRIBE: { ...afterLogin, updates: "all" },
  LIST: { ...afterLogin, updates: "all" },
  LSUB: { ...afterLogin, updates: "all" },
  NAMESPACE: { ...afterLogin, updates: "all" },
  STATUS: { ...afterLogin, updates: "all" },
  APPEND: { ...afterLogin, updates: "all" },
  GETQUOTA: { ...afterLogin, updates: "all" },
  GETQUOTAROOT: { ...afterLogin, updates: "all" },
  GETMETADATA: { ...afterLogin, updates: "all" },
  SETMETADATA: { ...afterLogin, updates: "all" },
  NOTIFY: { ...afterLogin, updates: "all" },
  SETACL: { ...afterLogin, updates: "all" },
  DELETEACL: { ...afterLogin, updates: "all" },
  GETACL: { ...afterLogin, updates: "all" },
  LISTRIGHTS: { ...afterLogin, updates: "all" },
  MYRIGHTS: { ...afterLogin, updates: "all" },
  // Outlook idles without a mailbox; Gmail and Cyrus let it.
  IDLE: { ...afterLogin, updates: "all" },
  CHECK: { ...inMailbox, updates: "all" },
  CLOSE: { ...inMailbox, updates: "none" },
  UNSELECT: { ...inMailbox, updates: "none" },
  EXPUNGE: { ...inMailbox, updates: "all" },
  SEARCH: { ...inMailbox, updates: "keep-numbers", uidUpdates: "all" },
  ESEARCH: { ...afterLogin, updates: "all" },
  CANCELUPDATE: { ...afterLogin, updates: "all" },
  SORT: { ...inMailbox, updates: "keep-numbers", uidUpdates: "all" },
  THREAD: { ...inMailbox, updates: "keep-numbers", uidUpdates: "all" },
  REPLACE: { ...inMailbox, updates: "all" },
  FETCH: { ...inMailbox, updates: "keep-numbers", uidUpdates: "all" },
  STORE: { ...inMailbox, updates: "keep-numbers", uidUpdates: "all" },
  COPY: { ...inMailbox, updates: "all" },
  MOVE: { ...inMailbox, updates: "all" },
};

/** Extensions that the client has switched on (RFC 5161). */
export type Enabled = {
  isRev2: boolean;
  isUtf8: boolean;
  isCondstore: boolean;
  isQresync: boolean;
  isUidOnly: boolean;
};

export type Session = {
  phase: Phase;
  readonly enabled: Enabled;
};

export function makeSession(): Session {
  return {
    phase: "anonymous",
    enabled: {
      isRev2: false,
      isUtf8: false,
      isCondstore: false,
      isQresync: false,
      isUidOnly: false,
    },
  };
}

/** Why `verb` is not legal in `phase`, or undefined when it is. */
export function check(phase: Phase, verb: Verb): Completion | undefined {
  const rule = RULES[verb];
  if (rule[phase]) return undefined;
  if (phase === "anonymous") return bad("Log in first");
  return rule.selected ? bad("Select a mailbox first") : bad("Already logged in");
}

const LEADS_TO_AUTHENTICATED: ReadonlySet<Verb> = new Set([
  "LOGIN",
  "AUTHENTICATE",
  "CLOSE",
  "UNSELECT",
]);

export function advance(phase: Phase, verb: Verb, completion: Completion): Phase {
  const isOk = completion.status === "OK";
  if (verb === "UNAUTHENTICATE") return isOk ? "anonymous" : phase;
  if (verb === "SELECT" || verb === "EXAMINE") {
    // A failed SELECT leaves no mailbox selected (RFC 9051 §6.3.2), a malformed one changes nothing.
    if (completion.status === "BAD") return phase;
    return isOk ? "selected" : "authenticated";
  }
  return isOk && LEADS_TO_AUTHENTICATED.has(verb) ? "authenticated" : phase;
}

export function updatesAfter(verb: Verb, isUid: boolean): UpdateScope {
  const rule = RULES[verb];
  return isUid ? (rule.uidUpdates ?? rule.updates) : rule.updates;
}
