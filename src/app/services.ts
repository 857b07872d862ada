/** The services a Posthorn offers: their names in the configuration, and what each says when it is full. */

import { encodeLatin1 } from "../base/bytes.ts";
import type { RefusalReason } from "../net/listen.ts";
import type { ListenSettings } from "./config/settings-shape.ts";

export type ServiceName = keyof ListenSettings;
export type Protocol = "smtp" | "submission" | "lmtp" | "imap" | "pop3";

export type ServiceFacts = {
  readonly name: ServiceName;
  readonly protocol: Protocol;
  readonly tls: "starttls" | "implicit";
  /** RFC 7301 name; a client that insists on another protocol is refused (cross-protocol attacks). */
  readonly alpn: string;
  readonly hasLogin: boolean;
};

export const SERVICES: readonly ServiceFacts[] = [
  { name: "smtp", protocol: "smtp", tls: "starttls", alpn: "smtp", hasLogin: false },
  { name: "submission", protocol: "submission", tls: "starttls", alpn: "smtp", hasLogin: true },
  { name: "submissions", protocol: "submission", tls: "implicit", alpn: "smtp", hasLogin: true },
  { name: "lmtp", protocol: "lmtp", tls: "starttls", alpn: "lmtp", hasLogin: false },
  { name: "imap", protocol: "imap", tls: "starttls", alpn: "imap", hasLogin: true },
  { name: "imaps", protocol: "imap", tls: "implicit", alpn: "imap", hasLogin: true },
  { name: "pop3", protocol: "pop3", tls: "starttls", alpn: "pop3", hasLogin: true },
  { name: "pop3s", protocol: "pop3", tls: "implicit", alpn: "pop3", hasLogin: true },
];

export function refusalWords(protocol: Protocol, reason: RefusalReason): Uint8Array {
  const text =
    reason === "too-many-from-client"
      ? "Too many connections from your address, try again later"
      : "Too many connections, try again later";
  switch (protocol) {
    case "smtp":
    case "submission":
    case "lmtp":
      return encodeLatin1(`421 4.7.0 ${text}\r\n`);
    case "imap":
      return encodeLatin1(`* BYE [UNAVAILABLE] ${text}\r\n`);
    case "pop3":
      return encodeLatin1(`-ERR [SYS/TEMP] ${text}\r\n`);
  }
}
