/**
 * A listener's side of TLS: its certificates by name (SNI), the least version it speaks, and what it
 * asks of clients. Each listener has its own, so that a session ticket of one service opens no
 * other (each context draws its own ticket key). Certificates are replaced while it runs: sessions
 * that stand keep the old ones. Ticket keys live half a day: who steals one reads no more than that.
 *
 * Nothing a client sends makes this throw or grow: the names it may ask for are looked up among the
 * configured ones, and an unknown name gets the first certificate.
 */

import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { SecureContext, SecureVersion, TLSSocketOptions } from "node:tls";
import type { Clock } from "../base/clock.ts";
import { MailError } from "../base/errors.ts";
import { systemClock } from "./system-clock.ts";

export type CertificatePem = {
  /** The certificate and its chain. */
  readonly certificate: string;
  readonly key: string;
};

export type ServerTlsOptions = {
  readonly certificates: readonly CertificatePem[];
  /** Default TLSv1.2. */
  readonly minVersion?: SecureVersion;
  /** RFC 7301 names of the service. A client that asks for others only is refused (cross-protocol attacks). */
  readonly alpn?: readonly string[];
  /** Ask clients for a certificate, and verify it against these anchors. A client may still show none. */
  readonly clientAnchors?: readonly string[];
  readonly clock?: Pick<Clock, "monotonicMs">;
};

const TICKET_KEY_MS = 12 * 60 * 60_000;

type Loaded = { readonly names: readonly string[]; readonly context: SecureContext };

export class ServerTls {
  readonly #options: Omit<ServerTlsOptions, "certificates">;
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** Where clients are asked for certificates, OpenSSL resumes only what bears the listener's own mark. */
  readonly #sessionIdContext: string = randomBytes(16).toString("hex");
  #certificates: readonly CertificatePem[];
  #loaded: readonly Loaded[];
  #loadedAtMs: number;

  /** Throws MailError `config-invalid` when a certificate or key can't be used. */
  constructor(options: ServerTlsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#certificates = options.certificates;
    this.#loaded = this.#load(options.certificates);
    this.#loadedAtMs = this.#clock.monotonicMs();
  }

  /** Takes effect for the next handshake. Throws as the constructor does, and then keeps what it had. */
  reload(certificates: readonly CertificatePem[]): void {
    this.#loaded = this.#load(certificates);
    this.#certificates = certificates;
    this.#loadedAtMs = this.#clock.monotonicMs();
  }

  /** What a TLSSocket on the server's side is made with. */
  socketOptions(): TLSSocketOptions {
    // New contexts draw new ticket keys.
    if (this.#clock.monotonicMs() - this.#loadedAtMs >= TICKET_KEY_MS) {
      this.reload(this.#certificates);
    }
    const [first] = this.#loaded;
    const many = this.#loaded.length > 1;
    const { alpn, clientAnchors } = this.#options;
    return {
      isServer: true,
      secureContext: first.context,
      ...(many && {
        SNICallback: (
          name: string,
          done: (error: Error | null, context?: SecureContext) => void,
        ): void => done(null, this.#contextFor(name)),
      }),
      ...(alpn !== undefined && { ALPNProtocols: [...alpn] }),
      requestCert: clientAnchors !== undefined,
      rejectUnauthorized: false,
    };
  }

  #contextFor(serverName: string): SecureContext {
    const name = serverName.toLowerCase();
    const exact = this.#loaded.find((entry) => entry.names.includes(name));
    if (exact !== undefined) return exact.context;
    // RFC 6125 §6.4.3: a wildcard stands for exactly one label.
    const wildcard = `*${name.slice(Math.max(0, name.indexOf(".")))}`;
    const wild = this.#loaded.find((entry) => entry.names.includes(wildcard));
    return (wild ?? this.#loaded[0]).context;
  }

  #load(certificates: readonly CertificatePem[]): readonly Loaded[] {
    if (certificates.length === 0) {
      throw new MailError("config-invalid", "TLS needs at least one certificate");
    }
    return certificates.map((pem, index) => {
      try {
        return this.#loadOne(pem);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new MailError(
          "config-invalid",
          `certificate ${index + 1} of ${certificates.length} can't be used: ${reason}`,
          { cause: error },
        );
      }
    });
  }

  #loadOne(pem: CertificatePem): Loaded {
    const leaf = new X509Certificate(pem.certificate);
    if (!leaf.checkPrivateKey(createPrivateKey(pem.key))) {
      throw new Error("the private key belongs to another certificate");
    }
    const { clientAnchors, minVersion = "TLSv1.2" } = this.#options;
    const context = createSecureContext({
      cert: pem.certificate,
      key: pem.key,
      minVersion,
      honorCipherOrder: true,
      sessionIdContext: this.#sessionIdContext,
      ...(clientAnchors !== undefined && { ca: [...clientAnchors] }),
    });
    return { names: namesOf(leaf), context };
  }
}

function namesOf(leaf: X509Certificate): string[] {
  const entries = (leaf.subjectAltName ?? "").split(", ");
  const names = entries.filter((entry) => entry.startsWith("DNS:")).map((entry) => entry.slice(4));
  return names.map((name) => name.toLowerCase());
}
