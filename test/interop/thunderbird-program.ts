/**
 * Mozilla Thunderbird without a screen, with a profile of its own that knows one IMAP account; told
 * what to do over Marionette.
 */

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Marionette } from "./marionette.ts";

export type Thunderbird = {
  /** The body of an async function that runs with the program's own rights. */
  script(body: string, ...args: unknown[]): Promise<unknown>;
  stop(): Promise<void>;
};

/** Starts it in `folder`, and waits until it can be told what to do. */
export async function startThunderbird(
  folder: string,
  account: { readonly address: string; readonly port: number },
): Promise<Thunderbird> {
  const profile = join(folder, "thunderbird");
  mkdirSync(profile);
  writeFileSync(join(profile, "user.js"), preferences(account));
  const child = spawn(
    "thunderbird",
    [
      "--headless",
      "--no-remote",
      "--marionette",
      "--remote-allow-system-access",
      "--profile",
      profile,
    ],
    { env: { ...process.env, HOME: folder }, stdio: ["ignore", "pipe", "pipe"], detached: true },
  );
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const stop = async (): Promise<void> => {
    // The whole group: it runs helpers of its own.
    try {
      process.kill(-(child.pid ?? 0), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await ended;
  };
  try {
    const marionette = await openWhenListening(profile);
    return {
      script: (body, ...args) => marionette.script(body, ...args),
      stop: async () => {
        marionette.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw new Error(`Thunderbird cannot be told what to do: ${output.slice(-2000)}`, {
      cause: error,
    });
  }
}

/** Port 0 makes it choose a free one, which it writes down in its profile. */
async function openWhenListening(profile: string): Promise<Marionette> {
  const began = performance.now();
  for (;;) {
    try {
      return await Marionette.open(
        Number(readFileSync(join(profile, "MarionetteActivePort"), "utf8")),
      );
    } catch (error) {
      if (performance.now() - began > 40_000) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function preferences({ address, port }: { address: string; port: number }): string {
  const server = "mail.server.server1";
  const values: Record<string, string | number | boolean> = {
    "marionette.port": 0,
    "mail.accountmanager.accounts": "account1",
    "mail.accountmanager.defaultaccount": "account1",
    "mail.account.account1.identities": "id1",
    "mail.account.account1.server": "server1",
    "mail.identity.id1.fullName": "A reader",
    "mail.identity.id1.useremail": address,
    "mail.identity.id1.valid": true,
    [`${server}.type`]: "imap",
    [`${server}.hostname`]: "127.0.0.1",
    [`${server}.realhostname`]: "127.0.0.1",
    [`${server}.port`]: port,
    [`${server}.userName`]: address,
    [`${server}.realuserName`]: address,
    [`${server}.name`]: address,
    [`${server}.socketType`]: 0,
    [`${server}.authMethod`]: 3,
    [`${server}.login_at_startup`]: false,
    [`${server}.check_new_mail`]: false,
    // It stays at its own machine, asks nobody and shows no first steps.
    "app.update.enabled": false,
    "datareporting.policy.dataSubmissionEnabled": false,
    "mail.provider.suppress_dialog_on_startup": true,
    "mail.spotlight.firstRunDone": true,
    "mail.winsearch.firstRunDone": true,
    "mailnews.start_page.enabled": false,
    "mailnews.database.global.indexer.enabled": false,
    "network.captive-portal-service.enabled": false,
    "network.connectivity-service.enabled": false,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "extensions.update.enabled": false,
    "security.sandbox.content.level": 0,
  };
  return Object.entries(values)
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
    .join("");
}
