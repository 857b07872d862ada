/**
 * `GET /metrics` for Prometheus, and `GET /health` for whoever watches the process, over plain HTTP:
 * for addresses that only our own machines reach. Nothing else is served, and nothing is taken in.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { MailError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { HostPort } from "../config/kinds.ts";
import type { MetricsRegistry } from "./registry.ts";

/** Whoever asks for numbers needs no longer request than this, and no more patience. */
const MAX_HEADER_OCTETS = 8192;
const REQUEST_MS = 10_000;
const MAX_CONNECTIONS = 20;

export class MetricsServer {
  readonly #servers: Server[] = [];
  readonly #registry: MetricsRegistry;
  readonly #log: Log;

  constructor(registry: MetricsRegistry, log: Log) {
    this.#registry = registry;
    this.#log = log;
  }

  /** Resolves with the ports taken. Rejects with a sentence naming the address that can't be had. */
  async open(places: readonly HostPort[]): Promise<number[]> {
    const ports: number[] = [];
    try {
      for (const place of places) ports.push(await this.#openOne(place));
      return ports;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const servers = this.#servers.splice(0);
    await Promise.all(
      servers.map((server) => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      }),
    );
  }

  #openOne({ host, port }: HostPort): Promise<number> {
    const server = createServer(
      {
        maxHeaderSize: MAX_HEADER_OCTETS,
        requestTimeout: REQUEST_MS,
        headersTimeout: REQUEST_MS,
        connectionsCheckingInterval: REQUEST_MS,
      },
      (request, response) => void this.#answer(request, response),
    );
    server.maxConnections = MAX_CONNECTIONS;
    server.unref();
    return new Promise((resolve, reject) => {
      server.once("error", (error) =>
        reject(
          new MailError("config-invalid", `listen.metrics: ${host}:${port}: ${error.message}`, {
            cause: error,
          }),
        ),
      );
      server.listen(port, host, () => {
        this.#servers.push(server);
        const address = server.address();
        const taken = typeof address === "object" && address !== null ? address.port : port;
        this.#log.info("app.listening", { service: "metrics", address: host, port: taken });
        resolve(taken);
      });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    if (request.method !== "GET" && request.method !== "HEAD") {
      return end(response, 405, "Only GET is answered here.\n");
    }
    const [path] = (request.url ?? "").split("?", 1);
    switch (path) {
      case "/metrics":
        response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
        return end(response, 200, await this.#registry.text());
      case "/health":
        return end(response, 200, "ok\n");
      default:
        return end(response, 404, "Here are /metrics and /health.\n");
    }
  }
}

function end(response: ServerResponse, status: number, body: string): void {
  response.statusCode = status;
  if (!response.hasHeader("content-type")) response.setHeader("content-type", "text/plain");
  response.setHeader("x-content-type-options", "nosniff");
  response.end(body);
}
