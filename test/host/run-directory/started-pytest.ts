import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';

import { onTestFinished } from 'vitest';

import { launchFiles } from '../../../src/host/process/launch-files.ts';
import { readBootId, readProcessStat } from '../../../src/host/process/identity.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { writeJson, writeText } from '../../fixtures/write-text.ts';

export interface PytestPlace {
  runDir: string;
  namespace: string;
  repeat: number;
  attempt: number;
}

/** A living process that a launch folder names as its pytest; the test writes its log and says when it ends. */
export async function startPytest(place: PytestPlace, startedAt = new Date()) {
  const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  const { runDir, namespace, repeat, attempt } = place;
  const folder = runPaths.launch(runDir, namespace, repeat, attempt);
  const log = runPaths.attemptLog(runDir, namespace, repeat, attempt);
  writeText(log, '');
  writeJson(launchFiles.identity(folder), {
    schema: 'calib.launch/1',
    token: 'token-1',
    boot_id: readBootId(),
    // The test itself: it records the end, as a supervisor does.
    supervisor: identityOf(process.pid),
    child: identityOf(child.pid ?? 0),
    started_at: seconds(startedAt),
    command: ['cat'],
  });
  const end = async (exitCode = 0, at = new Date()): Promise<void> => {
    child.stdin.end();
    await ended;
    writeJson(launchFiles.exit(folder), {
      schema: 'calib.launch-exit/1',
      token: 'token-1',
      exit_code: exitCode,
      signal: null,
      started_at: seconds(startedAt),
      ended_at: seconds(at),
      duration_s: 1,
      stop: null,
      start_error: null,
    });
  };
  onTestFinished(async () => {
    child.stdin.end();
    await ended;
  });
  return { folder, log, write: (text: string) => appendFileSync(log, text), end };
}

function identityOf(pid: number): { pid: number; start_ticks: number } {
  return { pid, start_ticks: readProcessStat(pid)?.start_ticks ?? 0 };
}

function seconds(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}
