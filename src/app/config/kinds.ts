/** The kinds of values that settings have: how each is written, checked and converted. */

import { isIP } from "node:net";
import {
  boolean,
  integer,
  maxValue,
  minValue,
  number,
  picklist,
  pipe,
  rawTransform,
  string,
  unknown,
} from "valibot";
import type { GenericSchema } from "valibot";
import { parse as parseCidr } from "./cidr.ts";
import { parseAddress, addressKey } from "../../message/addr-spec.ts";
import { toAsciiDomain } from "../../net/idna.ts";
import { nearest } from "./nearest.ts";

/** As a place to listen, an absolute path as host is a Unix socket. */
export type HostPort = { readonly host: string; readonly port: number };

const show = (input: unknown): string => JSON.stringify(input) ?? String(input);

/** A schema of a function that answers with the value, or with what the value must be. */
function checked<T>(read: (input: unknown) => { value: T } | string): GenericSchema<unknown, T> {
  return pipe(
    unknown(),
    rawTransform<unknown, T>(({ dataset, addIssue, NEVER }) => {
      const outcome = read(dataset.value);
      if (typeof outcome !== "string") return outcome.value;
      addIssue({ message: `${outcome}, not ${show(dataset.value)}` });
      return NEVER;
    }),
  );
}

function each<T>(
  one: (input: unknown) => { value: T } | string,
): GenericSchema<unknown, readonly T[]> {
  return checked<readonly T[]>((input) => {
    const values: T[] = [];
    for (const item of Array.isArray(input) ? (input as unknown[]) : [input]) {
      const outcome = one(item);
      if (typeof outcome === "string") return `${outcome} (in a list: each one)`;
      values.push(outcome.value);
    }
    return { value: values };
  });
}

export const text: GenericSchema<unknown, string> = string(
  (issue) => `must be text in quotes, not ${show(issue.input)}`,
);

/** RFC 5321 §4.1.2: one that may stand in a local part; a dot or letter would split ordinary names. */
export const delimiter: GenericSchema<unknown, string> = checked((input) =>
  typeof input === "string" && /^[!#$%&'*+/=?^_`{|}~-]?$/.test(input)
    ? { value: input }
    : 'must be one character such as "+", or "" for none',
);

export const yesNo: GenericSchema<unknown, boolean> = boolean(
  (issue) => `must be true or false, not ${show(issue.input)}`,
);

export function optional<T>(
  schema: GenericSchema<unknown, T>,
): GenericSchema<unknown, T | undefined> {
  return schema;
}

export function choice<const T extends string>(...choices: T[]): GenericSchema<unknown, T> {
  return picklist(choices, (issue) => {
    const close = typeof issue.input === "string" ? nearest(issue.input, choices) : undefined;
    const hint = close === undefined ? "" : `. Did you mean ${show(close)}?`;
    return `must be one of ${choices.map(show).join(", ")}, not ${show(issue.input)}${hint}`;
  });
}

export function wholeNumber(least: number, most: number): GenericSchema<unknown, number> {
  const say = (issue: { input: unknown }): string =>
    `must be a whole number from ${least} to ${most}, not ${show(issue.input)}`;
  return pipe(number(say), integer(say), minValue(least, say), maxValue(most, say));
}

export function numberBetween(least: number, most: number): GenericSchema<unknown, number> {
  const say = (issue: { input: unknown }): string =>
    `must be a number from ${least} to ${most}, not ${show(issue.input)}`;
  return pipe(number(say), minValue(least, say), maxValue(most, say));
}

const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);
const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ["B", 1],
  ["KB", 1_024],
  ["MB", 1_048_576],
  ["GB", 1_073_741_824],
]);

function withUnit(input: unknown, units: ReadonlyMap<string, number>): number | undefined {
  const match = typeof input === "string" ? /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(input) : null;
  const unit = match === null ? undefined : units.get(match[2]);
  return match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
}

/** Milliseconds. */
export const duration: GenericSchema<unknown, number> = checked((input) => {
  const value = withUnit(input, DURATION_UNITS);
  return value === undefined ? 'must be a time such as "30s", "5m", "4h" or "5d"' : { value };
});

/** Octets. */
export const size: GenericSchema<unknown, number> = checked((input) => {
  const value = withUnit(input, SIZE_UNITS);
  return value === undefined ? 'must be a size such as "500KB", "50MB" or "2GB"' : { value };
});

/** An A-label name, or the Unicode form, which is converted. */
export const hostName: GenericSchema<unknown, string> = checked((input) => {
  const value = typeof input === "string" ? toAsciiDomain(input) : undefined;
  return value === undefined ? 'must be a host name such as "mail.example.org"' : { value };
});

export const domains: GenericSchema<unknown, readonly string[]> = each((input) => {
  const value = typeof input === "string" ? toAsciiDomain(input) : undefined;
  return value === undefined ? 'must be a domain such as "example.org"' : { value };
});

/** `example.org`, `.example.org` or `*`. */
export const domainPattern: GenericSchema<unknown, string> = checked((input) => {
  const wanted = 'must be a domain such as "example.org", ".example.org" for all below it, or "*"';
  if (input === "*") return { value: "*" };
  if (typeof input !== "string") return wanted;
  const isBelow = input.startsWith(".");
  const name = toAsciiDomain(isBelow ? input.slice(1) : input);
  if (name === undefined) return wanted;
  return { value: isBelow ? `.${name}` : name };
});

/** `host`, or an address in brackets as SMTP writes it. */
export const nextHopHost: GenericSchema<unknown, string> = checked((input) => {
  const wanted =
    'must be a host name or an address in brackets, such as "smtp.example.net" or "[192.0.2.1]"';
  if (typeof input !== "string") return wanted;
  const literal = /^\[(?:IPv6:)?([^\]]+)\]$/i.exec(input)?.[1] ?? (isIP(input) === 0 ? "" : input);
  if (isIP(literal) === 4) return { value: `[${literal}]` };
  if (isIP(literal) === 6) return { value: `[IPv6:${literal}]` };
  const name = toAsciiDomain(input);
  return name === undefined ? wanted : { value: name };
});

export const networks: GenericSchema<unknown, readonly string[]> = each((input) => {
  const value = typeof input === "string" ? parseCidr(input) : undefined;
  return value === undefined
    ? 'must be a network such as "192.0.2.0/24" or "2001:db8::/32", or one address'
    : { value };
});

/** Who may ask something: networks, and the word `authenticated`. */
export const askers: GenericSchema<unknown, readonly string[]> = each((input) => {
  const value =
    input === "authenticated" ? input : typeof input === "string" ? parseCidr(input) : undefined;
  return value === undefined
    ? 'must be "authenticated", or a network such as "192.0.2.0/24", or one address'
    : { value };
});

export const mailAddress: GenericSchema<unknown, string> = checked((input) => {
  const parsed = typeof input === "string" ? parseAddress(input) : undefined;
  return parsed?.ok && parsed.value.domain !== ""
    ? { value: addressKey(parsed.value) }
    : 'must be a mail address such as "anna@example.org"';
});

/** Where to listen: `"0.0.0.0:25"`, `"[::]:25"`, or a port alone, which means every address. */
export const endpoints: GenericSchema<unknown, readonly HostPort[]> = each((input) => {
  const value = readEndpoint(input);
  return value === undefined
    ? 'must be where to listen, such as "192.0.2.1:25", "[::]:25" or 25 for every address'
    : { value };
});

/** The same, or the path of a Unix socket. */
export const endpointsOrPaths: GenericSchema<unknown, readonly HostPort[]> = each((input) => {
  // The kernel's limit for the name of a socket.
  const isPath = typeof input === "string" && /^\/[^\0]{0,106}$/.test(input);
  const value = isPath ? { host: input, port: 0 } : readEndpoint(input);
  return value === undefined
    ? 'must be where to listen, such as "127.0.0.1:24", or the whole path of a Unix socket such as "/run/posthorn/lmtp"'
    : { value };
});

export const dnsServers: GenericSchema<unknown, readonly HostPort[]> = each((input) => {
  const bare = typeof input === "string" && isIP(input) !== 0;
  const value = bare ? { host: input, port: 53 } : readEndpoint(input);
  return value === undefined || typeof input !== "string"
    ? 'must be the address of a name server, such as "192.0.2.53" or "127.0.0.1:5353"'
    : { value };
});

function readEndpoint(input: unknown): HostPort | undefined {
  if (typeof input === "number") return isPort(input) ? { host: "::", port: input } : undefined;
  if (typeof input !== "string") return undefined;
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(input);
  if (match === null || !isPort(Number(match[3]))) return undefined;
  const host =
    match[1] ?? (match[2] === "*" ? "::" : match[2] === "localhost" ? "127.0.0.1" : match[2]);
  return isIP(host) === 0 ? undefined : { host, port: Number(match[3]) };
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65_535;
}

/** Tokens are as good as passwords: they leave this machine under TLS alone. */
export const introspectionUrl: GenericSchema<unknown, string> = checked(
  (input) =>
    readWebAddress(input) ??
    'must be an address such as "https://login.example.org/oauth/introspect"',
);

export const keySetPlace: GenericSchema<unknown, string> = checked((input) => {
  if (typeof input === "string" && input !== "" && !/^[a-z][a-z0-9+.-]*:/i.test(input)) {
    return { value: input };
  }
  return (
    readWebAddress(input) ??
    'must be an address such as "https://login.example.org/jwks.json", or the path of a file'
  );
});

function readWebAddress(input: unknown): { value: string } | undefined {
  const url = typeof input === "string" ? URL.parse(input) : null;
  const isLocal = ["127.0.0.1", "[::1]", "localhost"].includes(url?.hostname ?? "");
  const isGood = url?.protocol === "https:" || (url?.protocol === "http:" && isLocal);
  return url !== null && isGood && url.username === "" && url.password === ""
    ? { value: url.href }
    : undefined;
}

export const texts: GenericSchema<unknown, readonly string[]> = each((input) =>
  typeof input === "string" ? { value: input } : "must be text in quotes",
);

export const services: GenericSchema<unknown, readonly ("smtp" | "submission" | "lmtp")[]> = each(
  (input) =>
    input === "smtp" || input === "submission" || input === "lmtp"
      ? { value: input }
      : 'must be "smtp", "submission" or "lmtp"',
);

export const families: GenericSchema<unknown, readonly ("ipv4" | "ipv6")[]> = each((input) =>
  input === "ipv4" || input === "ipv6" ? { value: input } : 'must be "ipv4" or "ipv6"',
);

/** A host to send to, with or without a port; or, for LMTP, the path of a Unix socket. */
export type HopPlace = { readonly host: string; readonly port: number | undefined };

export const hopPlaces: GenericSchema<unknown, readonly HopPlace[]> = each((input) => {
  const value = typeof input === "string" ? readHop(input) : undefined;
  return value === undefined
    ? 'must be where to send, such as "smtp.example.net:587", "[192.0.2.1]:24" or, for LMTP, "/run/dovecot/lmtp"'
    : { value };
});

function readHop(input: string): HopPlace | undefined {
  if (/^\/[^\0]{0,106}$/.test(input)) return { host: input, port: undefined };
  const match = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(input);
  if (match === null) return undefined;
  const port = match[2] === undefined ? undefined : Number(match[2]);
  if (port === 0 || (port !== undefined && !isPort(port))) return undefined;
  const literal = /^\[(?:IPv6:)?([^\]]+)\]$/i.exec(match[1])?.[1];
  if (literal === undefined) {
    const host = isIP(match[1]) === 4 ? `[${match[1]}]` : toAsciiDomain(match[1]);
    return host === undefined ? undefined : { host, port };
  }
  const family = isIP(literal);
  if (family === 0) return undefined;
  return { host: family === 6 ? `[IPv6:${literal}]` : `[${literal}]`, port };
}

/** `anna@example.org`, `@example.org` for all senders there, `<>` for reports. */
export const senderPattern: GenericSchema<unknown, string> = checked((input) => {
  const wanted =
    'must be a sender such as "anna@example.org", "@example.org" for all there, or "<>" for reports';
  if (typeof input !== "string") return wanted;
  if (input === "<>") return { value: input };
  if (input.startsWith("@")) {
    const domain = toAsciiDomain(input.slice(1));
    return domain === undefined ? wanted : { value: `@${domain}` };
  }
  const parsed = parseAddress(input);
  return parsed.ok && parsed.value.domain !== "" ? { value: addressKey(parsed.value) } : wanted;
});

/** In `:transport:NAME` of an alias file a space or a comma would end it. */
export const transportName: GenericSchema<unknown, string> = checked((input) => {
  const isTaken = input === "local" || input === "smtp";
  return typeof input === "string" && /^[a-z0-9][a-z0-9._-]{0,62}$/i.test(input) && !isTaken
    ? { value: input }
    : 'must be a word of letters, digits, "-", "_" and ".", and not "local" or "smtp"';
});
