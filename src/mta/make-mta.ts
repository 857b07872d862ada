/** Puts the transfer agent together: the one place in `mta/` that knows all of its parts. */

import type { Clock } from "../base/clock.ts";
import type { Commands } from "../base/commands.ts";
import type { Crypto } from "../base/crypto.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { Resolver } from "../base/resolver.ts";
import type { SaslServerDeps } from "../sasl/server-deps.ts";
import type { SmtpHandler, SmtpSession } from "../smtp/handler.ts";
import type { Store } from "../store/contract.ts";
import { DeadlineAgent } from "./agents/deadline-agent.ts";
import { RoutedDelivery } from "./agents/deliver-by-route.ts";
import { HereAgent } from "./agents/here/here-agent.ts";
import { TargetAgent } from "./agents/here/target-agent.ts";
import { LocalAgent } from "./agents/local/local-agent.ts";
import { ConnectionPool } from "./agents/remote/connection-pool.ts";
import type { Connect } from "./agents/remote/open-connection.ts";
import { RemoteAgent } from "./agents/remote/remote-agent.ts";
import { TlsTickets } from "./agents/remote/tls-tickets.ts";
import { AliasFile } from "./aliases/alias-file.ts";
import { placeOf, type FileProblem } from "./aliases/file-problem.ts";
import { DirectoryAliases } from "./aliases/alias-source.ts";
import { withDefaults, type MtaConfig, type MtaSettings } from "./config.ts";
import { ReportGatherer } from "./dsn/report-gatherer.ts";
import { ReportTemplates } from "./dsn/report-templates.ts";
import { Reporter } from "./dsn/reporter.ts";
import { ForwardedSender } from "./forwarding/forwarded-sender.ts";
import { SenderRewriting } from "./forwarding/sender-rewriting.ts";
import { AddressMaps } from "./maps/address-maps.ts";
import type { Policy } from "./policy/policy.ts";
import { RuleEngine } from "./policy/rule-engine.ts";
import { DirectoryQueries } from "./reception/directory-queries.ts";
import { DiskGauge } from "./reception/disk-gauge.ts";
import { NetworkSet } from "./reception/network-set.ts";
import { PeerNames } from "./reception/peer-names.ts";
import { QueueStart } from "./reception/queue-start.ts";
import { Reception, type Service } from "./reception/reception.ts";
import type { ReceptionDeps } from "./reception/reception-deps.ts";
import { RelayPermission } from "./reception/relay-permission.ts";
import { SenderPermission } from "./reception/sender-permission.ts";
import { UploadGuard } from "./reception/upload-guard.ts";
import { SuccessReports } from "./reception/success-reports.ts";
import { AddressResolver } from "./resolution/address-resolver.ts";
import type { ListHost } from "./resolution/list-host.ts";
import { OwnHosts } from "./routing/own-hosts.ts";
import { OperatorWishes } from "./scheduler/operator-wishes.ts";
import { QueueRunner } from "./scheduler/queue-runner.ts";
import { AddressVerifier } from "./verification/address-verifier.ts";
import { probeAddress } from "./verification/probe-address.ts";
import { RecipientTracer } from "./trace-recipient.ts";

export type MtaDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly log: Log;
  readonly resolver: Resolver;
  /** Opens a TCP connection in the clear; TLS begins by `Channel.startTls`. */
  readonly connect: Connect;
  readonly config: MtaSettings;
  /** Runs what pipe transports and alias files name; without it they wait. */
  readonly commands?: Commands;
  /** `lists/` makes it; without it there are no lists. */
  readonly lists?: ListHost;
  /** The operator's rules; without it there are none. */
  readonly policy?: Policy;
  /** Log-in beyond passwords: the guard, tokens. */
  readonly sasl?: Pick<SaslServerDeps, "guard" | "verifyToken" | "mechanisms">;
};

export type Mta = {
  readonly config: MtaConfig;
  /** The handler factory for `serveSmtp`. */
  receptionFor(service: Service): (session: SmtpSession) => SmtpHandler;
  readonly runner: QueueRunner;
  readonly addresses: AddressResolver;
  readonly tracer: RecipientTracer;
  /** Alias files and address tables, to be watched for changes. */
  readonly addressFiles: readonly string[];
  /** Reads them anew (also needed once at the start); resolves with what is wrong in them. */
  loadAliases(): Promise<readonly FileProblem[]>;
};

export function makeMta(deps: MtaDeps): Mta {
  const { store, clock, random, log, resolver } = deps;
  const config = withDefaults(deps.config);
  const files = config.aliasFiles.map((file) => new AliasFile(file, config.transports));
  const maps = new AddressMaps(config.maps, {
    recipientDelimiter: config.recipientDelimiter,
    isOurDomain: (domain) =>
      domain === config.hostname || store.directory.domain(domain) !== undefined,
  });
  const senderRewriting = new SenderRewriting({
    crypto: deps.crypto,
    clock,
    secret: store.credentials.secretFor("srs"),
  });
  const addresses = new AddressResolver(
    {
      directory: store.directory,
      aliases: [new DirectoryAliases(store.directory), ...files],
      lists: deps.lists,
      maps,
      forwarded: senderRewriting,
    },
    config,
  );
  const forwarded = new ForwardedSender(
    senderRewriting,
    store.directory,
    config.rewritesForwardedSenders,
  );
  const templates = new ReportTemplates(config.reportTexts);
  const reporter = new Reporter(
    { octets: store.octets, resolver: addresses, templates, clock, random, log },
    config,
  );
  const ownHosts = new OwnHosts([config.hostname, ...config.remote.ownHosts]);
  const reception = receptionDeps(deps, config, {
    addresses,
    verifier: makeVerifier(deps, config, ownHosts),
    reporter,
    maps,
    forwarded,
  });
  return {
    config,
    receptionFor: (service) => (session) =>
      new Reception(service, session, { ...reception, log: log.child({ session: session.id }) }),
    runner: makeRunner(deps, config, { addresses, reporter, ownHosts, forwarded }),
    addresses,
    tracer: new RecipientTracer(
      { addresses, maps, forwarded, resolver, random, clock, ownHosts },
      config,
    ),
    addressFiles: [...new Set([...files.map(({ path }) => path), ...maps.paths])],
    async loadAliases() {
      const problems = await Promise.all([...files, maps, templates].map((file) => file.load()));
      for (const found of problems.flat()) {
        log.warn("mta.address-file", { where: placeOf(found), problem: found.problem });
      }
      return problems.flat();
    },
  };
}

function receptionDeps(
  deps: MtaDeps,
  config: MtaConfig,
  parts: {
    readonly addresses: AddressResolver;
    readonly reporter: Reporter;
    readonly maps: AddressMaps;
    readonly forwarded: ForwardedSender;
    readonly verifier: AddressVerifier;
  },
): ReceptionDeps {
  const { addresses, reporter, maps, forwarded, verifier } = parts;
  const { store, clock, random, crypto, log, resolver } = deps;
  return {
    store,
    clock,
    random,
    log,
    config,
    resolver: addresses,
    maps,
    forwarded,
    verifier,
    relay: new RelayPermission(config),
    senderPermission: new SenderPermission(addresses, store.directory),
    clearAuthNetworks: new NetworkSet(config.clearAuthNetworks),
    diskGauge: new DiskGauge(store, clock, log),
    peerNames: new PeerNames(resolver),
    uploadGuard: new UploadGuard(clock, config.reception.uploadsGivenUp),
    directoryQueries: new DirectoryQueries(addresses, config),
    queueStart: new QueueStart({ queue: store.queue, log }, config),
    policy: deps.policy ?? new RuleEngine(),
    successReports: new SuccessReports({ store, reporter, log }),
    sasl: {
      crypto,
      random,
      credentials: store.credentials,
      hostName: config.hostname,
      ...deps.sasl,
    },
  };
}

function makeVerifier(deps: MtaDeps, config: MtaConfig, ownHosts: OwnHosts): AddressVerifier {
  const { clock, log } = deps;
  const probing = { ...deps, ownHosts, tickets: new TlsTickets(clock) };
  return new AddressVerifier({
    ask: (address) => probeAddress(address, probing, config),
    clock,
    log,
  });
}

function makeRunner(
  deps: MtaDeps,
  config: MtaConfig,
  parts: {
    readonly addresses: AddressResolver;
    readonly reporter: Reporter;
    readonly ownHosts: OwnHosts;
    readonly forwarded: ForwardedSender;
  },
): QueueRunner {
  const { store, clock, random, log } = deps;
  const pool = new ConnectionPool(clock, config.queue);
  const tickets = new TlsTickets(clock);
  const remote = new RemoteAgent({ ...deps, ownHosts: parts.ownHosts, pool, tickets }, config);
  const local = new LocalAgent({ store, resolver: parts.addresses, clock }, config);
  const here = new HereAgent(deps, config);
  const agents = { local, remote, here };
  const targets = new TargetAgent({ resolver: parts.addresses, clock }, agents);
  const routed = new RoutedDelivery({ ...agents, targets }, config);
  const delivery = new DeadlineAgent(routed, clock);
  return new QueueRunner(
    {
      store,
      clock,
      random,
      log,
      pool,
      gatherer: new ReportGatherer({ store, reporter: parts.reporter, clock, log }),
      wishes: new OperatorWishes({ ...parts, octets: store.octets, clock, random }, config),
      agentFor: () => delivery,
      worker: config.hostname,
    },
    config,
  );
}
