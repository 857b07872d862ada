/** The settings as the program sees them: checked and converted. Times are milliseconds, sizes octets, names A-labels. */

import type { RuleAction, RuleStage } from "../../mta/policy/rule.ts";
import type { Service } from "../../mta/service.ts";
import type { Transport } from "../../mta/transport.ts";
import type { HopPlace, HostPort } from "./kinds.ts";

export type Settings = {
  readonly hostname: string;
  readonly dataFolder: string;
  readonly listen: ListenSettings;
  readonly tls: TlsSettings;
  readonly log: LogSettings;
  readonly store: StoreSettings;
  readonly limits: LimitSettings;
  readonly proxy: ProxySettings;
  readonly smtp: SmtpSettings;
  readonly imap: ImapSettings;
  readonly pop3: Pop3Settings;
  readonly login: LoginSettings;
  readonly relay: RelaySettings;
  readonly rules: readonly RuleSettings[];
  readonly addresses: AddressSettings;
  readonly aliasFiles: readonly AliasFileSettings[];
  readonly maps: MapSettings;
  readonly forwarding: ForwardingSettings;
  readonly smarthost: SmarthostSettings;
  readonly transports: readonly TransportSettings[];
  readonly routes: readonly RouteSettings[];
  readonly queue: QueueSettings;
  readonly reports: ReportSettings;
  readonly destinations: readonly DestinationSettings[];
  readonly remote: RemoteSettings;
  readonly dns: DnsSettings;
};

export type ListenSettings = {
  readonly [
    S in "smtp" | "submission" | "submissions" | "lmtp" | "imap" | "imaps" | "pop3" | "pop3s"
  ]: readonly HostPort[];
} & { readonly metrics: readonly HostPort[] };

export type TlsSettings = {
  readonly certificates: readonly { readonly certificate: string; readonly key: string }[];
  readonly clientAnchors: readonly string[];
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
};

export type LogSettings = {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "auto" | "json" | "text";
};

export type StoreSettings = {
  /** 0: never. */
  readonly packAfter: number;
  readonly minFreeSpace: number;
};

export type LimitSettings = {
  readonly connections: number;
  readonly connectionsPerClient: number;
  readonly messageSize: number;
  readonly recipientsPerMessage: number;
  readonly drainTime: number;
};

export type ProxySettings = {
  readonly from: readonly string[];
};

export type SmtpSettings = {
  readonly xclientFrom: readonly string[];
  readonly xforwardFrom: readonly string[];
  readonly greetDelay: number;
  readonly strayLineEnds: "reject" | "normalize";
  readonly errors: number;
  readonly junkCommands: number;
  readonly commandTime: number;
  /** Octets in a second. */
  readonly minDataRate: number;
  readonly longestHold: number;
  readonly shortestDeliverBy: number;
  readonly messagesPerSession: number;
  readonly uploadsGivenUp: number;
  readonly vrfy: "cautious" | "confirm" | "refuse";
  readonly expn: "refuse" | "aliases" | "all";
  readonly verifyFrom: readonly string[];
  readonly etrnFrom: readonly string[];
};

export type Pop3Settings = {
  readonly keepDays: number;
  readonly keepIn: string;
  readonly keepFor: readonly { readonly account: string; readonly days: number }[];
};

export type ImapSettings = {
  readonly literals: "plus" | "minus";
  readonly uidOnly: boolean;
  readonly gmail: boolean;
  readonly hideCapabilities: readonly {
    readonly capabilities: readonly string[];
    readonly account: string;
    readonly client: string;
  }[];
};

export type LoginSettings = {
  readonly allowPlaintextAuth: "loopback" | "never" | "always";
  readonly oauth: OauthSettings;
};

export type OauthSettings = {
  readonly introspectionUrl: string | undefined;
  /** An address, or the path of a file. */
  readonly keySet: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly clockLeeway: number;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  readonly scope: string | undefined;
  readonly nameMember: string;
};

export type RelaySettings = {
  readonly networks: readonly string[];
  readonly domains: readonly string[];
  readonly verify: "no" | "callout";
  readonly verifySenders: "no" | "callout";
};

/** As written; `read-rules.ts` makes rules of them. */
export type RuleSettings = {
  readonly name: string | undefined;
  readonly stage: RuleStage;
  readonly service: readonly Service[];
  readonly client: readonly string[];
  readonly clientName: readonly string[];
  readonly helo: readonly string[];
  readonly sender: readonly string[];
  readonly recipient: readonly string[];
  readonly account: readonly string[];
  readonly authenticated: boolean | undefined;
  readonly tls: boolean | undefined;
  readonly largerThan: number | undefined;
  readonly header: readonly string[];
  readonly action: RuleAction["type"];
  readonly code: number | undefined;
  readonly status: string | undefined;
  readonly text: string | undefined;
  readonly field: string | undefined;
};

export type AddressSettings = {
  readonly recipientDelimiter: string;
  readonly postmaster: string | undefined;
};

export type AliasFileSettings = {
  readonly path: string;
  readonly domains: readonly string[];
  readonly includeFolders: readonly string[];
  readonly fileFolders: readonly string[];
  readonly commands: readonly string[];
  readonly user: string | undefined;
};

export type MapSettings = {
  readonly canonical: readonly string[];
  readonly senderCanonical: readonly string[];
  readonly recipientCanonical: readonly string[];
  readonly virtual: readonly string[];
  readonly relocated: readonly string[];
  readonly masqueradeDomains: readonly string[];
  readonly masqueradeExceptions: readonly string[];
};

export type ForwardingSettings = { readonly srs: boolean };

export type SmarthostSettings = {
  readonly host: string | undefined;
  readonly port: number;
  readonly tls: TlsLevel;
  readonly implicitTls: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
};

export type RouteSettings = {
  readonly domain: string | undefined;
  readonly recipient: string | undefined;
  readonly sender: string | undefined;
  readonly account: string | undefined;
  readonly transport: string | undefined;
  readonly host: string | undefined;
  readonly port: number;
  readonly tls: TlsLevel;
  readonly implicitTls: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
};

/** As written; `read-routes.ts` makes transports of them. */
export type TransportSettings = {
  readonly name: string;
  readonly kind: Exclude<Transport["kind"], "local" | "smtp">;
  readonly hosts: readonly HopPlace[];
  readonly tls: TlsLevel;
  readonly implicitTls: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly path: string | undefined;
  readonly detailFolder: boolean;
  readonly command: readonly string[];
  readonly timeout: number;
  readonly memory: number;
  readonly runAs: string | undefined;
  readonly code: number;
  readonly status: string | undefined;
  readonly text: string | undefined;
};

export type TlsLevel = "never" | "may" | "require" | "verify";

export type QueueSettings = {
  readonly firstRetry: number;
  readonly longestRetry: number;
  readonly retryGrowth: number;
  readonly expireAfter: number;
  readonly delayNoticeAfter: number;
  readonly concurrency: number;
  readonly concurrencyPerDestination: number;
};

export type DestinationSettings = {
  readonly domain: string;
  readonly concurrency: number | undefined;
  readonly messagesPerMinute: number | undefined;
};

export type ReportSettings = {
  readonly gather: number;
  readonly returned: number;
  readonly templates: string | undefined;
  readonly language: string | undefined;
};

export type RemoteSettings = {
  readonly port: number;
  readonly tls: TlsLevel;
  readonly connectTimeout: number;
  readonly families: readonly ("ipv4" | "ipv6")[];
  readonly ownHosts: readonly string[];
  readonly fallbackRelay: readonly HopPlace[];
};

export type DnsSettings = {
  readonly servers: readonly HostPort[];
  readonly timeout: number;
  readonly attempts: number;
};
