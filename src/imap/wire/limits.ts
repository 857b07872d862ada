/** How much one command may cost before it is refused (Invariant 7). */
export type WireLimits = {
  /** One line, without its literals. */
  readonly lineOctets: number;
  /** One literal that is not a message. */
  readonly literalOctets: number;
  /** All literals of one command together with its lines. */
  readonly commandOctets: number;
  readonly literals: number;
  /** Nested parentheses. */
  readonly depth: number;
  /** A literal sent without asking (RFC 7888) that is over a limit is read and dropped up to this size; beyond it the connection ends. */
  readonly drainOctets: number;
};

/** Before login a peer is nobody: room for a name and a password. */
export const PREAUTH_LIMITS: WireLimits = {
  lineOctets: 12_288, // RFC 4954 §4: what SASL responses may need
  literalOctets: 4_096,
  commandOctets: 24_576,
  literals: 4,
  depth: 4,
  drainOctets: 65_536,
};

/** LITERAL- (RFC 7888 §5): what may be sent without asking. */
export const LITERAL_MINUS_OCTETS = 4_096;

export const SESSION_LIMITS: WireLimits = {
  lineOctets: 262_144,
  literalOctets: 262_144,
  commandOctets: 1_048_576,
  literals: 1_000,
  depth: 32,
  drainOctets: 67_108_864,
};
