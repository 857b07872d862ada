/** The subject without what replying and forwarding put before it (after RFC 5256 §2.1, for sorting and threads). */

const PREFIX =
  /^(?:\s|(?:re|aw|sv|antw|fwd?|wg|vs)\s{0,5}(?:\[[^\]]{0,20}\])?\s{0,5}:|\[[^\]]{1,60}\](?=\s*\S))/i;

export function baseSubject(subject: string): string {
  let rest = subject.slice(0, 1000).trim();
  for (let round = 0; round < 50; round++) {
    const match = PREFIX.exec(rest);
    if (match === null) break;
    rest = rest.slice(match[0].length).trimStart();
  }
  return rest
    .replace(/(?:\s*\(fwd\))+$/i, "")
    .trim()
    .toLowerCase();
}
