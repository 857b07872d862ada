/**
 * The four dialects of mbox. They differ in how a line of a message that begins with `From ` is kept
 * from looking like the start of the next message:
 *
 * - `mboxo` puts `>` before `From `. Nobody can tell it from a `>From ` that was there already.
 * - `mboxrd` puts `>` before `From `, `>From `, `>>From `…, which can be undone exactly.
 * - `mboxcl` is `mboxo` with the length of the body in a Content-Length field.
 * - `mboxcl2` has the Content-Length and leaves the lines alone.
 */

export const MBOX_DIALECTS = ["mboxo", "mboxrd", "mboxcl", "mboxcl2"] as const;

export type MboxDialect = (typeof MBOX_DIALECTS)[number];

/** Whether messages carry their length. */
export function hasContentLength(dialect: MboxDialect): boolean {
  return dialect === "mboxcl" || dialect === "mboxcl2";
}
