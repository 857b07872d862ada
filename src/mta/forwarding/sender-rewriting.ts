/**
 * The Sender Rewriting Scheme: the reverse-path of mail that an alias forwards from one foreign host
 * to another becomes an address of ours, so that SPF (RFC 7208) finds the host that really sends;
 * reports that come back to it are led on to the sender.
 *
 * `SRS0=HASH=DAY=sender.example=user@ours`, and for what another host has rewritten already
 * `SRS1=HASH=forwarder.example==REST@ours`. The hash keeps anybody from using us as a relay; its key
 * changes each month, and an address lives three weeks.
 */

import { encodeUtf8 } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { Crypto } from "../../base/crypto.ts";
import { fault, type Result } from "../../base/result.ts";
import { formatAddress, parseAddress, type Address } from "../../message/addr-spec.ts";
import { withAsciiDomain } from "../resolution/ascii-domain.ts";

const DAY_MS = 86_400_000;
const LIFETIME_DAYS = 21;
/** Two base-32 digits. */
const DAYS_TOLD_APART = 1024;
const DAYS_OF_A_KEY = 30;
/** 40 bits: each guess costs a RCPT. */
const HASH_LENGTH = 8;
/** RFC 4648 §6, lower case: hosts on the way may fold the case of a local part. */
const DIGITS = "abcdefghijklmnopqrstuvwxyz234567";

export type SenderRewritingDeps = {
  readonly crypto: Pick<Crypto, "hmac" | "equal">;
  readonly clock: Pick<Clock, "nowMs">;
  /** Kept by the store; a key for each month is made of it. */
  readonly secret: Uint8Array;
};

export class SenderRewriting {
  readonly #deps: SenderRewritingDeps;

  constructor(deps: SenderRewritingDeps) {
    this.#deps = deps;
  }

  /** `sender` as an address in `ourDomain`; undefined where that would be no valid address. */
  forward(sender: Address, ourDomain: string): Address | undefined {
    const { localPart, domain } = withAsciiDomain(sender);
    const first = /^SRS([01])=(.+)$/i.exec(localPart);
    return first === null
      ? this.#srs0(localPart, domain, ourDomain)
      : this.#srs1(first[1], first[2], domain, ourDomain);
  }

  /** Undefined: it is no such address. A fault says why it leads nowhere (any more). */
  reverse({ localPart }: Address): Result<Address> | undefined {
    if (/^SRS0=/i.test(localPart)) return this.#reverse0(localPart);
    return /^SRS1=/i.test(localPart) ? this.#reverse1(localPart) : undefined;
  }

  #srs0(localPart: string, domain: string, ourDomain: string): Address | undefined {
    const day = this.#today();
    const stamp = stampOf(day);
    const hash = this.#hash(day, `srs0 ${stamp} ${domain} ${localPart}`);
    return valid(`SRS0=${hash}=${stamp}=${domain}=${localPart}`, ourDomain);
  }

  /** The chain is never longer than this: the first forwarder is kept, those between are left out. */
  #srs1(kind: string, rest: string, domain: string, ourDomain: string): Address | undefined {
    const chained = kind === "1" ? /^[^=]+=([^=]+)=(.+)$/.exec(rest) : undefined;
    if (chained === null) return undefined;
    const host = chained === undefined ? domain : chained[1];
    // What stands behind the first forwarder's `SRS0`, its separator included.
    const opaque = chained === undefined ? `=${rest}` : chained[2];
    const hash = this.#hash(this.#today(), `srs1 ${host} ${opaque}`);
    return valid(`SRS1=${hash}=${host}=${opaque}`, ourDomain);
  }

  #reverse0(localPart: string): Result<Address> {
    const [, hash, stamp, domain, user] =
      /^SRS0=([^=]+)=([^=]{2})=([^=]+)=(.+)$/i.exec(localPart) ?? [];
    if (user === undefined) return fault("it is not written as such addresses are");
    const day = this.#dayOf(stamp.toLowerCase());
    const text = `srs0 ${stamp.toLowerCase()} ${domain} ${user}`;
    // Forged and expired are told apart only for who holds a true one.
    if (day === undefined || !this.#isHash(hash, [day], text)) return fault("its hash is wrong");
    if (this.#today() - day > LIFETIME_DAYS) return fault("it has expired");
    return parseAddress(formatAddress({ localPart: user, domain }));
  }

  #reverse1(localPart: string): Result<Address> {
    const [, hash, host, opaque] = /^SRS1=([^=]+)=([^=]+)=(.+)$/i.exec(localPart) ?? [];
    if (opaque === undefined) return fault("it is not written as such addresses are");
    const today = this.#today();
    // It has no day of its own: the first forwarder judges its age, we know it for a month or two.
    const days = [today, today - DAYS_OF_A_KEY];
    if (!this.#isHash(hash, days, `srs1 ${host} ${opaque}`)) return fault("its hash is wrong");
    return parseAddress(formatAddress({ localPart: `SRS0${opaque}`, domain: host }));
  }

  #today(): number {
    return Math.floor(this.#deps.clock.nowMs() / DAY_MS);
  }

  /** The last day that has this stamp; tomorrow may be one, for clocks that differ. */
  #dayOf(stamp: string): number | undefined {
    const [high, low] = Array.from(stamp, (digit) => DIGITS.indexOf(digit));
    if (high < 0 || low < 0) return undefined;
    const latest = this.#today() + 1;
    const ago = (latest - (high * 32 + low)) % DAYS_TOLD_APART;
    return latest - ((ago + DAYS_TOLD_APART) % DAYS_TOLD_APART);
  }

  #isHash(given: string, days: readonly number[], text: string): boolean {
    const { crypto } = this.#deps;
    const octets = encodeUtf8(given.toLowerCase());
    return days.some((day) => crypto.equal(octets, encodeUtf8(this.#hash(day, text))));
  }

  #hash(day: number, text: string): string {
    const { crypto, secret } = this.#deps;
    const month = encodeUtf8(`srs ${Math.floor(day / DAYS_OF_A_KEY)}`);
    const key = crypto.hmac("sha256", secret, month);
    const mac = crypto.hmac("sha256", key, encodeUtf8(text.toLowerCase()));
    return Array.from(mac.subarray(0, HASH_LENGTH), (octet) => DIGITS[octet & 31]).join("");
  }
}

function stampOf(day: number): string {
  const number = day % DAYS_TOLD_APART;
  return DIGITS[number >> 5] + DIGITS[number & 31];
}

/** RFC 5321 §4.5.3.1.1 allows a local part 64 octets; a sender too long for that stays as it is. */
function valid(localPart: string, domain: string): Address | undefined {
  const parsed = parseAddress(formatAddress({ localPart, domain }));
  return parsed.ok ? parsed.value : undefined;
}
