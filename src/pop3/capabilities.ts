/** The list of CAPA (RFC 2449 §5), as true for this session now. */

import type { Pop3Session } from "./pop3-session.ts";

export function listCapabilities(session: Pop3Session): string[] {
  const { options } = session;
  const capabilities = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING"];
  if (session.phase !== "transaction") {
    if (session.mayShowPassword) capabilities.push("USER");
    const mechanisms = session.handler.mechanisms();
    if (mechanisms.length > 0) capabilities.push(`SASL ${mechanisms.join(" ")}`);
    if (session.canStartTls) capabilities.push("STLS");
  }
  // RFC 6856 §2.1: USER says that names and passwords may be UTF-8 too.
  capabilities.push("UTF8 USER", "LANG");
  if (options.loginDelaySeconds) capabilities.push(`LOGIN-DELAY ${options.loginDelaySeconds}`);
  capabilities.push(`EXPIRE ${options.expireDays ?? "NEVER"}`);
  capabilities.push(`IMPLEMENTATION ${options.implementation ?? "Posthorn"}`);
  return capabilities;
}
