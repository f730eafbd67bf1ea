import { appendFileSync } from 'node:fs';

import { DefaultLogger, type Logger } from '@temporalio/worker';

import { utcTimestamp } from '../domain/clock.ts';

/** The SDK's log lines in a file (0600), one JSON-ish line each: stdout and stderr belong to the command line. */
export function fileLogger(path: string): Logger {
  return new DefaultLogger('INFO', ({ level, message, meta, timestampNanos }) => {
    const at = utcTimestamp(new Date(Number(timestampNanos / 1_000_000n)));
    const details = meta === undefined ? '' : ` ${printable(meta)}`;
    try {
      appendFileSync(path, `${at} ${level} ${message}${details}\n`, { mode: 0o600 });
    } catch {
      // A full disk must not take the worker down with its log.
    }
  });
}

function printable(meta: Record<string | symbol, unknown>): string {
  const { error, ...rest } = meta;
  const shown = error instanceof Error ? { ...rest, error: error.stack } : rest;
  return JSON.stringify(shown, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}
