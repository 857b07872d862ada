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
};

export const SERVICES: readonly ServiceFacts[] = [
  { name: "smtp", protocol: "smtp", tls: "starttls", alpn: "smtp" },
  { name: "submission", protocol: "submission", tls: "starttls", alpn: "smtp" },
  { name: "submissions", protocol: "submission", tls: "implicit", alpn: "smtp" },
  { name: "lmtp", protocol: "lmtp", tls: "starttls", alpn: "lmtp" },
  { name: "imap", protocol: "imap", tls: "starttls", alpn: "imap" },
  { name: "imaps", protocol: "imap", tls: "implicit", alpn: "imap" },
  { name: "pop3", protocol: "pop3", tls: "starttls", alpn: "pop3" },
  { name: "pop3s", protocol: "pop3", tls: "implicit", alpn: "pop3" },
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
