/**
 * A client of Marionette, the remote control built into Mozilla's programs: length-prefixed JSON over
 * a loopback socket. Only what a test needs: run a script with the program's own rights.
 */

import { connect, type Socket } from "node:net";

type Answer = readonly [type: number, id: number, error: unknown, result: unknown];

export class Marionette {
  readonly #socket: Socket;
  readonly #waiting = new Map<
    number,
    { resolve(value: unknown): void; reject(error: Error): void }
  >();
  #received = Buffer.alloc(0);
  #id = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (piece: Buffer) => {
      this.#received = Buffer.concat([this.#received, piece]);
      this.#read();
    });
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(new Error("the program closed the connection")));
  }

  /** Connects, and begins a session in the program's own context. Throws while nobody listens. */
  static async open(port: number): Promise<Marionette> {
    const socket = await new Promise<Socket>((resolve, reject) => {
      const opening = connect(port, "127.0.0.1", () => resolve(opening));
      opening.once("error", reject);
    });
    const marionette = new Marionette(socket);
    await marionette.command("WebDriver:NewSession", {});
    await marionette.command("Marionette:SetContext", { value: "chrome" });
    await marionette.command("WebDriver:SetTimeouts", { script: 20_000 });
    return marionette;
  }

  command(name: string, parameters: object): Promise<unknown> {
    const id = ++this.#id;
    this.#socket.write(frame([0, id, name, parameters]));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** The body of an async function, with `args`; what it returns, by way of JSON. */
  async script(body: string, ...args: unknown[]): Promise<unknown> {
    const script = `const done = arguments[arguments.length - 1];
      (async function (...args) { ${body} })(...Array.from(arguments).slice(0, -1))
        .then((value) => done({ value }), (error) => done({ problem: String(error) + "\\n" + error?.stack }));`;
    const answer = await this.command("WebDriver:ExecuteAsyncScript", { script, args });
    const { value } = answer as { value: { value?: unknown; problem?: string } };
    if (value.problem !== undefined) throw new Error(value.problem);
    return value.value;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(): void {
    for (;;) {
      const colon = this.#received.indexOf(":");
      if (colon === -1) return;
      const end = colon + 1 + Number(this.#received.toString("latin1", 0, colon));
      if (this.#received.length < end) return;
      const message: unknown = JSON.parse(this.#received.toString("utf8", colon + 1, end));
      this.#received = this.#received.subarray(end);
      if (Array.isArray(message)) this.#answered(message as unknown as Answer);
    }
  }

  #answered([, id, error, result]: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === null) waiting?.resolve(result);
    else waiting?.reject(new Error(JSON.stringify(error)));
  }

  #end(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

function frame(message: unknown): string {
  const text = JSON.stringify(message);
  return `${Buffer.byteLength(text)}:${text}`;
}
