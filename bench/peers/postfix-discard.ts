/**
 * Debian's Postfix in a folder of its own, delivering to its discard transport: it takes SMTP, syncs
 * each message into its queue, and drops it. Needs root and the package; touches nothing of the system's.
 */

import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { untilListening, writePostfixConfig } from "./postfix-instance.ts";

export type PostfixDiscard = {
  readonly smtpPort: number;
  readonly domain: string;
  /** Of its master process. */
  readonly pid: number;
  /** No message is left in its queue. */
  readonly isDrained: () => boolean;
  stop(): void;
};

export function canRunPostfix(): boolean {
  return process.getuid?.() === 0 && existsSync("/usr/sbin/postfix");
}

export async function startPostfixDiscard(
  folder: string,
  smtpPort: number,
): Promise<PostfixDiscard> {
  const domain = "bench.example";
  chmodSync(folder, 0o755);
  const config = writePostfixConfig(folder, smtpPort, domain, "discard:");
  execFileSync("postfix", ["-c", config, "start"], { stdio: "pipe" });
  await untilListening(smtpPort);
  const queue = join(folder, "queue");
  return {
    smtpPort,
    domain,
    pid: Number(readFileSync(join(queue, "pid/master.pid"), "utf8").trim()),
    isDrained: () =>
      ["maildrop", "incoming", "active", "deferred"].every((name) =>
        readdirSync(join(queue, name), { recursive: true, withFileTypes: true }).every(
          (entry) => !entry.isFile(),
        ),
      ),
    stop() {
      execFileSync("postfix", ["-c", config, "stop"], { stdio: "pipe" });
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}
