import { heartbeat, sleep } from '@temporalio/activity';
import { z } from 'zod';

import { CalibError } from '../domain/calib-error.ts';
import { messageOf } from '../domain/text.ts';
import { redactSecrets } from '../domain/secrets/redact-secrets.ts';
import { pathExists } from '../host/run-directory/files.ts';
import { readLogLines } from '../host/log/read-log-lines.ts';
import { readLaunch } from '../host/run-directory/logs/launches.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { readPlan } from '../host/run-directory/plan-file.ts';
import type { LogPart, ReadLogInput } from './activity-types.ts';

/** Of a log, so that with every byte escaped in JSON it stays below Temporal's 2 MiB for a payload. */
const partLimitBytes = 256 * 1024;

const lookEveryMs = 250;
/** Below the activity's time limit, `workflows/read-log.ts`. */
const longestWaitMs = 20_000;

/** It decides which file is read, so it is not taken on trust. */
const inputSchema = z.object({
  run_dir: z.string().startsWith('/'),
  session_id: z.string().min(1),
  namespace: z.string(),
  repeat: z.int().positive(),
  attempt: z.int().positive(),
  offset: z.int().nonnegative(),
  wait_ms: z.number().nonnegative(),
});

/**
 * The next lines of a pytest's output that lies on this host, for whoever watches the session from elsewhere. Nothing
 * but the logs of that session's launches can be read through it. Waits for `wait_ms` (at most 20 s) where nothing
 * new is there and pytest lives.
 *
 * @throws CalibError `invalid-input` where the directory is not this session's, or has no such unit
 */
export async function readLogPart(given: ReadLogInput): Promise<LogPart> {
  const input = await checked(given);
  const { run_dir: runDir, namespace, repeat, attempt } = input;
  const place = {
    namespace,
    repeat,
    attempt,
    folder: runPaths.launch(runDir, namespace, repeat, attempt),
    log: runPaths.attemptLog(runDir, namespace, repeat, attempt),
  };
  const until = performance.now() + Math.min(input.wait_ms, longestWaitMs);
  for (;;) {
    // Before reading: what is written after the last look at a living process is not missed.
    const ended = await hasEnded(place);
    const lines = await readLogLines(place.log, { offset: input.offset, limit: partLimitBytes, ended });
    const last = ended && lines.all;
    if (lines.text !== '' || last || performance.now() >= until) {
      return { text: redactSecrets(lines.text), offset: lines.offset, ended: last };
    }
    heartbeat();
    await sleep(lookEveryMs);
  }
}

/** A launch whose folder is gone was discarded; one whose pytest is not started yet will be. */
async function hasEnded(place: Parameters<typeof readLaunch>[0]): Promise<boolean> {
  const launch = await readLaunch(place);
  return launch === null ? !(await pathExists(place.folder)) : launch.end !== null;
}

async function checked(given: ReadLogInput): Promise<ReadLogInput> {
  const parsed = inputSchema.safeParse(given);
  if (!parsed.success) {
    throw new CalibError('invalid-input', `no part of a log: ${messageOf(parsed.error)}`);
  }
  const { run_dir: runDir, session_id: session, namespace } = parsed.data;
  const plan = await readPlan(runDir);
  if (plan.session_id !== session) {
    throw new CalibError(
      'invalid-input',
      `${runDir} is the directory of ${plan.session_id ?? 'no session of calib'}, not of ${session}`,
    );
  }
  if (plan.units?.some((unit) => unit.namespace === namespace) !== true) {
    throw new CalibError('invalid-input', `${runDir} has no unit ${namespace}`);
  }
  return parsed.data;
}
