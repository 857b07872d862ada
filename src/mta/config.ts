/**
 * What an operator may decide about the transfer of mail. `app/` fills it from posthorn.toml;
 * `withDefaults` fills the rest. Values are checked where the file is read, so here they are
 * taken as valid: networks are CIDR, names are lower-case A-labels.
 */

import type { NextHop, TlsLevel } from "./next-hop.ts";
import type { RouteRule } from "./routing/route-rule.ts";
import type { NamedTransport } from "./transport.ts";

export type { NextHop, TlsLevel } from "./next-hop.ts";

/** A sendmail aliases(5) file. */
export type AliasFileConfig = {
  readonly path: string;
  /** The local domains whose local parts it maps; default: all of them. */
  readonly domains?: readonly string[];
  /** Read `:include:` files; each must be an absolute path below one of these folders. Default: refused. */
  readonly includeFolders?: readonly string[];
  /** Targets such as `/var/mail/archive` may be written below these folders. Default: none. */
  readonly fileFolders?: readonly string[];
  /** Programs that `|command` targets may run, by their absolute paths. Default: none. */
  readonly commands?: readonly string[];
  /** Who runs the commands and owns the files when we are root: a name, or `uid:gid`. */
  readonly user?: string;
};

/** Paths of address tables (`maps/`), and whose host names are hidden. */
export type MapConfig = {
  readonly canonical: readonly string[];
  readonly senderCanonical: readonly string[];
  readonly recipientCanonical: readonly string[];
  readonly virtual: readonly string[];
  readonly relocated: readonly string[];
  /** `example.org` hides the names of hosts below it. */
  readonly masqueradeDomains: readonly string[];
  /** Local parts that are left as they are, lower case. */
  readonly masqueradeExceptions: readonly string[];
};

/** The site's own texts for reports (`dsn/report-templates.ts`). */
export type TemplateConfig = {
  /** Undefined: none. */
  readonly folder: string | undefined;
  /** The sub-folder for readers whose domain has none of its own: `de`. */
  readonly language: string | undefined;
};

export const NO_MAPS: MapConfig = {
  canonical: [],
  senderCanonical: [],
  recipientCanonical: [],
  virtual: [],
  relocated: [],
  masqueradeDomains: [],
  masqueradeExceptions: [],
};

export type RetryConfig = {
  /** Wait after the first failed attempt; each further one waits `growth` times longer. */
  readonly firstMs: number;
  readonly growth: number;
  readonly maxMs: number;
  /** A wait varies at random by this part up or down, so that a backlog spreads out. */
  readonly jitter: number;
  /** A recipient not reached after this long fails with 4.4.7 and its sender hears of it. */
  readonly expireAfterMs: number;
  /** The same for mail with a null reverse-path: reports nobody waits for. */
  readonly expireReportsAfterMs: number;
  /** When a sender hears that the mail is late; 0 for never. */
  readonly delayNoticeAfterMs: number;
  /** Recipients of a message that fail within this time share a report. */
  readonly gatherReportsMs: number;
};

export type DestinationLimit = {
  /** `example.org`, or `.example.org` for all its subdomains, or `*`. The most exact one counts. */
  readonly domain: string;
  readonly concurrency?: number;
  readonly messagesPerMinute?: number;
};

export type QueueLimits = {
  /** Deliveries under way at once, over all destinations. */
  readonly concurrency: number;
  /** To one destination; destinations with the same exchangers count as one. */
  readonly concurrencyPerDestination: number;
  /** Of these, to one of which nothing is known; it grows with each that succeeds. */
  readonly firstConcurrency: number;
  /** For some destinations, other limits. */
  readonly limits: readonly DestinationLimit[];
  /** Recipients in one SMTP transaction (RFC 5321 §4.5.3.1.8 promises 100). */
  readonly recipientsPerTransaction: number;
  /** Transactions over one connection. */
  readonly transactionsPerConnection: number;
  /** How long a connection without work is kept. */
  readonly idleConnectionMs: number;
  /** Idle connections kept, over all destinations. */
  readonly idleConnections: number;
  /** A worker that died with a job in hand loses it after this long. */
  readonly leaseMs: number;
};

export type RemoteConfig = {
  readonly port: number;
  readonly connectTimeoutMs: number;
  readonly tls: TlsLevel;
  /** Addresses tried for one delivery, and of these how many that answer (security row 51). */
  readonly maxAddresses: number;
  readonly maxSessions: number;
  /** Time for all DNS look-ups of one delivery. */
  readonly dnsBudgetMs: number;
  /** Addresses to use, where a host has both. */
  readonly families: readonly ("ipv4" | "ipv6")[];
  /** Our own addresses and names as the world sees them, beside `hostname`: an MX with one of these is ourselves (RFC 5321 §5.1). */
  readonly ownHosts: readonly string[];
  /** Tried when no exchanger could be reached, or DNS gave no answer. */
  readonly fallbackRelay: readonly NextHop[];
};

export type ReceptionLimits = {
  readonly messageOctets: number;
  readonly recipientsPerMessage: number;
  /** More Received fields than this are a loop. RFC 5321 §6.3 asks for at least 100; real list mail carries over 90. */
  readonly receivedFields: number;
  /** A submitted message's header section may be this long; on a relayed one, this much is looked at. */
  readonly headerOctets: number;
  /** Messages that a strange client may begin and not finish, before it is turned away for a while; 0 for any number. */
  readonly uploadsGivenUp: number;
};

/** What a session may ask beside handing over mail. */
export type QueryConfig = {
  /** VRFY, for those in `verifyFrom`; everybody else hears 252. */
  readonly vrfy: "cautious" | "confirm";
  /** EXPN, for those in `verifyFrom`: aliases, or the members of lists too. */
  readonly expn: "refuse" | "aliases" | "all";
  /** CIDR networks, and `authenticated` for whoever has logged in. */
  readonly verifyFrom: readonly string[];
  /** Who may start the queue of a relay domain by ETRN; the same. */
  readonly etrnFrom: readonly string[];
};

export type MtaConfig = {
  /** Our name in EHLO, Received, Message-ID and reports. */
  readonly hostname: string;
  /**
   * CIDR networks whose hosts may relay without authentication. Default none, not even loopback: behind
   * a port forwarder every stranger comes from there.
   */
  readonly relayNetworks: readonly string[];
  /** Domains we relay for whoever sends (a backup exchanger): forwarded to their better exchangers or by `routes`. */
  readonly relayDomains: readonly string[];
  /** Ask the server of a relay domain, and of a stranger's address, whether there is such an address. */
  readonly callout: { readonly recipients: boolean; readonly senders: boolean };
  /** Where postmaster@ and abuse@ lead where nothing else takes them. Default: the oldest account. */
  readonly postmaster?: string;
  /** Local parts that a local domain always answers to, leading to `postmaster`. */
  readonly roleLocalParts: readonly string[];
  /** Separates the user from a detail: `anna+shop@example.org`. "" for none. */
  readonly recipientDelimiter: string;
  readonly aliasFiles: readonly AliasFileConfig[];
  readonly maps: MapConfig;
  /** Mail that an alias forwards from one foreign domain to another gets a reverse-path of ours (SRS). */
  readonly rewritesForwardedSenders: boolean;
  readonly smarthost?: NextHop;
  /** Instead of where MX records say; the most exact rule wins (`routing/route-rule.ts`). */
  readonly routes: readonly RouteRule[];
  /** Named ways, for alias files; those of `routes` stand there themselves. */
  readonly transports: readonly NamedTransport[];
  /** AUTH is offered on the relay service (port 25) too, not only for submission. */
  readonly authOnRelay: boolean;
  /** AUTH without TLS from these CIDR networks (a webmail on the same host). Default: from nowhere. */
  readonly clearAuthNetworks: readonly string[];
  /** Alias and list expansion: levels, and addresses for one recipient (security row 43). */
  readonly expansionDepth: number;
  readonly expansionBreadth: number;
  readonly reception: ReceptionLimits;
  readonly queries: QueryConfig;
  readonly retry: RetryConfig;
  readonly queue: QueueLimits;
  readonly remote: RemoteConfig;
  /** Octets of an undelivered message that go back with the report; above it, its header section only. */
  readonly returnedOctets: number;
  /** A folder with the site's own texts for reports, and in which language. */
  readonly reportTexts: TemplateConfig;
};

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const DEFAULT_RETRY: RetryConfig = {
  firstMs: 5 * MINUTE_MS,
  growth: 1.6,
  maxMs: 4000_000,
  jitter: 0.15,
  expireAfterMs: 5 * DAY_MS,
  expireReportsAfterMs: 5 * DAY_MS,
  delayNoticeAfterMs: 4 * HOUR_MS,
  gatherReportsMs: 30_000,
};

export const DEFAULT_QUEUE_LIMITS: QueueLimits = {
  concurrency: 100,
  concurrencyPerDestination: 20,
  firstConcurrency: 5,
  limits: [],
  recipientsPerTransaction: 100,
  transactionsPerConnection: 100,
  idleConnectionMs: 5_000,
  idleConnections: 100,
  leaseMs: HOUR_MS,
};

export const DEFAULT_REMOTE: RemoteConfig = {
  port: 25,
  connectTimeoutMs: 30_000,
  tls: "may",
  maxAddresses: 5,
  maxSessions: 2,
  dnsBudgetMs: 20_000,
  families: ["ipv6", "ipv4"],
  ownHosts: [],
  fallbackRelay: [],
};

export const DEFAULT_RECEPTION_LIMITS: ReceptionLimits = {
  messageOctets: 50 * 1024 * 1024,
  recipientsPerMessage: 1000,
  receivedFields: 100,
  uploadsGivenUp: 20,
  headerOctets: 1024 * 1024,
};

export const DEFAULT_QUERIES: QueryConfig = {
  vrfy: "cautious",
  expn: "refuse",
  verifyFrom: [],
  etrnFrom: [],
};

/** The settings with a default may be left out, also one by one inside a group. */
export type MtaSettings = Pick<MtaConfig, "hostname"> &
  Partial<Omit<MtaConfig, "hostname" | "reception" | "queries" | "retry" | "queue" | "remote">> & {
    readonly reception?: Partial<ReceptionLimits>;
    readonly queries?: Partial<QueryConfig>;
    readonly retry?: Partial<RetryConfig>;
    readonly queue?: Partial<QueueLimits>;
    readonly remote?: Partial<RemoteConfig>;
  };

export function withDefaults(settings: MtaSettings): MtaConfig {
  return {
    relayNetworks: [],
    relayDomains: [],
    callout: { recipients: false, senders: false },
    roleLocalParts: ["postmaster", "abuse"],
    recipientDelimiter: "+",
    aliasFiles: [],
    maps: NO_MAPS,
    rewritesForwardedSenders: true,
    routes: [],
    transports: [],
    authOnRelay: false,
    clearAuthNetworks: [],
    expansionDepth: 32,
    expansionBreadth: 10_000,
    returnedOctets: 50_000,
    reportTexts: { folder: undefined, language: undefined },
    ...settings,
    reception: { ...DEFAULT_RECEPTION_LIMITS, ...settings.reception },
    queries: { ...DEFAULT_QUERIES, ...settings.queries },
    retry: { ...DEFAULT_RETRY, ...settings.retry },
    queue: { ...DEFAULT_QUEUE_LIMITS, ...settings.queue },
    remote: { ...DEFAULT_REMOTE, ...settings.remote },
  };
}
