/**
 * `npm start` puts npm and a shell between whoever stops us and ourselves, and they don't pass
 * SIGTERM on: they end, and we would stay behind with the ports. So under npm the end of the launcher
 * is a request to stop.
 */

const LOOK_EVERY_MS = 500;

/** Calls `onGone` once when the process that started us has ended. Does nothing unless npm did. */
export function watchLauncher(
  environment: Readonly<Record<string, string | undefined>>,
  onGone: () => void,
): void {
  if (environment["npm_lifecycle_event"] === undefined) return;
  const launcher = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === launcher) return;
    clearInterval(timer);
    onGone();
  }, LOOK_EVERY_MS).unref();
}
