/** Tells what a finished TLS handshake agreed on, in the terms of the Channel contract. */

import type { PeerCertificate, TLSSocket } from "node:tls";
import type { TlsSession } from "../base/channel.ts";
import { describeSocketError } from "./socket-errors.ts";

const BINDING_LABEL = "EXPORTER-Channel-Binding";

export function describeTls(
  socket: TLSSocket,
  serverName: string | undefined,
  problem: unknown,
): TlsSession {
  const protocol = socket.getProtocol() ?? "";
  const cipher = socket.getCipher();
  const name = cipher?.standardName ?? cipher?.name ?? "";
  const certificate = peerCertificate(socket);
  return {
    protocol,
    cipher: name,
    cipherBits: cipherBits(name),
    serverName: serverName?.toLowerCase(),
    peerVerified: certificate !== undefined && !problem,
    peerName: certificate === undefined ? undefined : nameOf(certificate),
    ...mailAddressOf(certificate),
    peerProblem:
      certificate === undefined || !problem
        ? undefined
        : describeSocketError(
            typeof problem === "string" ? { code: problem, message: problem } : problem,
          ),
    ...(socket.isSessionReused() && { isResumed: true }),
    channelBinding: protocol === "TLSv1.3" ? channelBinding(socket) : undefined,
  };
}

function peerCertificate(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerCertificate();
  return certificate && Object.keys(certificate).length > 0 ? certificate : undefined;
}

/** First DNS name, or the common name where a certificate has none (client certificates of people). */
function nameOf(certificate: PeerCertificate): string | undefined {
  const dns = alternativeName(certificate, "DNS");
  if (dns !== undefined) return dns.toLowerCase();
  const common = certificate.subject?.CN;
  return Array.isArray(common) ? common[0] : common;
}

function cipherBits(name: string): number | undefined {
  if (name.includes("CHACHA20") || name.includes("256_") || name.includes("256-")) return 256;
  return name.includes("128") ? 128 : undefined;
}

function mailAddressOf(
  certificate: PeerCertificate | undefined,
): Pick<TlsSession, "peerMailAddress"> {
  const address = certificate && alternativeName(certificate, "email");
  return address === undefined ? {} : { peerMailAddress: address };
}

/** Node quotes an entry that has commas or quotes of its own; what stands inside is no entry (CVE-2021-44532). */
function alternativeName(
  { subjectaltname = "" }: PeerCertificate,
  kind: string,
): string | undefined {
  const entries = subjectaltname.match(/[^:,]+:(?:"(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/g) ?? [];
  if (entries.join("") !== subjectaltname) return undefined;
  for (const entry of entries) {
    const value = entry.replace(/, $/, "").slice(kind.length + 1);
    if (entry.startsWith(`${kind}:`) && value !== "" && !value.startsWith('"')) return value;
  }
  return undefined;
}

/** RFC 9266: only TLS 1.3 gives a binding that is unique whatever was negotiated. */
function channelBinding(socket: TLSSocket): Uint8Array | undefined {
  try {
    return new Uint8Array(socket.exportKeyingMaterial(32, BINDING_LABEL, Buffer.alloc(0)));
  } catch {
    return undefined;
  }
}
