/** What the operating system and OpenSSL say about a connection, in words for a person. */

const WORDS: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "connection refused"],
  ["ECONNRESET", "connection reset by the other side"],
  ["EPIPE", "connection closed by the other side"],
  ["ETIMEDOUT", "no answer"],
  ["EHOSTUNREACH", "no route to the host"],
  ["ENETUNREACH", "network unreachable"],
  ["EADDRNOTAVAIL", "the local address is not ours"],
  ["EACCES", "not permitted"],
  ["ENOTFOUND", "no such host"],
  ["EAI_AGAIN", "the name could not be looked up"],
  ["EMFILE", "too many open files"],
  ["ENFILE", "too many open files on this machine"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "the certificate is for another name"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "the certificate is self-signed"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "the chain ends in a self-signed certificate that is not trusted"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "the certificate's issuer is not known"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "the certificate's issuer is not known"],
  ["CERT_HAS_EXPIRED", "the certificate has expired"],
  ["CERT_NOT_YET_VALID", "the certificate is not valid yet"],
]);

export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" ? code : undefined;
}

/** One short clause, without newlines: it ends in log lines and in SMTP replies. */
export function describeSocketError(error: unknown): string {
  const code = errorCode(error);
  const words = code === undefined ? undefined : WORDS.get(code);
  if (words !== undefined) return words;
  // OpenSSL: `reason` is the short form; its message carries file names and line numbers.
  const reason = (error as { reason?: unknown } | null)?.reason;
  const text = typeof reason === "string" && reason !== "" ? reason : plainMessage(error);
  return text.replace(/[\0-\x1f\x7f]+/g, " ").slice(0, 200);
}

function plainMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
