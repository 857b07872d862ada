/**
 * The account that a client's certificate names, for EXTERNAL: its mail address (rfc822Name), or a
 * common name that is one. Only from a certificate that was verified (CVE-2019-3814: one without a
 * name is nobody's).
 */

import type { TlsSession } from "../base/channel.ts";

export function certificateIdentity(tls: TlsSession | undefined): string | undefined {
  if (tls === undefined || !tls.peerVerified) return undefined;
  const name = tls.peerMailAddress ?? tls.peerName;
  return name?.includes("@") ? name : undefined;
}
