/** The one spelling of a mailbox name, and what cannot be one. */

import { MailError } from "../../base/errors.ts";

const MAX_NAME_LENGTH = 1000;
const MAX_LEVELS = 32;

/**
 * The one spelling of a mailbox name: INBOX in capitals, also as the first level. Names are rows and
 * never paths, so `..` is as good a name as any (security row 86); control characters are not.
 */
export function mailboxKey(name: string): string {
  const levels = name.split("/");
  if (name.length > MAX_NAME_LENGTH || levels.length > MAX_LEVELS) {
    throw new MailError("refused", "the mailbox name is too long");
  }
  if (levels.includes("")) {
    throw new MailError("refused", "a mailbox name has no empty level between, before or after /");
  }
  // RFC 9051 §5.1: no control characters; and nothing that is not Unicode text.
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name) || !name.isWellFormed()) {
    throw new MailError("refused", "a mailbox name has no control characters");
  }
  if (levels[0].toUpperCase() === "INBOX") levels[0] = "INBOX";
  return levels.join("/");
}
