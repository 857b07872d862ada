/** THREADID (RFC 8474 §5.2); undefined for a message that was stored before there were threads. */
export function threadIdOf(thread: number): string | undefined {
  return thread === 0 ? undefined : `T${thread.toString(36)}`;
}

/** The thread a THREADID names; NaN if none could. */
export function threadOfId(threadId: string): number {
  const thread = /^T[0-9a-z]{1,11}$/.test(threadId)
    ? Number.parseInt(threadId.slice(1), 36)
    : Number.NaN;
  return thread === 0 ? Number.NaN : thread;
}

/** X-GM-THRID: a message without a known thread is one of its own. */
export function gmailThreadOf(
  open: { readonly threadIds: Float64Array; readonly messageIds: ArrayLike<number> },
  position: number,
): number {
  return open.threadIds[position] || open.messageIds[position];
}

/** EMAILID (RFC 8474 §5.1): equal octets in the store have equal ids, so copies share theirs. */

export function emailIdOf(messageId: number): string {
  return `M${messageId}`;
}

/** The stored message an EMAILID names; NaN if none could. */
export function messageIdOf(emailId: string): number {
  return /^M\d{1,15}$/.test(emailId) ? Number(emailId.slice(1)) : Number.NaN;
}
