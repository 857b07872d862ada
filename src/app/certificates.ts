/**
 * The certificates a server runs with: those the configuration names, or one of our own making that
 * is kept in the data folder, so that mail programs need to be told of it only once.
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { MailError } from "../base/errors.ts";
import { plainAddress } from "../net/address.ts";
import type { CertificatePem } from "../net/server-tls.ts";
import type { TlsSettings } from "./config/settings-shape.ts";

export type CertificateSource = {
  readonly tls: TlsSettings;
  readonly hostname: string;
  readonly dataFolder: string;
  readonly nowMs: number;
};

/** Throws MailError `config-invalid` naming the file that can't be read. */
export async function loadCertificates(source: CertificateSource): Promise<CertificatePem[]> {
  const configured = source.tls.certificates;
  if (configured.length === 0) return [await ownCertificate(source)];
  return configured.map(readPair);
}

function readPair(files: { certificate: string; key: string }): CertificatePem {
  const pem = { certificate: readPem(files.certificate), key: readPem(files.key) };
  const leaf = understood(
    () => new X509Certificate(pem.certificate),
    files.certificate,
    "certificate",
  );
  const key = understood(() => createPrivateKey(pem.key), files.key, "private key");
  if (!leaf.checkPrivateKey(key)) {
    throw new MailError(
      "config-invalid",
      `the key ${files.key} belongs to another certificate than ${files.certificate}`,
    );
  }
  return pem;
}

/** OpenSSL's reasons name no file. */
function understood<T>(read: () => T, file: string, what: string): T {
  try {
    return read();
  } catch (error) {
    throw new MailError("config-invalid", `${file} holds no ${what} in PEM that we can read`, {
      cause: error,
    });
  }
}

/** The authorities whose client certificates count; undefined: clients are not asked for any. */
export function loadClientAnchors({ clientAnchors }: TlsSettings): readonly string[] | undefined {
  if (clientAnchors.length === 0) return undefined;
  return clientAnchors.flatMap((file) => {
    const found = readPem(file).match(CERTIFICATE) ?? [];
    if (found.length > 0 && found.every(isCertificate)) return found.map((pem) => `${pem}\n`);
    throw new MailError("config-invalid", `tls.clientAnchors: ${file} holds no certificates`);
  });
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== "";
  } catch {
    return false;
  }
}

/** Where the certificate of our own making is, for programs that are to trust it. */
export function ownCertificateFile(dataFolder: string): string {
  return join(dataFolder, "tls", "certificate.pem");
}

async function ownCertificate(source: CertificateSource): Promise<CertificatePem> {
  const certificateFile = ownCertificateFile(source.dataFolder);
  const keyFile = join(source.dataFolder, "tls", "key.pem");
  if (existsSync(certificateFile) && existsSync(keyFile)) {
    return { certificate: readPem(certificateFile), key: readPem(keyFile) };
  }
  // Loaded only here: making a certificate happens once in the life of a data folder.
  const { makeSelfSigned } = await import("../net/self-signed.ts");
  const made = await makeSelfSigned(ownNames(source.hostname), source.nowMs);
  mkdirSync(join(source.dataFolder, "tls"), { recursive: true, mode: 0o700 });
  writeWhole(keyFile, made.key);
  writeWhole(certificateFile, made.certificate);
  return made;
}

function ownNames(hostname: string): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map(({ address }) => plainAddress(address));
  const names = ["posthorn.test", hostname, "localhost", "127.0.0.1", "::1", ...addresses];
  return [...new Set(names)].slice(0, 20);
}

/** The key must never be there half written: the next start would use it. */
function writeWhole(file: string, text: string): void {
  const draft = `${file}.new`;
  writeFileSync(draft, text, { mode: 0o600, flush: true });
  renameSync(draft, file);
}

function readPem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === "ENOENT"
        ? "there is no such file"
        : code === "EACCES"
          ? "this user may not read it"
          : String(error);
    throw new MailError("config-invalid", `certificate or key ${file}: ${reason}`, {
      cause: error,
    });
  }
}
