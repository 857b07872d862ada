/** A server's NO or BAD to a command of ours. */

import { MailError } from "../../base/errors.ts";
import type { ResponseCode, StatusResponse } from "./response.ts";

export class CommandRefused extends MailError {
  readonly status: "no" | "bad" | "bye";
  readonly responseCode: ResponseCode | undefined;
  /** What the server said; untrusted. */
  readonly text: string;

  constructor(command: string, answer: StatusResponse) {
    super(
      "refused",
      `the server refused ${command}: ${answer.text || answer.status.toUpperCase()}`,
    );
    this.status = answer.status === "no" ? "no" : answer.status === "bye" ? "bye" : "bad";
    this.responseCode = answer.code;
    this.text = answer.text;
  }
}

/** Whether `error` is a refusal with this response code, such as `TRYCREATE` or `AUTHENTICATIONFAILED`. */
export function isRefusedWith(error: unknown, code: string): boolean {
  return error instanceof CommandRefused && error.responseCode?.name === code;
}
