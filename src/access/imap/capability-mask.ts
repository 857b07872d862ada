/**
 * Capabilities hidden from accounts or programs that break on them: each mask names some, and whom it
 * is for by patterns of the account's address and of the name the program gives with ID.
 */

export type CapabilityMask = {
  /** As CAPABILITY names them. */
  readonly capabilities: readonly string[];
  /** `*` stands for any characters. */
  readonly account: string;
  readonly client: string;
};

export type MaskedClient = {
  /** "" before login. */
  readonly address: string;
  /** "" until ID has been given. */
  readonly clientName: string;
};

/** The names to leave out, in upper case as well. */
export function hiddenFrom(
  masks: readonly CapabilityMask[],
  client: MaskedClient,
): ReadonlySet<string> {
  const hidden = new Set<string>();
  for (const mask of masks) {
    if (!fits(mask.account, client.address) || !fits(mask.client, client.clientName)) continue;
    for (const name of mask.capabilities) hidden.add(name).add(name.toUpperCase());
  }
  return hidden;
}

/** Matching costs pattern times text; both are short (ID values are cut at 1024 octets). */
function fits(pattern: string, text: string): boolean {
  const pieces = pattern.toLowerCase().split("*");
  const subject = text.toLowerCase();
  if (pieces.length === 1) return subject === pieces[0];
  const [first, ...rest] = pieces;
  const last = rest.pop() ?? "";
  if (!subject.startsWith(first) || subject.length < first.length + last.length) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = subject.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return subject.length - last.length >= at && subject.endsWith(last);
}
