/** What the server says it can do (RFC 9051 §7.2.2), and what ENABLE can switch on. */

import type { Enabled } from "./session.ts";

/** Complete ones only, and those that no setting touches. */
export const CAPABILITIES: readonly string[] = [
  "IMAP4rev1",
  "IMAP4rev2",
  "SASL-IR",
  "ID",
  "ENABLE",
  "IDLE",
  "NAMESPACE",
  "CHILDREN",
  "UNSELECT",
  "UIDPLUS",
  "MOVE",
  "CONDSTORE",
  "QRESYNC",
  "ESEARCH",
  "SEARCHRES",
  "SEARCH=FUZZY",
  "CONTEXT=SEARCH",
  "PARTIAL",
  "MULTISEARCH",
  "WITHIN",
  "SORT",
  "SORT=DISPLAY",
  "ESORT",
  "THREAD=ORDEREDSUBJECT",
  "THREAD=REFERENCES",
  "THREAD=REFS",
  "I18NLEVEL=1",
  "INPROGRESS",
  "UNAUTHENTICATE",
  "PREVIEW",
  "LIST-EXTENDED",
  "LIST-STATUS",
  "SPECIAL-USE",
  "CREATE-SPECIAL-USE",
  "STATUS=SIZE",
  "MULTIAPPEND",
  "CATENATE",
  "REPLACE",
  "BINARY",
  "OBJECTID",
  "SAVEDATE",
  "UTF8=ACCEPT",
  "QUOTA",
  "QUOTA=RES-STORAGE",
  "QUOTA=RES-MESSAGE",
  "ACL",
  "RIGHTS=texk",
  "LIST-MYRIGHTS",
  "METADATA",
  "NOTIFY",
  "LIST-METADATA",
];

export type CapabilityOptions = {
  readonly isAuthenticated: boolean;
  readonly canStartTls: boolean;
  readonly isLoginDisabled: boolean;
  readonly mechanisms: readonly string[];
  readonly canCompress: boolean;
  /** The largest message APPEND takes (RFC 7889). */
  readonly appendLimitOctets: number;
  /** Capabilities not to be named: for clients that break on them. */
  readonly hidden: ReadonlySet<string>;
  readonly unaskedLiterals: "any" | "small";
  readonly offersUidOnly: boolean;
  readonly offersGmail: boolean;
};

/**
 * The list for now. Extensions are named before login too, because some clients never ask again;
 * what concerns login itself is left out once it is over.
 */
export function capabilityList(options: CapabilityOptions): string {
  const names = [...CAPABILITIES, `APPENDLIMIT=${options.appendLimitOctets}`];
  // RFC 7888 §5: one of them, never both.
  names.push(options.unaskedLiterals === "any" ? "LITERAL+" : "LITERAL-");
  if (options.canCompress) names.push("COMPRESS=DEFLATE");
  if (options.offersUidOnly) names.push("UIDONLY");
  if (options.offersGmail) names.push("X-GM-EXT-1");
  if (!options.isAuthenticated) {
    if (options.canStartTls) names.push("STARTTLS");
    if (options.isLoginDisabled) names.push("LOGINDISABLED");
    names.push(...options.mechanisms.map((name) => `AUTH=${name}`));
  }
  return names.filter((name) => !options.hidden.has(name)).join(" ");
}

/** Switches on what can be, and returns the names of it (RFC 5161 §3.1). Unknown names are ignored. */
export function enable(names: readonly string[], enabled: Enabled): string[] {
  const done: string[] = [];
  for (const name of new Set(names)) {
    switch (name) {
      case "IMAP4REV2":
        enabled.isRev2 = true;
        enabled.isUtf8 = true;
        done.push("IMAP4rev2");
        break;
      case "UTF8=ACCEPT":
        enabled.isUtf8 = true;
        done.push(name);
        break;
      case "QRESYNC":
        // RFC 7162 §3.2.3: QRESYNC brings CONDSTORE with it.
        enabled.isQresync = true;
        enabled.isCondstore = true;
        done.push(name);
        break;
      case "UIDONLY":
        enabled.isUidOnly = true;
        done.push(name);
        break;
      case "CONDSTORE":
        enabled.isCondstore = true;
        done.push(name);
        break;
      default:
        break;
    }
  }
  return done;
}
