/** Whose name stands in the reverse-path of a copy that an alias of ours forwards to another host. */

import { formatAddress, parseAddress } from "../../message/addr-spec.ts";
import type { Directory } from "../../store/directory.ts";
import { asciiDomain } from "../resolution/ascii-domain.ts";
import type { SenderRewriting } from "./sender-rewriting.ts";

export class ForwardedSender {
  readonly #rewriting: Pick<SenderRewriting, "forward">;
  readonly #directory: Pick<Directory, "domain">;
  readonly #isOn: boolean;

  constructor(
    rewriting: Pick<SenderRewriting, "forward">,
    directory: Pick<Directory, "domain">,
    isOn: boolean,
  ) {
    this.#rewriting = rewriting;
    this.#directory = directory;
    this.#isOn = isOn;
  }

  /** The sender's own, unless both it is foreign and the alias has a domain of ours to answer for it. */
  of(sender: string, alias: string): string {
    if (!this.#isOn || sender === "") return sender;
    const from = parseAddress(sender);
    const by = parseAddress(alias);
    if (!from.ok || !by.ok || this.#isOurs(from.value.domain)) return sender;
    if (!this.#isOurs(by.value.domain)) return sender;
    const rewritten = this.#rewriting.forward(from.value, asciiDomain(by.value.domain));
    return rewritten === undefined ? sender : formatAddress(rewritten);
  }

  #isOurs(domain: string): boolean {
    return this.#directory.domain(asciiDomain(domain)) !== undefined;
  }
}
