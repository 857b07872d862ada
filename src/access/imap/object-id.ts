/** EMAILID (RFC 8474 §5.1): equal octets in the store have equal ids, so copies share theirs. */

export function emailIdOf(messageId: number): string {
  return `M${messageId}`;
}

/** The stored message an EMAILID names; NaN if none could. */
export function messageIdOf(emailId: string): number {
  return /^M\d{1,15}$/.test(emailId) ? Number(emailId.slice(1)) : Number.NaN;
}
