/** A wish to stop, and the way to take back that it is listened to. */
export interface StopSignal {
  signal: AbortSignal;
  /** Leaves later signals to the system again. */
  release: () => void;
}

/**
 * Aborted by the first SIGINT, SIGTERM or SIGHUP; the second one is left to the system (ends at once).
 *
 * @param onStop called at the first one
 */
export function listenForStop(onStop: () => void): StopSignal {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const release = () => {
    for (const name of names) process.off(name, stop);
  };
  const stop = () => {
    release();
    onStop();
    controller.abort();
  };
  for (const name of names) process.on(name, stop);
  return { signal: controller.signal, release };
}
