/**
 * Which command is legal when (RFC 5321 §4.1.4, RFC 3030 §2): one table, phase by verb. A cell
 * that is forgotten does not compile.
 */

import type { Reply } from "./reply.ts";
import * as replies from "./replies.ts";

/** Every command the engine knows by name. */
export const VERBS = [
  "HELO",
  "EHLO",
  "LHLO",
  "MAIL",
  "RCPT",
  "DATA",
  "BDAT",
  "RSET",
  "NOOP",
  "QUIT",
  "VRFY",
  "EXPN",
  "HELP",
  "STARTTLS",
  "AUTH",
  "ETRN",
  "XCLIENT",
  "XFORWARD",
] as const;

export type Verb = (typeof VERBS)[number];

export const PHASES = [
  /** The banner was a refusal: the client is to say QUIT (RFC 5321 §3.1). */
  "refused",
  /** Before EHLO, HELO or LHLO. */
  "connected",
  "ready",
  /** MAIL was accepted. */
  "mail",
  /** At least one recipient stands. */
  "rcpt",
  /** BDAT has begun, LAST has not come. */
  "chunking",
  /** A BDAT failed: the transaction is gone, but its other chunks may still be on their way. */
  "chunk-failed",
] as const;

export type Phase = (typeof PHASES)[number];

type Cell =
  | "ok"
  | "greet first"
  | "sender first"
  | "recipient first"
  | "nested"
  | "in transaction"
  | "chunks begun"
  | "chunks failed"
  | "no service";

const REFUSALS: Readonly<Record<Exclude<Cell, "ok">, Reply>> = {
  "greet first": replies.GREET_FIRST,
  "sender first": replies.SENDER_FIRST,
  "recipient first": replies.RECIPIENT_FIRST,
  nested: replies.NESTED_MAIL,
  "in transaction": replies.NOT_IN_TRANSACTION,
  "chunks begun": replies.CHUNKS_BEGUN,
  "chunks failed": replies.CHUNKS_FAILED,
  "no service": replies.NO_SERVICE,
};

type Row = Readonly<Record<Phase, Cell>>;

/** Legal at any time but after a refused connection (RFC 5321 §4.1.4, §4.1.1.5 and on). */
const ALWAYS: Row = {
  refused: "no service",
  connected: "ok",
  ready: "ok",
  mail: "ok",
  rcpt: "ok",
  chunking: "ok",
  "chunk-failed": "ok",
};

/** Between transactions only. */
const IDLE: Row = {
  refused: "no service",
  connected: "greet first",
  ready: "ok",
  mail: "in transaction",
  rcpt: "in transaction",
  chunking: "in transaction",
  "chunk-failed": "chunks failed",
};

const TABLE: Readonly<Record<Verb, Row>> = {
  HELO: ALWAYS,
  EHLO: ALWAYS,
  LHLO: ALWAYS,
  MAIL: { ...IDLE, mail: "nested", rcpt: "nested", chunking: "chunks begun" },
  RCPT: {
    refused: "no service",
    connected: "greet first",
    ready: "sender first",
    mail: "ok",
    rcpt: "ok",
    chunking: "chunks begun",
    "chunk-failed": "chunks failed",
  },
  DATA: {
    refused: "no service",
    connected: "greet first",
    ready: "sender first",
    mail: "recipient first",
    rcpt: "ok",
    chunking: "chunks begun",
    "chunk-failed": "chunks failed",
  },
  BDAT: {
    refused: "no service",
    connected: "greet first",
    ready: "sender first",
    mail: "recipient first",
    rcpt: "ok",
    chunking: "ok",
    "chunk-failed": "chunks failed",
  },
  RSET: ALWAYS,
  NOOP: ALWAYS,
  QUIT: { ...ALWAYS, refused: "ok" },
  VRFY: ALWAYS,
  EXPN: ALWAYS,
  HELP: ALWAYS,
  STARTTLS: IDLE,
  AUTH: IDLE,
  ETRN: IDLE,
  XCLIENT: { ...IDLE, connected: "ok" },
  XFORWARD: IDLE,
};

/** The refusal where `verb` is out of order in `phase`. */
export function check(phase: Phase, verb: Verb): Reply | undefined {
  const cell = TABLE[verb][phase];
  return cell === "ok" ? undefined : REFUSALS[cell];
}

/** The verbs that exist on each kind of server. RFC 2033 §4.1: LMTP has LHLO in place of HELO and EHLO. */
export function isSpoken(verb: Verb, protocol: "smtp" | "submission" | "lmtp"): boolean {
  if (verb === "LHLO") return protocol === "lmtp";
  if (verb === "HELO" || verb === "EHLO") return protocol !== "lmtp";
  return true;
}
