/** Arguments as people type them, checked before anything is opened. */

import { formatAddress, parseAddress } from "../message/addr-spec.ts";
import { toAsciiDomain } from "../net/idna.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";

/** `local@domain` with the domain in A-labels. */
export function readAddress(text: string): string {
  const parsed = parseAddress(text);
  const domain = parsed.ok ? toAsciiDomain(parsed.value.domain) : undefined;
  if (!parsed.ok || domain === undefined) {
    const why = parsed.ok ? "the part after @ is not a domain name" : parsed.problem;
    throw new CliError(`"${text}" is not a mail address: ${why}`, EXIT.usage);
  }
  return formatAddress({ ...parsed.value, domain });
}

/** `500MB`, `2GB`, or `none`. */
export function readQuota(text: string): number | null {
  if (text === "none") return null;
  const match = /^(\d+(?:\.\d+)?) ?(KB|MB|GB|TB)$/i.exec(text);
  if (match === null) throw new CliError(`"${text}" is not a size: 500MB, 2GB or none`, EXIT.usage);
  const power = ["KB", "MB", "GB", "TB"].indexOf(match[2].toUpperCase()) + 1;
  return Math.round(Number(match[1]) * 1_024 ** power);
}

export function readCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new CliError(`"${text}" is not a whole number above zero`, EXIT.usage);
  }
  return value;
}

/** `30m`, `4h`, `5d`. */
export function readAge(text: string): number {
  const match = /^(\d+)(s|m|h|d)$/.exec(text);
  if (match === null) throw new CliError(`"${text}" is not a time: 30m, 4h or 5d`, EXIT.usage);
  const unit = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2]] ?? 0;
  return Number(match[1]) * unit;
}
