/**
 * Where a mail server is, as people write it: `imaps://anna@example.org@mail.example.org`,
 * `submission://anna@mail.example.org:587`. The last `@` ends the user's name, so that a name may
 * be an address. A password has no place here: everybody can read a command line.
 */

import { fault, ok, type Result } from "../base/result.ts";

export type ServerUrl = {
  readonly protocol: "imap" | "smtp";
  /**
   * `implicit`: TLS from the first octet. `required`: STARTTLS, or no connection. `opportunistic`:
   * STARTTLS where offered, and no password without it unless the server is on this machine.
   */
  readonly tls: "implicit" | "required" | "opportunistic";
  readonly user: string | undefined;
  readonly host: string;
  readonly port: number;
};

type Scheme = Pick<ServerUrl, "protocol" | "tls" | "port">;

const SCHEMES: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  ["imaps", { protocol: "imap", tls: "implicit", port: 993 }],
  ["imap", { protocol: "imap", tls: "required", port: 143 }],
  ["submissions", { protocol: "smtp", tls: "implicit", port: 465 }],
  ["smtps", { protocol: "smtp", tls: "implicit", port: 465 }],
  ["submission", { protocol: "smtp", tls: "required", port: 587 }],
  ["smtp", { protocol: "smtp", tls: "opportunistic", port: 25 }],
]);

const URL_FORM = /^([a-z]+):\/\/(?:(.*)@)?(\[[0-9a-fA-F:.]+\]|[^\s/@:[\]]+)(?::(\d{1,5}))?\/?$/;

export function parseServerUrl(text: string, protocol: "imap" | "smtp"): Result<ServerUrl> {
  const schemes = [...SCHEMES].filter(([, scheme]) => scheme.protocol === protocol);
  const choices = schemes.map(([name]) => `${name}://`).join(", ");
  const match = URL_FORM.exec(text);
  if (match === null) return fault(`not an address of a server: write ${choices} user@host[:port]`);
  const scheme = SCHEMES.get(match[1]);
  if (scheme?.protocol !== protocol) return fault(`${match[1]}:// is not one of ${choices}`);
  const port = match[4] === undefined ? scheme.port : Number(match[4]);
  if (port < 1 || port > 65_535) return fault(`${port} is no port`);
  const user = match[2] === undefined ? undefined : decodePercent(match[2]);
  if (match[2] !== undefined && (user === undefined || user === ""))
    return fault("the user's name cannot be read");
  if (user?.includes(":")) {
    return fault(
      "a password does not belong into the address: use --password-command, or be asked",
    );
  }
  const host = match[3].replace(/^\[|\]$/g, "");
  // On this machine nobody can listen in, and the server's own listener may have no TLS.
  const tls = scheme.tls === "required" && isLoopback(host) ? "opportunistic" : scheme.tls;
  return ok({ protocol, tls, user, host, port });
}

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host);
}
