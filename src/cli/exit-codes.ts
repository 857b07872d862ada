/** What the shell is told. Scripts rely on these; the numbers from 64 on are those of sysexits.h. */

export const EXIT = {
  ok: 0,
  failed: 1,
  /** Wrong words on the command line. */
  usage: 2,
  dataError: 65,
  noSuchUser: 67,
  unavailable: 69,
  software: 70,
  osError: 71,
  cantCreate: 73,
  ioError: 74,
  /** Worth trying again. */
  temporary: 75,
  noPermission: 77,
  config: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
