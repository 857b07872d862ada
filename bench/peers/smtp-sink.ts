/** Postfix's smtp-sink: takes mail as fast as it comes and counts it. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { untilListening } from "./postfix-instance.ts";

export type SmtpSink = {
  readonly port: number;
  /** Messages taken so far. */
  messages(): number;
  stop(): void;
};

export function canRunSmtpSink(): boolean {
  return existsSync("/usr/sbin/smtp-sink");
}

export async function startSmtpSink(port: number): Promise<SmtpSink> {
  const sink = spawn("/usr/sbin/smtp-sink", ["-u", "nobody", "-c", `127.0.0.1:${port}`, "1000"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let messages = 0;
  let text = "";
  sink.stdout.on("data", (octets: Buffer) => {
    // Its counters come over and over, each time behind a CR.
    text = (text + octets.toString("latin1")).slice(-400);
    const counts = [...text.matchAll(/mesg=(\d+)\s/g)];
    const last = counts.at(-1);
    if (last !== undefined) messages = Number(last[1]);
  });
  await untilListening(port);
  return { port, messages: () => messages, stop: () => void sink.kill("SIGTERM") };
}
