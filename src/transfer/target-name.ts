/**
 * Under which of our names a mailbox from elsewhere is filed: as the person says, or with the
 * mailbox of the same use ("Sent Items" is our \Sent), or by its own name.
 */

import { utf8Length } from "../base/bytes.ts";
import { MAX_NAME_LEVELS, MAX_NAME_OCTETS, normalizeInbox } from "../imap/mailbox-name.ts";
import type { MailboxInfo, SpecialUse } from "../store/mail.ts";
import { useOfName } from "../store/special-use-names.ts";

export type NamingWish = {
  /** Old name to new name; holds for what is below, too. */
  readonly map: ReadonlyMap<string, string>;
  /** Everything goes below this mailbox, under its own name. */
  readonly into: string | undefined;
};

/** Undefined: it can have no name here. */
export function targetName(
  source: { readonly name: string; readonly specialUse?: SpecialUse },
  wish: NamingWish,
  ours: readonly MailboxInfo[],
): string | undefined {
  const name = wished(source, wish, ours)
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "_")
    .toWellFormed()
    .split("/")
    .filter((level) => level !== "")
    .join("/");
  const isLong = utf8Length(name) > MAX_NAME_OCTETS || name.split("/").length > MAX_NAME_LEVELS;
  return name === "" || isLong ? undefined : normalizeInbox(name);
}

function wished(
  { name, specialUse }: { readonly name: string; readonly specialUse?: SpecialUse },
  { map, into }: NamingWish,
  ours: readonly MailboxInfo[],
): string {
  for (let end = name.length; end > 0; end = name.lastIndexOf("/", end - 1)) {
    const to = map.get(name.slice(0, end));
    if (to !== undefined) return to + name.slice(end);
  }
  if (into !== undefined) return `${into}/${name}`;
  if (/^inbox$/i.test(name)) return "INBOX";
  // Courier and some Dovecots keep everything below INBOX; Gmail below [Gmail].
  const own = name.replace(/^(?:INBOX|\[Gmail\]|\[Google Mail\])\//i, "");
  const use = specialUse ?? useOfName(own);
  return (use !== undefined && ours.find((info) => info.specialUse === use)?.name) || name;
}

/** `Old name=New name`; undefined if it is not that. */
export function readMapping(text: string): readonly [string, string] | undefined {
  const at = text.indexOf("=");
  const [from, to] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  return at === -1 || from === "" || to === "" ? undefined : [from, to];
}
