/**
 * Clients that mean no good, each kind by the dozen or the thousand, for as long as the process
 * lives. They come through a proxy (PROXY protocol), so that each has an address of its own and the
 * limits for one client act as they would on the open Internet. Run as a process of its own:
 * `hostile-clients.ts SMTP-PORT SUBMISSIONS-PORT`.
 */

import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** From here PROXY headers are believed. */
export const PROXY_ADDRESS = "127.0.0.2";

type Attack = { readonly count: number; readonly attack: (socket: Socket) => void };

/** Each opens a connection, does its worst, and comes back when it is thrown out. */
const ON_SMTP: Readonly<Record<string, Attack>> = {
  "silent connections": { count: 9500, attack: () => {} },
  "half closed": { count: 200, attack: (socket) => void socket.end() },
  "an octet a second": {
    count: 200,
    attack: (socket) => every(socket, 1000, () => socket.write("x")),
  },
  "an octet of DATA a second": {
    count: 100,
    attack: (socket) => {
      socket.write("HELO x\r\n");
      setTimeout(() => socket.write("MAIL FROM:<a@b.example>\r\n"), 500);
      setTimeout(() => socket.write("RCPT TO:<anna@us.test>\r\n"), 750);
      setTimeout(() => socket.write("DATA\r\n"), 1000);
      setTimeout(() => every(socket, 1000, () => socket.write("y")), 1500);
    },
  },
  "a line without end": { count: 4, attack: (socket) => flood(socket, Buffer.alloc(16384, "x")) },
  "NOOP without end": {
    count: 4,
    attack: (socket) => flood(socket, Buffer.from("NOOP\r\n".repeat(500))),
  },
  "random octets": {
    count: 4,
    attack: (socket) =>
      flood(socket, Buffer.from(Array.from({ length: 4096 }, () => Math.random() * 256))),
  },
  "recipients guessed": {
    count: 10,
    attack: (socket) => {
      socket.write("HELO x\r\n");
      setTimeout(() => socket.write("MAIL FROM:<a@b.example>\r\n"), 300);
      setTimeout(() => every(socket, 50, () => socket.write("RCPT TO:<guess@us.test>\r\n")), 600);
    },
  },
  "upload and abort": {
    count: 10,
    attack: (socket) => {
      socket.write("HELO x\r\n");
      setTimeout(() => socket.write("MAIL FROM:<a@b.example>\r\n"), 200);
      setTimeout(() => socket.write("RCPT TO:<anna@us.test>\r\n"), 400);
      setTimeout(() => socket.write("DATA\r\n"), 600);
      setTimeout(() => socket.write(Buffer.from("text and text\r\n".repeat(20_000))), 800);
      setTimeout(() => socket.resetAndDestroy(), 1500);
    },
  },
  "connect and reset": {
    count: 20,
    attack: (socket) => {
      socket.write("EHLO x\r\n");
      setTimeout(() => socket.resetAndDestroy(), 50);
    },
  },
  "never reads": {
    count: 20,
    attack: (socket) => {
      socket.pause();
      flood(socket, Buffer.from("HELP\r\n".repeat(1000)));
    },
  },
};

const ON_SUBMISSIONS: Readonly<Record<string, Attack>> = {
  "half a handshake": {
    count: 50,
    attack: (socket) => void socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1])),
  },
  "handshake storms": {
    count: 10,
    attack: (socket) => secured(socket, (tls) => void tls.destroy()),
  },
  "AUTH storms": {
    count: 10,
    attack: (socket) =>
      secured(socket, (tls) => {
        tls.write("EHLO x\r\n");
        every(tls, 100, () => tls.write(`AUTH PLAIN ${btoa("\0anna@us.test\0guessed")}\r\n`));
      }),
  },
};

function secured(socket: Socket, then: (tls: Socket) => void): void {
  const tls = connectTls({ socket, rejectUnauthorized: false }, () => then(tls));
  tls.on("error", () => socket.destroy());
  tls.on("data", () => {});
}

function every(socket: Socket, ms: number, act: () => void): void {
  const timer = setInterval(() => (socket.writable ? act() : clearInterval(timer)), ms);
  socket.once("close", () => clearInterval(timer));
}

function flood(socket: Socket, octets: Buffer): void {
  const more = (): void => {
    if (socket.destroyed) return;
    if (socket.write(octets)) setTimeout(more, 5);
    else socket.once("drain", more);
  };
  setTimeout(more, 200);
}

function attackForEver(port: number, attacks: Readonly<Record<string, Attack>>): void {
  for (const [kind, { count, attack }] of Object.values(attacks).entries()) {
    for (let index = 0; index < count; index++) begin(port, kind, index, attack);
  }
}

/** Ten clients share an address. */
function begin(port: number, kind: number, index: number, act: (socket: Socket) => void): void {
  const client = Math.floor(index / 10);
  const address = `10.${(port % 100) + kind}.${client >> 8}.${client & 255}`;
  const again = (): void => {
    const socket = connect({ port, host: "127.0.0.1", localAddress: PROXY_ADDRESS });
    socket.on("error", () => {});
    socket.once("connect", () => {
      socket.write(`PROXY TCP4 ${address} 127.0.0.1 40000 25\r\n`);
      socket.on("data", () => {});
      act(socket);
    });
    socket.once("close", () => setTimeout(again, 100 + Math.random() * 900));
  };
  setTimeout(again, Math.random() * 5000);
}

const [, , smtpPort, submissionsPort] = process.argv;
if (import.meta.main && submissionsPort !== undefined) {
  attackForEver(Number(smtpPort), ON_SMTP);
  attackForEver(Number(submissionsPort), ON_SUBMISSIONS);
}
