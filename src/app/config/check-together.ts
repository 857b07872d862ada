/** What no setting can be checked for alone: two that want the same port, credentials that lack their other half, rules that contradict themselves. */

import type { HostPort } from "./kinds.ts";
import type { KeyPath } from "./locate-keys.ts";
import { readRoutes } from "./read-routes.ts";
import { readRules } from "./read-rules.ts";
import type { Settings, SmarthostSettings } from "./settings-shape.ts";

export type Conflict = { readonly path: KeyPath; readonly problem: string };

export function checkTogether(settings: Settings): Conflict[] {
  return [
    ...portConflicts(settings),
    ...holdConflicts(settings),
    ...tokenConflicts(settings),
    ...credentialConflicts(["smarthost"], settings.smarthost),
    ...readRules(settings.rules).problems.map(({ index, member, problem }) => ({
      path: ["rules", index, member],
      problem: `rules.${member} ${problem}`,
    })),
    ...settings.routes.flatMap((route, index) => credentialConflicts(["routes", index], route)),
    ...settings.transports.flatMap((entry, index) =>
      credentialConflicts(["transports", index], { ...entry, host: entry.hosts[0]?.host }),
    ),
    ...readRoutes(settings).problems.map(({ group, index, member, problem }) => ({
      path: [group, index, member],
      problem: `${group}.${member} ${problem}`,
    })),
  ];
}

function portConflicts({ listen }: Settings): Conflict[] {
  const taken: { readonly name: string; readonly at: HostPort }[] = [];
  const conflicts: Conflict[] = [];
  for (const [service, places] of Object.entries(listen)) {
    const name = `listen.${service}`;
    for (const at of places) {
      const other = taken.find((entry) => overlap(entry.at, at));
      if (other === undefined) taken.push({ name, at });
      else {
        const problem = `${name} can't have ${show(at)}: ${other.name} has ${show(other.at)} already`;
        conflicts.push({ path: ["listen", service], problem });
      }
    }
  }
  return conflicts;
}

function holdConflicts({ smtp, queue }: Settings): Conflict[] {
  if (smtp.longestHold < queue.expireAfter || smtp.longestHold === 0) return [];
  const problem =
    "smtp.longestHold must be shorter than queue.expireAfter: a held message has not much time left then";
  return [{ path: ["smtp", "longestHold"], problem }];
}

/** Without these a token that the same server gave out for anything else would open a mailbox. */
function tokenConflicts({ login }: Settings): Conflict[] {
  const { keySet, issuer, audience } = login.oauth;
  if (keySet === undefined) return [];
  return Object.entries({ issuer, audience }).flatMap(([name, value]) =>
    value === undefined
      ? [
          {
            path: ["login", "oauth", "keySet"],
            problem: `login.oauth.keySet needs login.oauth.${name} beside it`,
          },
        ]
      : [],
  );
}

function overlap(one: HostPort, other: HostPort): boolean {
  // Port 0 is a different free one each time.
  if (one.port !== other.port || one.port === 0) return false;
  return one.host === other.host || takesAll(one, other) || takesAll(other, one);
}

/** `::` takes the IPv4 addresses too. */
function takesAll({ host }: HostPort, other: HostPort): boolean {
  return host === "::" || (host === "0.0.0.0" && !other.host.includes(":"));
}

function show({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

type Credentials = Pick<SmarthostSettings, "host" | "tls" | "user" | "password">;

function credentialConflicts(path: KeyPath, given: Credentials): Conflict[] {
  const [group] = path;
  const { host, tls, user, password } = given;
  const at = (name: string, problem: string): Conflict[] => [
    { path: [...path, name], problem: `${String(group)}.${name} ${problem}` },
  ];
  if (user === undefined && password === undefined) return [];
  if (password === undefined) return at("user", `is of no use without ${String(group)}.password`);
  if (user === undefined) return at("password", `is of no use without ${String(group)}.user`);
  if (host === undefined) return at("user", `is of no use without ${String(group)}.host`);
  if (tls === "never")
    return at("tls", 'can\'t be "never" where a password is given: it goes over TLS only');
  return [];
}
