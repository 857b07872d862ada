/**
 * What a command or a path may be told about one delivery, and how it is put in: each value stays
 * inside the word it stands in. Values come from strangers; nothing here trusts them.
 */

import { parseAddress } from "../../../message/addr-spec.ts";

export type DeliveryFacts = {
  /** "" is the null reverse-path. */
  readonly sender: string;
  readonly recipient: string;
  /** The local part without its detail. */
  readonly user: string;
  readonly detail: string;
  readonly domain: string;
  readonly originalRecipient: string;
  readonly queueId: string;
};

export function deliveryFacts(
  mail: Pick<DeliveryFacts, "sender" | "recipient" | "originalRecipient" | "queueId">,
  delimiter: string,
): DeliveryFacts {
  const parsed = parseAddress(mail.recipient);
  const { localPart, domain } = parsed.ok
    ? parsed.value
    : { localPart: mail.recipient, domain: "" };
  const cut = delimiter === "" ? -1 : localPart.indexOf(delimiter);
  const user = (cut > 0 ? localPart.slice(0, cut) : localPart).toLowerCase();
  const detail = cut > 0 ? localPart.slice(cut + delimiter.length) : "";
  return { ...mail, user, detail, domain };
}

const PLACEHOLDER = /\{(sender|recipient|user|detail|domain|queueId)\}/g;

/** The names that may stand in braces. */
export function placeholdersIn(text: string): string[] {
  return Array.from(text.matchAll(PLACEHOLDER), ([, name]) => name);
}

/** Undefined: a value would make an option of a word that is none. */
export function fillWord(word: string, facts: DeliveryFacts): string | undefined {
  const filled = word.replace(PLACEHOLDER, (_, name: keyof DeliveryFacts) => facts[name]);
  if (filled.includes("\0")) return undefined;
  return filled.startsWith("-") && !word.startsWith("-") ? undefined : filled;
}

/** Undefined: a value would lead out of its folder, or nowhere. */
export function fillPath(path: string, facts: DeliveryFacts): string | undefined {
  for (const name of placeholdersIn(path)) {
    const value = facts[name as keyof DeliveryFacts];
    // A hidden name is never a user's folder; and `.` and `..` begin so.
    if (value === "" || value.startsWith(".") || /[/\0]/.test(value)) return undefined;
  }
  return path.replace(PLACEHOLDER, (_, name: keyof DeliveryFacts) => facts[name]);
}
