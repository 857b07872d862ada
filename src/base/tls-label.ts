/**
 * TLS of a connection in a few words, the same in every log line and report:
 * `TLSv1.3 TLS_AES_256_GCM_SHA384 resumed`, or `none`.
 */

import type { TlsSession } from "./channel.ts";

export function tlsLabel(tls: TlsSession | undefined): string {
  if (tls === undefined) return "none";
  return `${tls.protocol} ${tls.cipher}${tls.isResumed ? " resumed" : ""}`;
}
