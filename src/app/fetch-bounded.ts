/**
 * One HTTP request to a configured server, bounded in time and size. Redirects are not followed:
 * what is sent along must not go elsewhere. Rejects with MailError `connect-failed`.
 */

import { MailError } from "../base/errors.ts";

const TIMEOUT_MS = 10_000;
export const MAX_ANSWER_OCTETS = 65_536;

export async function fetchBounded(
  url: string,
  request: { method?: "POST"; headers: Record<string, string>; body?: URLSearchParams },
): Promise<string> {
  try {
    const response = await fetch(url, {
      ...request,
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw unavailable(`it answered ${response.status}`);
    }
    return await bounded(response);
  } catch (error) {
    throw error instanceof MailError ? error : unavailable(String(error), error);
  }
}

async function bounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let octets = 0;
  // Leaving the loop early cancels the rest.
  for await (const chunk of response.body ?? []) {
    octets += chunk.length;
    if (octets > MAX_ANSWER_OCTETS) throw unavailable("its answer is too long");
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

export function unavailable(why: string, cause?: unknown): MailError {
  return new MailError("connect-failed", `the OAuth server can't be asked: ${why}`, { cause });
}
