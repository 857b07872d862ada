/**
 * Rules that choose a way for mail, and the table that finds the most exact one without looking
 * at each. Of the recipient: the address, then its domain, then a parent (`.example.org`, longer
 * first), then any. Where several rules are equal in that, of who sends: the account, then the
 * sender's address, then its domain, then anybody. Then the order in the file.
 */

import { addressKey, parseAddress, type Address } from "../../message/addr-spec.ts";
import type { NextHop } from "../next-hop.ts";
import { asciiDomain } from "../resolution/ascii-domain.ts";
import type { Transport } from "../transport.ts";

/** All conditions that are given must hold. */
export type RouteRule = {
  /** `example.org`, or `.example.org` for all its subdomains, or `*`. */
  readonly domain?: string;
  /** One recipient, in lower case. */
  readonly recipient?: string;
  /** An address, or `@example.org` for all senders there; `<>` for reports. */
  readonly sender?: string;
  /** The account that submitted the mail. */
  readonly account?: string;
} & ({ readonly transport: Transport } | { readonly nextHop: NextHop });

/** What a rule is asked about. */
export type RoutedMail = {
  /** In A-labels. */
  readonly recipient: Address;
  /** "" is the null reverse-path. */
  readonly sender: string;
  readonly account: string | undefined;
};

export class RouteTable {
  /** By recipient address, domain, `.parent` or `*`; the most exact about senders first. */
  readonly #rules: ReadonlyMap<string, readonly RouteRule[]>;

  constructor(rules: readonly RouteRule[]) {
    const byKey = new Map<string, RouteRule[]>();
    for (const rule of rules) {
      const key = (rule.recipient ?? rule.domain ?? "*").toLowerCase();
      const known = byKey.get(key);
      if (known === undefined) byKey.set(key, [rule]);
      else known.push(rule);
    }
    for (const [key, list] of byKey)
      byKey.set(
        key,
        list.toSorted((a, b) => weight(b) - weight(a)),
      );
    this.#rules = byKey;
  }

  /** A rule for `anna@example.org` takes `anna+shop@example.org` too, where `+` is the delimiter. */
  find(mail: RoutedMail, delimiter = ""): RouteRule | undefined {
    if (this.#rules.size === 0) return undefined;
    for (const key of keysOf(mail.recipient, delimiter)) {
      const rule = this.#rules.get(key)?.find((candidate) => isFor(candidate, mail));
      if (rule !== undefined) return rule;
    }
    return undefined;
  }

  /** A rule for exactly this recipient, whoever sends. */
  forRecipient(recipient: Address): RouteRule | undefined {
    return this.#rules.size === 0 ? undefined : this.#forAnybody(addressKey(recipient));
  }

  /** A rule for exactly this domain, whoever sends. */
  forDomain(domain: string): RouteRule | undefined {
    return this.#forAnybody(domain);
  }

  #forAnybody(key: string): RouteRule | undefined {
    return this.#rules
      .get(key)
      ?.find(({ sender, account }) => sender === undefined && account === undefined);
  }
}

function weight({ account, sender }: RouteRule): number {
  const ofSender = sender === undefined ? 0 : sender.startsWith("@") ? 1 : 2;
  return (account === undefined ? 0 : 4) + ofSender;
}

function isFor({ account, sender }: RouteRule, mail: RoutedMail): boolean {
  if (account !== undefined && account.toLowerCase() !== mail.account?.toLowerCase()) return false;
  if (sender === undefined) return true;
  if (mail.sender === "" || sender === "<>") return sender === "<>" && mail.sender === "";
  const parsed = parseAddress(mail.sender);
  if (!parsed.ok) return false;
  const domain = asciiDomain(parsed.value.domain);
  const wanted = sender.toLowerCase();
  if (wanted.startsWith("@")) return wanted === `@${domain}`;
  return wanted === addressKey({ localPart: parsed.value.localPart, domain });
}

/** `a+d@b.c`, `a@b.c`, `b.c`, `.c`, `*`. An address literal has no parents. */
function keysOf({ localPart, domain: given }: Address, delimiter: string): string[] {
  const domain = given.toLowerCase();
  const labels = domain.startsWith("[") ? [] : domain.split(".");
  const parents = labels.slice(1).map((_, index) => `.${labels.slice(index + 1).join(".")}`);
  const cut = delimiter === "" ? -1 : localPart.indexOf(delimiter);
  const user = cut > 0 ? [addressKey({ localPart: localPart.slice(0, cut), domain })] : [];
  return [addressKey({ localPart, domain }), ...user, domain, ...parents, "*"];
}
