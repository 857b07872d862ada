/**
 * A Channel is one connection seen by a protocol engine: octets in order, both ways, perhaps
 * under TLS. `net/` makes them of sockets, `testing/memory-channel.ts` of nothing at all.
 */

export type Endpoint = { readonly address: string; readonly port: number };

export type TlsSession = {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** `TLS_AES_256_GCM_SHA384` */
  readonly cipher: string;
  readonly cipherBits: number | undefined;
  /** The name asked for by SNI, lower case. */
  readonly serverName: string | undefined;
  /** The peer showed a certificate that we could verify against our trust anchors (and, as client, the name). */
  readonly peerVerified: boolean;
  /** Common name or first DNS name of the peer's certificate, if it showed one. */
  readonly peerName: string | undefined;
  /** The first mail address in the peer's certificate (rfc822Name), if it has one. */
  readonly peerMailAddress?: string;
  /** Why the peer's certificate could not be verified, if it showed one that could not. */
  readonly peerProblem: string | undefined;
  /** An earlier session was taken up again: the certificates are those of that one. */
  readonly isResumed?: boolean;
  /** Channel binding data for SCRAM-PLUS (`tls-exporter`, RFC 9266), where the protocol has it. */
  readonly channelBinding: Uint8Array | undefined;
};

/** A session that can be taken up again, with what was found about the peer's certificate when it began. */
export type ResumableTls = {
  readonly octets: Uint8Array;
  readonly peer: Pick<TlsSession, "peerVerified" | "peerName" | "peerMailAddress" | "peerProblem">;
};

/** What a client wants of TLS. A server's side is configured where the listener is made. */
export type TlsWish = {
  /** Sent as SNI and, with `verify`, matched with the certificate. */
  readonly serverName: string;
  /** true: an unverifiable certificate fails the handshake. false: opportunistic, any certificate will do (RFC 7435). */
  readonly verify: boolean;
  /** Of the same host, name and policy: whoever gives it answers for that. */
  readonly resume?: ResumableTls;
  /** Called for each session that the server lets us take up later. Never when the handshake failed. */
  readonly onResumable?: (session: ResumableTls) => void;
};

export interface Channel {
  readonly local: Endpoint;
  readonly peer: Endpoint;
  /** Undefined while the connection is in the clear. */
  readonly tls: TlsSession | undefined;
  /** Octets that have arrived and were not read yet: input nobody has asked for. */
  readonly pendingOctets: number;

  /**
   * The next octets, at least one; undefined once the peer has sent its last.
   * The array is the reader's to keep: it is not reused.
   * Rejects with MailError `channel-timeout` after `timeoutMs` of silence, `channel-closed` on a reset.
   * One read at a time.
   */
  read(timeoutMs: number): Promise<Uint8Array | undefined>;

  /**
   * Queues `octets` and resolves when the buffer has room again, so that awaiting it is back-pressure
   * (Invariant 7). The array must not be changed afterwards. Rejects with `channel-closed`, or with
   * `channel-timeout` when the peer takes nothing for the channel's write limit.
   */
  write(octets: Uint8Array): Promise<void>;

  /**
   * Begins TLS on a clear connection. Unread input is dropped first: it came before the handshake,
   * so nobody vouches for it (CVE-2011-0411). Rejects with `tls-failed`; the channel is then closed.
   */
  startTls(wish?: TlsWish): Promise<TlsSession>;

  /** Sends what is queued, then closes. Never rejects; safe to call twice. */
  close(): Promise<void>;
  /** Drops the connection at once. */
  abort(): void;
}
