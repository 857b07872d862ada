/** SMTP replies (RFC 5321 §4.2) with enhanced status codes (RFC 2034, RFC 3463). */

export type Reply = {
  readonly code: number;
  /** `5.7.1`; absent where RFC 2034 §4 has none (banner, EHLO, 354). */
  readonly enhanced?: string;
  /** One entry a line, without code. Text for people; control characters are escaped when encoded. */
  readonly lines: readonly string[];
};

export function reply(code: number, enhanced: string | undefined, ...lines: string[]): Reply {
  return enhanced === undefined ? { code, lines } : { code, enhanced, lines };
}

export const isPositive = (answer: Reply): boolean => answer.code < 400;
export const isTransient = (answer: Reply): boolean => answer.code >= 400 && answer.code < 500;
export const isPermanent = (answer: Reply): boolean => answer.code >= 500;
