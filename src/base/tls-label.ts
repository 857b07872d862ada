/** TLS of a connection in a few words, the same in every log line and report: `TLSv1.3 TLS_AES_256_GCM_SHA384 resumed`. */

import type { TlsSession } from "./channel.ts";

export function tlsLabel(tls: TlsSession): string {
  return `${tls.protocol} ${tls.cipher}${tls.isResumed ? " resumed" : ""}`;
}
