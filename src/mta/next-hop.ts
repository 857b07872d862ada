/** A server that configuration names, and how far the way to it is protected. */

/** A fixed next hop (`smarthost`, `routes`): no MX look-up. */
export type NextHop = {
  /** A host name, whose addresses are looked up, or an address literal: `[192.0.2.1]`, `[IPv6:2001:db8::1]`. LMTP: also the path of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly tls: TlsLevel;
  /** Begin TLS at once, without STARTTLS (port 465). */
  readonly implicitTls?: boolean;
  /** Log in with these. A bare password never goes over a connection in the clear, whatever `tls` says. */
  readonly credentials?: { readonly name: string; readonly password: string };
};

/**
 * `never`: in the clear. `may`: STARTTLS when offered, any certificate, back to the clear if the
 * handshake fails (RFC 7435). `require`: TLS or nothing, any certificate. `verify`: TLS with a
 * certificate for the host's name.
 */
export type TlsLevel = "never" | "may" | "require" | "verify";
