/** The extensions a server of ours can offer, and those it offers unless told otherwise. */

export type Extension =
  | "PIPELINING" // RFC 2920
  | "SIZE" // RFC 1870
  | "8BITMIME" // RFC 6152
  | "SMTPUTF8" // RFC 6531
  | "CHUNKING" // RFC 3030
  | "BINARYMIME" // RFC 3030
  | "DSN" // RFC 3461
  | "ENHANCEDSTATUSCODES" // RFC 2034
  | "STARTTLS" // RFC 3207
  | "AUTH" // RFC 4954
  | "REQUIRETLS" // RFC 8689
  | "MT-PRIORITY" // RFC 6710
  | "DELIVERBY" // RFC 2852
  | "FUTURERELEASE" // RFC 4865
  | "LIMITS" // RFC 9422
  | "ETRN" // RFC 1985
  | "VRFY" // RFC 5321 §3.5
  | "EXPN" // likewise
  | "HELP"
  | "XCLIENT" // Postfix's, for named peers only
  | "XFORWARD"; // likewise

/** Extensions that promise nothing beyond the engine and a sink that keeps octets as they come. */
export const DEFAULT_EXTENSIONS: readonly Extension[] = [
  "PIPELINING",
  "SIZE",
  "8BITMIME",
  "SMTPUTF8",
  "CHUNKING",
  "DSN",
  "ENHANCEDSTATUSCODES",
  "LIMITS",
];
