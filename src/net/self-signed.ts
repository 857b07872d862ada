/**
 * A certificate of our own making, for the first start: enough to encrypt, not to prove who we are.
 * Mail programs ask once and remember it, so it lasts ten years and is kept.
 */

import { generate } from "selfsigned";
import { isIP } from "node:net";
import type { CertificatePem } from "./server-tls.ts";

const YEARS = 10;

/** `names`: DNS names and IP addresses it is for; the first is its common name. */
export async function makeSelfSigned(
  names: readonly string[],
  nowMs: number,
): Promise<CertificatePem> {
  const begin = new Date(nowMs - 3_600_000);
  const end = new Date(nowMs);
  end.setUTCFullYear(end.getUTCFullYear() + YEARS);
  const made = await generate([{ name: "commonName", value: names[0] }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: begin,
    notAfterDate: end,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      {
        name: "keyUsage",
        digitalSignature: true,
        keyEncipherment: true,
        keyCertSign: true,
        critical: true,
      },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: names.map((name) =>
          isIP(name) === 0 ? { type: 2 as const, value: name } : { type: 7 as const, ip: name },
        ),
      },
    ],
  });
  return { certificate: made.cert, key: made.private };
}
