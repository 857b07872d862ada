/** `posthorn trace ADDRESS`: how an address resolves and where its mail would go. Sends nothing. */

import type { Command } from "commander";
import { makeTracer } from "../app/make-tracer.ts";
import { silentLog } from "../base/log.ts";
import { parseAddress } from "../message/addr-spec.ts";
import type { TracedRecipient, TracedRoute } from "../mta/trace-recipient.ts";
import type { Route } from "../mta/routing/choose-route.ts";
import type { ResolutionStep } from "../mta/resolution/resolution.ts";
import { readAddress } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { print, printJson } from "./output.ts";
import { withStore } from "./with-store.ts";

const EXAMPLES = `
Examples:
  $ posthorn trace info@example.org
  $ posthorn trace somebody@example.net --json

Exit code 1 when mail for the address would be refused.
`;

type TraceOptions = {
  readonly json?: boolean;
  readonly from?: string;
  readonly account?: string;
};

export function addTraceCommand(program: Command): void {
  program
    .command("trace <address>")
    .description("how an address resolves and where its mail would go")
    .option("--json", "as JSON")
    .option("--from <address>", "as for mail from this sender")
    .option("--account <address>", "as for mail that this account submits")
    .addHelpText("after", EXAMPLES)
    .action(async (text: string, options: TraceOptions, command: Command) => {
      const parsed = parseAddress(readAddress(text));
      if (!parsed.ok) throw new CliError(parsed.problem, EXIT.usage);
      const traced = await withStore(command, async (store, { settings }) => {
        const tracer = await makeTracer(settings, store, silentLog);
        return tracer.trace(parsed.value, { sender: options.from, account: options.account });
      });
      if (options.json) printJson(factsOf(traced));
      else print(describe(traced));
      const { problems, branches } = traced.resolution;
      const isRefused =
        problems.some(({ isFatal }) => isFatal) || (branches.length === 0 && problems.length > 0);
      if (isRefused) process.exitCode = EXIT.failed;
    });
}

function describe({ resolution, routes }: TracedRecipient): string {
  const lines = resolution.steps.map(stepLine);
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
  return [...lines, ...routes.flatMap(routeLines)].join("\n");
}

function stepLine({ depth, address, kind, because, leadsTo }: ResolutionStep): string {
  const targets = leadsTo.length === 0 ? "" : `, leads to ${leadsTo.join(", ")}`;
  return `${"  ".repeat(depth)}${address}: ${kind} (${because})${targets}`;
}

function routeLines({ address, route, found }: TracedRoute): string[] {
  const head = `${address} goes by ${route.transport} to ${route.destination}`;
  if (found === undefined) return [`${address} ${wordsFor(route)}`];
  if (!found.ok) {
    return [head, `  ${found.temporary ? "not now" : "never"}: ${found.status} ${found.problem}`];
  }
  return [
    head,
    ...found.hosts.map((host, i) => `  ${i + 1}. ${host.name} [${host.address}]:${host.port}`),
  ];
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

function factsOf({ resolution, routes }: TracedRecipient): object {
  return {
    steps: resolution.steps,
    problems: resolution.problems,
    mailboxes: resolution.branches.flatMap(({ locals }) =>
      locals.map(({ account }) => account.address),
    ),
    routes: routes.map(({ address, route, found }) => ({
      address,
      transport: route.transport,
      destination: route.destination,
      ...(found !== undefined && (found.ok ? { hosts: found.hosts } : { problem: found })),
    })),
  };
}
