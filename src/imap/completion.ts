/**
 * The tagged end of a command (RFC 9051 §7.1): OK, NO or BAD, a response code where there is one,
 * and a sentence for a person. Parsers and handlers return it; `serve.ts` writes it.
 */

export type Completion = {
  readonly status: "OK" | "NO" | "BAD";
  /** Response code without its brackets: `TRYCREATE`, `APPENDUID 38505 3955`. ASCII. */
  readonly code?: string;
  readonly text: string;
};

export function okay(text: string, code?: string): Completion {
  return code === undefined ? { status: "OK", text } : { status: "OK", code, text };
}

export function no(text: string, code?: string): Completion {
  return code === undefined ? { status: "NO", text } : { status: "NO", code, text };
}

/** RFC 9586 §3: with UIDONLY there are no message numbers. */
export const UID_REQUIRED: Completion = {
  status: "BAD",
  code: "UIDREQUIRED",
  text: "Message numbers are not in use",
};

export function bad(text: string, code?: string): Completion {
  return code === undefined ? { status: "BAD", text } : { status: "BAD", code, text };
}
