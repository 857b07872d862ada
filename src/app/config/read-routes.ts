/** Makes transports and route rules of `[[transports]]` and `[[routes]]`: what their members must be together. */

import type { NextHop } from "../../mta/next-hop.ts";
import type { RouteRule } from "../../mta/routing/route-rule.ts";
import type { NamedTransport, Transport } from "../../mta/transport.ts";
import type { HopPlace } from "./kinds.ts";
import { nearest } from "./nearest.ts";
import type { RouteSettings, Settings, TransportSettings } from "./settings-shape.ts";

export type RouteProblem = {
  readonly group: "transports" | "routes";
  readonly index: number;
  readonly member: string;
  /** Completes "GROUP.MEMBER …". */
  readonly problem: string;
};

export type RouteReading = {
  readonly transports: readonly NamedTransport[];
  readonly routes: readonly RouteRule[];
  readonly problems: readonly RouteProblem[];
};

type Complain = (member: string, problem: string) => void;

const SMTP_PORT = 25;
const LMTP_PORT = 24;
/** A job's lease is an hour; nobody else may begin it meanwhile. */
const MAX_PIPE_TIMEOUT_MS = 30 * 60_000;

export function readRoutes(settings: Pick<Settings, "transports" | "routes">): RouteReading {
  const problems: RouteProblem[] = [];
  const complaint =
    (group: RouteProblem["group"], index: number): Complain =>
    (member, problem) =>
      problems.push({ group, index, member, problem });
  const byName = new Map<string, Transport>([
    ["local", { kind: "local" }],
    ["smtp", { kind: "smtp" }],
    ["discard", { kind: "discard" }],
  ]);
  const transports = settings.transports.map((entry, index): NamedTransport => {
    const complain = complaint("transports", index);
    const isKnown = byName.has(entry.name) && entry.name !== "discard";
    if (isKnown) complain("name", `"${entry.name}" is given twice`);
    const transport = { ...transportOf(entry, complain), name: entry.name };
    byName.set(entry.name, transport);
    return transport;
  });
  const routes = settings.routes.map((route, index) =>
    ruleOf(route, byName, complaint("routes", index)),
  );
  return { transports, routes, problems };
}

function transportOf(entry: TransportSettings, complain: Complain): Transport {
  const { kind, hosts } = entry;
  switch (kind) {
    case "smarthost":
    case "lmtp": {
      if (hosts.length === 0) complain("hosts", `must be given for "${kind}"`);
      if (kind === "smarthost" && hosts.some(({ host }) => host.startsWith("/"))) {
        complain("hosts", 'can be a Unix socket for "lmtp" only');
      }
      const usualPort = kind === "lmtp" ? LMTP_PORT : SMTP_PORT;
      return { kind, hops: hosts.map((place) => hopTo(place, usualPort, entry)) };
    }
    case "pipe":
      return pipeOf(entry, complain);
    case "maildir":
    case "mbox": {
      const { path = "", detailFolder, runAs: user } = entry;
      if (!path.startsWith("/")) complain("path", `must be an absolute path for "${kind}"`);
      if (detailFolder && kind === "mbox") complain("detailFolder", 'is for "maildir" only');
      return { kind, path, user, detailFolder };
    }
    case "error":
      return errorOf(entry, complain);
    case "discard":
      return { kind };
  }
}

function pipeOf(
  { command, timeout, memory, runAs: user }: TransportSettings,
  complain: Complain,
): Transport {
  const [program = ""] = command;
  if (!program.startsWith("/")) {
    complain("command", "must begin with the absolute path of a program");
  }
  if (program.includes("{")) complain("command", "cannot let a recipient choose the program");
  if (timeout > MAX_PIPE_TIMEOUT_MS) complain("timeout", 'can\'t be longer than "30m"');
  return { kind: "pipe", command, user, timeoutMs: timeout, memoryOctets: memory };
}

function errorOf({ code, status, text }: TransportSettings, complain: Complain): Transport {
  const digit = code < 500 ? "4" : "5";
  const own = status ?? (code < 500 ? "4.3.0" : "5.1.0");
  if (!/^[45]\.\d{1,3}\.\d{1,3}$/.test(own) || !own.startsWith(digit)) {
    complain("status", `must be a status such as "${digit}.1.6", as the code is ${code}`);
  }
  if (text !== undefined && !/^[ -~]{1,400}$/.test(text)) {
    complain("text", "must be one line of ASCII, of at most 400 characters");
  }
  return {
    kind: "error",
    reply: { code, status: own, text: text ?? "Mail for this address is not taken" },
  };
}

type Login = Pick<TransportSettings, "tls" | "implicitTls" | "user" | "password">;

export function hopTo(place: HopPlace, usualPort: number, login: Login): NextHop {
  const { tls, implicitTls, user, password } = login;
  const isSocket = place.host.startsWith("/");
  const hasLogin = user !== undefined && password !== undefined;
  return {
    host: place.host,
    port: isSocket ? 0 : (place.port ?? usualPort),
    // Nobody listens in between.
    tls: isSocket && tls === "may" ? "never" : tls,
    implicitTls,
    ...(hasLogin && { credentials: { name: user, password } }),
  };
}

function ruleOf(
  route: RouteSettings,
  byName: ReadonlyMap<string, Transport>,
  complain: Complain,
): RouteRule {
  const { domain, recipient, sender, account, transport, host, port } = route;
  const conditions = {
    ...(domain !== undefined && { domain }),
    ...(recipient !== undefined && { recipient }),
    ...(sender !== undefined && { sender }),
    ...(account !== undefined && { account }),
  };
  if (Object.keys(conditions).length === 0) {
    complain("domain", 'must be given, or another condition; "*" is for all domains');
  }
  if (domain !== undefined && recipient !== undefined) {
    complain("domain", "is of no use beside routes.recipient");
  }
  if (host !== undefined) {
    if (transport !== undefined) complain("transport", "can't be given together with routes.host");
    return { ...conditions, nextHop: hopTo({ host, port }, SMTP_PORT, route) };
  }
  if (transport === undefined) complain("transport", "must be given, or routes.host");
  const known = transport === undefined ? undefined : byName.get(transport);
  if (transport !== undefined && known === undefined) {
    const close = nearest(transport, [...byName.keys()]);
    const hint = close === undefined ? "" : `. Did you mean "${close}"?`;
    complain("transport", `is "${transport}", but there is no such transport${hint}`);
  }
  return { ...conditions, transport: known ?? { kind: "smtp" } };
}
