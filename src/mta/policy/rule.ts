/**
 * An operator's rule as data: at which stage of a session it is asked, what must hold, and what then
 * happens. `app/` checks what posthorn.toml says and makes these; `rule-engine.ts` asks them.
 */

import type { Reply } from "../../smtp/reply.ts";
import type { Service } from "../service.ts";

export const RULE_STAGES = ["connect", "helo", "sender", "recipient", "data"] as const;

export type RuleStage = (typeof RULE_STAGES)[number];

/** All that are given must hold; of a list, one. */
export type RuleConditions = {
  readonly services?: readonly Service[];
  /** CIDR */
  readonly networks?: readonly string[];
  /** Globs; `unknown` for a client whose name DNS does not confirm. */
  readonly clientNames?: readonly string[];
  readonly helos?: readonly string[];
  /** Address patterns: see `glob.ts`. */
  readonly senders?: readonly string[];
  readonly recipients?: readonly string[];
  readonly accounts?: readonly string[];
  readonly isAuthenticated?: boolean;
  readonly isTls?: boolean;
  /** At `data` the true size, before that the one the client has announced. */
  readonly largerThanOctets?: number;
  /** A field of this name (lower case) whose text matches the glob. */
  readonly headers?: readonly { readonly key: string; readonly pattern: string }[];
};

export type RuleAction =
  /** Ends the stage's rules. Never opens the relay, nor makes an address exist. */
  | { readonly type: "allow" }
  | { readonly type: "refuse"; readonly reply: Reply }
  | { readonly type: "defer"; readonly reply: Reply }
  /** The message is taken, and waits in the queue for the operator. */
  | { readonly type: "hold"; readonly reason: string }
  /** Taken and dropped: at `recipient` this recipient's copies, else the whole message. */
  | { readonly type: "discard" }
  /** `Name: value`, ASCII, without line end: put before the message. */
  | { readonly type: "tag"; readonly field: string };

export type Rule = {
  readonly name: string;
  readonly stage: RuleStage;
  readonly when: RuleConditions;
  readonly action: RuleAction;
};
