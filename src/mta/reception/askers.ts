/** Who may ask: hosts of named networks, and, if it says so, whoever has logged in. */

import type { SmtpSession } from "../../smtp/handler.ts";
import { NetworkSet } from "./network-set.ts";

/** Stands among networks for everybody who has logged in. */
export const AUTHENTICATED = "authenticated";

export class Askers {
  readonly #networks: NetworkSet;
  readonly #hasAuthenticated: boolean;

  /** CIDR networks and perhaps the word `authenticated`. */
  constructor(askers: readonly string[]) {
    this.#networks = new NetworkSet(askers.filter((asker) => asker !== AUTHENTICATED));
    this.#hasAuthenticated = askers.includes(AUTHENTICATED);
  }

  has({ identity, peer }: SmtpSession): boolean {
    return (this.#hasAuthenticated && identity !== undefined) || this.#networks.has(peer.address);
  }
}
