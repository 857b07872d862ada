/** The one question that reception asks of policy, and all that policy may know to answer it. */

import type { Service } from "../service.ts";
import type { RuleAction, RuleStage } from "./rule.ts";

export type Scene = {
  readonly service: Service;
  readonly clientAddress: string;
  /** Confirmed by DNS, or told by a trusted proxy. */
  readonly clientName: string | undefined;
  readonly helo: string | undefined;
  readonly isTls: boolean;
  /** Who has authenticated. */
  readonly account: string | undefined;
  /** "" is the null sender; undefined before MAIL. */
  readonly sender?: string;
  readonly recipient?: string;
  readonly sizeOctets?: number;
  readonly header?: HeaderTexts;
};

/** Field name in lower case to the texts of its fields: those that a rule asks for. */
export type HeaderTexts = ReadonlyMap<string, readonly string[]>;

export type Decision = { readonly rule: string; readonly action: RuleAction };

export interface Policy {
  /** Whether anything could be decided there: where not, nobody need gather facts. */
  has(stage: RuleStage): boolean;
  /** A decision may depend on the client's name, so it is worth waiting for. */
  readonly needsClientName: boolean;
  /** The parts of a header section that `decide` will look at; bounded. */
  readHeader(header: Uint8Array): HeaderTexts;
  /** The first rule that fits; undefined: nothing against it. */
  decide(stage: RuleStage, scene: Scene): Decision | undefined;
}
