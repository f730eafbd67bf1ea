import { waitingLine } from '../domain/observation/milestones.ts';
import type { RepeatHeartbeat } from './activity-types.ts';
import { type Repeat, logLines } from './repeat.ts';

export interface Wait {
  waitedMs: number;
  text: string;
}

/** Tells what a repeat waits for: by heartbeat at each look, in `run.log` at once and then every half minute. */
export function waitReporter(
  repeat: Repeat,
  beat: Pick<RepeatHeartbeat, 'state' | 'attempt' | 'launch_dir' | 'lane'>,
): (wait: Wait) => Promise<void> {
  let nextLineMs = 0;
  return async ({ waitedMs, text }) => {
    repeat.heartbeats.say({ ...beat, text, seconds: Math.round(waitedMs / 1000) });
    if (waitedMs < nextLineMs) return;
    nextLineMs = waitedMs + repeat.timing.waitingLineEveryMs;
    await logLines(repeat, waitingLine(repeat.label, { waitedSeconds: waitedMs / 1000, text }));
  };
}
