/** What `posthorn trace` shows of a recipient: each step, then the ways its copies go. */

import type { TlsLevel } from "../mta/config.ts";
import type { ResolutionStep } from "../mta/resolution/resolution.ts";
import type { Route } from "../mta/routing/choose-route.ts";
import type { TracedRecipient, TracedRoute, TracedSender } from "../mta/trace-recipient.ts";
import { harmless } from "./output.ts";

export function describeTrace({ sender, resolution, routes }: TracedRecipient): string {
  const lines = [...senderLines(sender), ...resolution.steps.map(stepLine)];
  for (const { address, code, status, text } of resolution.problems) {
    lines.push(`${address}: ${code} ${status} ${text}`);
  }
  for (const branch of resolution.branches) {
    for (const { account, recipient } of branch.locals) {
      lines.push(
        `mailbox of ${account.address}${recipient === account.address ? "" : ` (as ${recipient})`}`,
      );
    }
  }
  for (const { name, text } of resolution.branches.flatMap(({ targets }) => targets)) {
    lines.push(`${name} goes to ${text}`);
  }
  return harmlessLines([...lines, ...routes.flatMap(routeLines)]);
}

function harmlessLines(lines: readonly string[]): string {
  return lines.map(harmless).join("\n");
}

function senderLines(sender: TracedSender | undefined): string[] {
  if (sender?.source === undefined) return [];
  return [`${sender.written}, the sender, becomes ${sender.used} (${sender.source})`];
}

function stepLine({ depth, address, kind, because, leadsTo }: ResolutionStep): string {
  const targets = leadsTo.length === 0 ? "" : `, leads to ${leadsTo.join(", ")}`;
  return `${"  ".repeat(depth)}${address}: ${kind} (${because})${targets}`;
}

function routeLines(traced: TracedRoute): string[] {
  const { address, route, found, reversePath } = traced;
  if (found === undefined) return [`${address} ${wordsFor(route)}`];
  const from = reversePath === undefined ? "" : `, from <${reversePath}>`;
  const head = [
    `${address} goes by ${route.transport} to ${route.destination}${from}`,
    ...exchangerLines(traced),
  ];
  if (!found.ok) {
    const when = found.temporary ? "not now" : "never";
    return [...head, `  ${when}: ${found.status} ${found.problem}`];
  }
  return [
    ...head,
    `  TLS: ${TLS_WORDS[traced.tls ?? "may"]}`,
    ...found.hosts.map((host, i) => `  ${i + 1}. ${host.name} [${host.address}]:${host.port}`),
  ];
}

const TLS_WORDS: Readonly<Record<TlsLevel, string>> = {
  never: "never",
  may: "if offered, with any certificate",
  require: "required, with any certificate",
  verify: "required, with a certificate for the host's name",
};

function exchangerLines({ exchangers, route }: TracedRoute): string[] {
  switch (exchangers?.status) {
    case undefined:
      return [];
    case "found": {
      const proof = exchangers.authentic ? " (validated by DNSSEC)" : "";
      const records = exchangers.records
        .toSorted((a, b) => a.preference - b.preference)
        .map(({ preference, exchange }) => `${preference} ${exchange === "" ? "." : exchange}`);
      return [`  MX: ${records.join(", ")}${proof}`];
    }
    case "nodata":
      return [`  MX: none; ${route.destination} is its own exchanger`];
    case "nxdomain":
      return ["  MX: there is no such domain"];
    case "failed":
      return [`  MX: ${exchangers.reason}`];
  }
}

function wordsFor(route: Route): string {
  if (!("agent" in route)) return "goes to our own mailboxes";
  const { agent } = route;
  switch (agent.kind) {
    case "pipe":
      return `goes to the command ${agent.command.join(" ")}`;
    case "maildir":
    case "mbox":
      return `goes into the ${agent.kind} ${agent.path}`;
    case "error":
      return `is refused: ${agent.reply.code} ${agent.reply.status} ${agent.reply.text}`;
    case "discard":
      return "is discarded, because a route says so";
  }
}

export function traceFacts({ sender, resolution, routes }: TracedRecipient): object {
  return {
    sender,
    steps: resolution.steps,
    problems: resolution.problems,
    mailboxes: resolution.branches.flatMap(({ locals }) =>
      locals.map(({ account }) => account.address),
    ),
    targets: resolution.branches.flatMap(({ targets }) => targets.map(({ text }) => text)),
    routes: routes.map(({ address, route, found, exchangers, tls, reversePath }) => ({
      address,
      reversePath,
      tls,
      exchangers,
      transport: route.transport,
      destination: route.destination,
      ...(found !== undefined && (found.ok ? { hosts: found.hosts } : { problem: found })),
    })),
  };
}
