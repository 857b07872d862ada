/** What comes on standard input, or what the person types there. */

import { buffer } from "node:stream/consumers";

export async function readInput(): Promise<Uint8Array> {
  if (process.stdin.isTTY === true) process.stderr.write("Write the message; Ctrl-D ends it.\n");
  return buffer(process.stdin);
}

export async function readInputText(): Promise<string> {
  return new TextDecoder().decode(await readInput());
}
