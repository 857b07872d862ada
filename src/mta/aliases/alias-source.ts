/** Where aliases come from. The directory's and any number of aliases(5) files stand side by side. */

import { addressKey, type Address } from "../../message/addr-spec.ts";
import type { Transport } from "../transport.ts";
import type { Directory } from "../../store/directory.ts";

export type AliasTarget =
  /** An address, or a bare local part of the alias's own domain. */
  | { readonly kind: "address"; readonly text: string }
  /** `\anna`: the mailbox of that name, without looking for an alias again. */
  | { readonly kind: "mailbox"; readonly text: string }
  /** Takes the mail and drops it: `/dev/null`. */
  | { readonly kind: "discard"; readonly text: string }
  /** A file, a command or a named transport, as the operator has allowed it. */
  | { readonly kind: "target"; readonly text: string; readonly transport: Transport }
  /** Something the file says and we do not do (a command, a file), and why. */
  | { readonly kind: "refused"; readonly text: string; readonly problem: string };

export type FoundAlias = {
  readonly targets: readonly AliasTarget[];
  /** Where it says so: `directory`, `/etc/aliases:12`. */
  readonly source: string;
};

export interface AliasSource {
  /** The alias of exactly this address, its domain local and in A-labels. */
  find(address: Address): FoundAlias | undefined;
}

export class DirectoryAliases implements AliasSource {
  readonly #directory: Pick<Directory, "alias">;

  constructor(directory: Pick<Directory, "alias">) {
    this.#directory = directory;
  }

  find(address: Address): FoundAlias | undefined {
    const alias = this.#directory.alias(addressKey(address));
    if (alias === undefined) return undefined;
    return {
      targets: alias.targets.map((text) => ({ kind: "address", text })),
      source: "directory",
    };
  }
}
