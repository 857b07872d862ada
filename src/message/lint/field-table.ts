/**
 * How often each header field may occur, and which grammar its value has: RFC 5322 §3.6 as a table,
 * with MIME, lists and the other registered fields that mail programs write.
 */

export type FieldSyntax =
  | "text"
  | "date"
  | "mailbox"
  | "mailbox-list"
  | "address-list"
  /** May be empty (RFC 5322 §3.6.3 Bcc). */
  | "optional-address-list"
  | "message-id"
  | "message-ids"
  | "phrases"
  | "path"
  | "received"
  | "mime-version"
  | "content-type"
  | "transfer-encoding"
  | "disposition"
  | "content-id"
  | "language"
  | "list-uris"
  | "list-id"
  | "list-unsubscribe-post"
  | "auto-submitted"
  | "raw";

export type FieldRule = {
  readonly min: 0 | 1;
  readonly max: 1 | "any";
  readonly syntax: FieldSyntax;
  readonly rfc: string;
};

function rule(min: 0 | 1, max: 1 | "any", syntax: FieldSyntax, rfc: string): FieldRule {
  return { min, max, syntax, rfc };
}

const ORIGIN = "RFC 5322 §3.6.2";
const DESTINATION = "RFC 5322 §3.6.3";
const IDENTITY = "RFC 5322 §3.6.4";
const INFORMATION = "RFC 5322 §3.6.5";
const RESENT = "RFC 5322 §3.6.6";
const TRACE = "RFC 5322 §3.6.7";
const LIST = "RFC 2369 §3";

export const FIELD_TABLE: ReadonlyMap<string, FieldRule> = new Map([
  ["date", rule(1, 1, "date", "RFC 5322 §3.6.1")],
  ["from", rule(1, 1, "mailbox-list", ORIGIN)],
  ["sender", rule(0, 1, "mailbox", ORIGIN)],
  ["reply-to", rule(0, 1, "address-list", ORIGIN)],
  ["to", rule(0, 1, "address-list", DESTINATION)],
  ["cc", rule(0, 1, "address-list", DESTINATION)],
  ["bcc", rule(0, 1, "optional-address-list", DESTINATION)],
  ["message-id", rule(0, 1, "message-id", IDENTITY)],
  ["in-reply-to", rule(0, 1, "message-ids", IDENTITY)],
  ["references", rule(0, 1, "message-ids", IDENTITY)],
  ["subject", rule(0, 1, "text", INFORMATION)],
  ["comments", rule(0, "any", "text", INFORMATION)],
  ["keywords", rule(0, "any", "phrases", INFORMATION)],
  ["resent-date", rule(0, "any", "date", RESENT)],
  ["resent-from", rule(0, "any", "mailbox-list", RESENT)],
  ["resent-sender", rule(0, "any", "mailbox", RESENT)],
  ["resent-to", rule(0, "any", "address-list", RESENT)],
  ["resent-cc", rule(0, "any", "address-list", RESENT)],
  ["resent-bcc", rule(0, "any", "optional-address-list", RESENT)],
  ["resent-message-id", rule(0, "any", "message-id", RESENT)],
  ["return-path", rule(0, 1, "path", TRACE)],
  ["received", rule(0, "any", "received", TRACE)],
  ["mime-version", rule(0, 1, "mime-version", "RFC 2045 §4")],
  ["content-type", rule(0, 1, "content-type", "RFC 2045 §5")],
  ["content-transfer-encoding", rule(0, 1, "transfer-encoding", "RFC 2045 §6")],
  ["content-id", rule(0, 1, "content-id", "RFC 2045 §7")],
  ["content-description", rule(0, 1, "text", "RFC 2045 §8")],
  ["content-disposition", rule(0, 1, "disposition", "RFC 2183 §2")],
  ["content-language", rule(0, 1, "language", "RFC 3282 §2")],
  ["content-location", rule(0, 1, "raw", "RFC 2557 §4.2")],
  ["content-md5", rule(0, 1, "raw", "RFC 1864 §2")],
  ["content-duration", rule(0, 1, "raw", "RFC 3803 §2")],
  ["list-id", rule(0, 1, "list-id", "RFC 2919 §3")],
  ["list-help", rule(0, 1, "list-uris", LIST)],
  ["list-subscribe", rule(0, 1, "list-uris", LIST)],
  ["list-unsubscribe", rule(0, 1, "list-uris", LIST)],
  ["list-post", rule(0, 1, "list-uris", LIST)],
  ["list-owner", rule(0, 1, "list-uris", LIST)],
  ["list-archive", rule(0, 1, "list-uris", LIST)],
  ["list-unsubscribe-post", rule(0, 1, "list-unsubscribe-post", "RFC 8058 §3.1")],
  ["auto-submitted", rule(0, 1, "auto-submitted", "RFC 3834 §5")],
  ["disposition-notification-to", rule(0, 1, "mailbox-list", "RFC 8098 §2.1")],
  ["original-recipient", rule(0, 1, "raw", "RFC 8098 §2.3")],
  ["archived-at", rule(0, "any", "raw", "RFC 5064 §2.2")],
  ["authentication-results", rule(0, "any", "raw", "RFC 8601 §2")],
  ["dkim-signature", rule(0, "any", "raw", "RFC 6376 §3.5")],
  ["importance", rule(0, 1, "raw", "RFC 4021 §2.1")],
  ["priority", rule(0, 1, "raw", "RFC 4021 §2.1")],
  ["sensitivity", rule(0, 1, "raw", "RFC 4021 §2.1")],
]);

/** How people write the names of the table. */
export function displayName(key: string): string {
  const words = key.split("-").map((word) => {
    if (word === "id" || word === "md5") return word.toUpperCase();
    return word === "mime" ? "MIME" : word[0].toUpperCase() + word.slice(1);
  });
  return words.join("-");
}
