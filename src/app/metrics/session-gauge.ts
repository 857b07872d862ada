/** How many sessions of each service are open just now. */

import type { SessionRunner } from "../session-runner.ts";
import type { Sample } from "./registry.ts";

export class SessionGauge {
  readonly #open = new Map<string, number>();

  /** The same runner, counted while it runs. */
  counted(service: string, run: SessionRunner): SessionRunner {
    this.#open.set(service, this.#open.get(service) ?? 0);
    const over = (): void => this.#add(service, -1);
    return (channel) => {
      this.#add(service, 1);
      return run(channel).finally(over);
    };
  }

  samples(): Sample[] {
    return [...this.#open].map(([service, count]) => [{ service }, count]);
  }

  #add(service: string, by: number): void {
    this.#open.set(service, (this.#open.get(service) ?? 0) + by);
  }
}
