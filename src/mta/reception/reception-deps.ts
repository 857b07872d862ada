/** What the sessions of a process share: `make-mta.ts` puts it together once. */

import type { Random } from "../../base/random.ts";
import type { SaslServerDeps } from "../../sasl/server-deps.ts";
import type { Store } from "../../store/contract.ts";
import type { MtaConfig } from "../config.ts";
import type { AddressMaps } from "../maps/address-maps.ts";
import type { Policy } from "../policy/policy.ts";
import type { AddressResolver } from "../resolution/address-resolver.ts";
import type { AddressVerifier } from "../verification/address-verifier.ts";
import type { AcceptDeps } from "./accept-message.ts";
import type { DirectoryQueries } from "./directory-queries.ts";
import type { DiskGauge } from "./disk-gauge.ts";
import type { NetworkSet } from "./network-set.ts";
import type { PeerNames } from "./peer-names.ts";
import type { QueueStart } from "./queue-start.ts";
import type { RelayPermission } from "./relay-permission.ts";
import type { SenderPermission } from "./sender-permission.ts";
import type { UploadGuard } from "./upload-guard.ts";

export type ReceptionDeps = Omit<AcceptDeps, "store"> & {
  readonly store: Store;
  readonly random: Random;
  readonly config: MtaConfig;
  readonly resolver: AddressResolver;
  readonly maps: Pick<AddressMaps, "sender" | "headerRecipient">;
  readonly relay: RelayPermission;
  readonly senderPermission: SenderPermission;
  readonly clearAuthNetworks: NetworkSet;
  readonly diskGauge: DiskGauge;
  readonly peerNames: PeerNames;
  readonly uploadGuard: UploadGuard;
  readonly verifier: AddressVerifier;
  readonly directoryQueries: DirectoryQueries;
  readonly queueStart: QueueStart;
  /** What the operator's rules say. */
  readonly policy: Policy;
  /** Without what belongs to one connection. */
  readonly sasl: Omit<SaslServerDeps, "channelBinding" | "peerAddress" | "externalIdentity">;
};
