/**
 * Turns an exchange, written as a generator from top to bottom, into the step machine of
 * `mechanism.ts`: each `yield` is a challenge, its value the client's answer, the return value the
 * outcome. An abandoned exchange (abort, disconnect) leaves nothing behind: it holds no resource and
 * shares nothing with another login (security row 36).
 */

import { NO_OCTETS } from "../base/bytes.ts";
import { isMailError } from "../base/errors.ts";
import type { ServerMechanism, ServerStep } from "./mechanism.ts";

export type Outcome = Exclude<ServerStep, { readonly type: "challenge" }>;

/** `initial` is undefined when the client sent no initial response; empty when it sent an empty one. */
export type ServerExchange = (
  initial: Uint8Array | undefined,
) => AsyncGenerator<Uint8Array, Outcome, Uint8Array>;

/** More than any mechanism needs; protocols have their own, lower, line limits. */
export const MAX_RESPONSE_OCTETS = 65_536;

export function malformed(text: string): Outcome {
  return { type: "failure", reason: "malformed", text };
}

export function refused(text?: string): Outcome {
  return { type: "failure", reason: "refused", text };
}

export function mechanismFromExchange(
  name: string,
  exchange: ServerExchange,
  options: { readonly successData?: boolean } = {},
): ServerMechanism {
  const run = options.successData ? exchange : withoutSuccessData(exchange);
  let running: AsyncGenerator<Uint8Array, Outcome, Uint8Array> | undefined;
  let isOver = false;

  async function proceed(response: Uint8Array | undefined): Promise<ServerStep> {
    if (running === undefined) {
      running = run(response);
      return settle(await running.next());
    }
    if (response === undefined) return malformed("an answer to the challenge is missing");
    return settle(await running.next(response));
  }

  return {
    name,
    async step(response) {
      if (isOver) return malformed("the exchange is over");
      if (response !== undefined && response.length > MAX_RESPONSE_OCTETS) {
        isOver = true;
        return malformed("the response is too long");
      }
      try {
        const step = await proceed(response);
        isOver = step.type !== "challenge";
        return step;
      } catch (error) {
        isOver = true;
        // The store or the token service failed: not the client's fault, and worth another try.
        if (isMailError(error)) return { type: "failure", reason: "unavailable" };
        throw error;
      }
    },
  };
}

function settle(result: IteratorResult<Uint8Array, Outcome>): ServerStep {
  return result.done ? result.value : { type: "challenge", octets: result.value };
}

/** RFC 4422 §3.6: where success cannot carry data, it goes as a challenge that is answered with nothing. */
function withoutSuccessData(exchange: ServerExchange): ServerExchange {
  return async function* (initial) {
    const outcome = yield* exchange(initial);
    if (outcome.type !== "success" || outcome.finalOctets === undefined) return outcome;
    const answer = yield outcome.finalOctets;
    if (answer.length > 0) return malformed("an empty answer was expected");
    return { type: "success", identity: outcome.identity };
  };
}

/** The client speaks first: without an initial response it is asked by an empty challenge. */
export async function* firstMessage(
  initial: Uint8Array | undefined,
): AsyncGenerator<Uint8Array, Uint8Array, Uint8Array> {
  return initial ?? (yield NO_OCTETS);
}
