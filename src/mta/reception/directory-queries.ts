/**
 * VRFY and EXPN (RFC 5321 §3.5): what there is at an address, for those who may ask. Everybody else
 * gets the engine's answers, which tell nothing. An address that is not there and one that is not to
 * be shown get the same answer (security row 39).
 */

import { formatAddress, parseAddress, type Address } from "../../message/addr-spec.ts";
import type { SmtpSession } from "../../smtp/handler.ts";
import { reply, type Reply } from "../../smtp/reply.ts";
import * as replies from "../../smtp/replies.ts";
import type { MtaConfig } from "../config.ts";
import type { AddressResolver } from "../resolution/address-resolver.ts";
import { readTarget } from "../resolution/target-names.ts";
import { refusalOf, type StepKind } from "../resolution/resolution.ts";
import { Askers } from "./askers.ts";

/** More would be no answer for a person, and too long for a program. */
const MAX_MEMBERS = 1000;

const NOTHING_TO_EXPAND: Reply = reply(550, "5.1.1", "There is nothing of that name to expand");
const TOO_MANY: Reply = reply(252, "2.0.0", "Too many to name");

type Answer = (argument: string) => Promise<Reply>;

export class DirectoryQueries {
  readonly #resolver: AddressResolver;
  readonly #config: MtaConfig["queries"];
  readonly #askers: Askers;

  constructor(resolver: AddressResolver, config: Pick<MtaConfig, "queries">) {
    this.#resolver = resolver;
    this.#config = config.queries;
    this.#askers = new Askers(config.queries.verifyFrom);
  }

  /** How VRFY is answered in this session; undefined: as for anybody. */
  vrfyFor(session: SmtpSession): Answer | undefined {
    const isOpen = this.#config.vrfy === "confirm" && this.#askers.has(session);
    return isOpen ? async (argument) => this.#verify(argument) : undefined;
  }

  expnFor(session: SmtpSession): Answer | undefined {
    const isOpen = this.#config.expn !== "refuse" && this.#askers.has(session);
    return isOpen ? async (argument) => this.#expand(argument) : undefined;
  }

  #verify(argument: string): Reply {
    const address = this.#ownAddress(argument);
    // RFC 5321 §3.5.3: what is not ours we cannot tell, but would try.
    if (address === undefined) return replies.CANNOT_VRFY;
    const refusal = refusalOf(this.#resolver.resolve(address));
    if (refusal === undefined) return reply(250, "2.1.5", `<${formatAddress(address)}>`);
    if (refusal.code < 500) return replies.CANNOT_VRFY;
    return reply(550, "5.1.1", "There is no such address here");
  }

  #expand(argument: string): Reply {
    const address = this.#ownAddress(argument);
    if (address === undefined) return NOTHING_TO_EXPAND;
    const [first] = this.#resolver.resolve(address).steps;
    if (first === undefined || !this.#isShown(first.kind)) return NOTHING_TO_EXPAND;
    const members = first.leadsTo.flatMap((text) => {
      // A file or a program is nobody's mailbox, and nobody's business.
      const member = /^[/~|:]/.test(text) ? undefined : readTarget(text, address);
      return member === undefined ? [] : [`<${formatAddress(member)}>`];
    });
    if (members.length > MAX_MEMBERS) return TOO_MANY;
    const [one, ...others] = members;
    return one === undefined ? NOTHING_TO_EXPAND : reply(250, "2.1.5", one, ...others);
  }

  #isShown(kind: StepKind): boolean {
    if (kind === "list") return this.#config.expn === "all";
    return kind === "alias" || kind === "virtual";
  }

  /** `anna@example.org`, with or without brackets, if its domain is ours. */
  #ownAddress(argument: string): Address | undefined {
    const parsed = parseAddress(argument.replace(/^<(.*)>$/, "$1"));
    return parsed.ok && this.#resolver.isOurs(parsed.value) ? parsed.value : undefined;
  }
}
