/**
 * Which destinations lead to the same exchangers: these are one site, with one window, one rest and
 * one rate. Learned from deliveries; only a hint, in memory, bounded, forgotten with a restart.
 */

const MAX_NAMES = 50_000;

export class SiteNames {
  readonly #sites: Map<string, string> = new Map();

  /** The site of a destination; the destination itself as long as nothing is known. */
  siteOf(destination: string): string {
    return this.#sites.get(destination) ?? destination;
  }

  learn(destination: string, site: string): void {
    if (this.#sites.get(destination) === site) return;
    this.#sites.delete(destination);
    this.#sites.set(destination, site);
    if (this.#sites.size <= MAX_NAMES) return;
    const [oldest] = this.#sites.keys();
    this.#sites.delete(oldest);
  }
}
