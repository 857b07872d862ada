/** One thing that a check of a domain's records has found. */

export type Finding = {
  readonly topic:
    | "MX"
    | "host"
    | "PTR"
    | "SPF"
    | "DKIM"
    | "DMARC"
    | "MTA-STS"
    | "TLSRPT"
    | "DANE"
    | "CAA";
  /**
   * `missing`: mail suffers from it. `unknown`: the name servers did not say. `note`: worth knowing,
   * and mail goes without.
   */
  readonly level: "ok" | "missing" | "unknown" | "note";
  /** A sentence. */
  readonly text: string;
  /** The line to add to the zone, as a zone file has it. */
  readonly record?: string;
};

export type FindingMaker = (text: string, record?: string) => Finding;

export function findings(
  topic: Finding["topic"],
): Readonly<Record<Finding["level"], FindingMaker>> {
  const make =
    (level: Finding["level"]): FindingMaker =>
    (text, record) => ({ topic, level, text, ...(record !== undefined && { record }) });
  return { ok: make("ok"), missing: make("missing"), unknown: make("unknown"), note: make("note") };
}

const TTL_SECONDS = 3600;

/** `example.org. 3600 IN MX 10 mail.example.org.` */
export function zoneLine(name: string, type: string, data: string): string {
  return `${name}. ${TTL_SECONDS} IN ${type} ${data}`;
}

/** A TXT record's data; strings of at most 255 octets (RFC 1035 §3.3). */
export function quoted(text: string): string {
  const parts = text.match(/[^]{1,250}/g) ?? [""];
  return parts.map((part) => `"${part.replace(/["\\]/g, "\\$&")}"`).join(" ");
}
