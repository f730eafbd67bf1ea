import { note } from './output.ts';

/** Aborted by the first SIGINT, SIGTERM or SIGHUP; the second one is left to the system (ends at once). */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const stop = () => {
    for (const name of names) process.off(name, stop);
    if (process.stderr.isTTY) note('stopping: running repeats go on and are adopted by the next worker');
    controller.abort();
  };
  for (const name of names) process.on(name, stop);
  return controller.signal;
}
