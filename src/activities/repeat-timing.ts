import { slowStartupSeconds } from '../domain/pytest/signatures.ts';

/** How often a repeat looks at the world, and how patient it is, in milliseconds. */
export interface RepeatTiming {
  /** Between two looks at GPUs that are not free (spec 05 §7: 5 s). */
  gatePollMs: number;
  /** Between taking a lane and the last look before the launch (spec 05 §7: 3 s). */
  recheckMs: number;
  /** For an answer of `nvidia-smi`: a broken driver lets it hang for ever. */
  driverAnswerMs: number;
  /** Between two tries for a lane without GPUs. */
  slotPollMs: number;
  /** Between two clean-ups of a waiting lane (spec 05 §7: 60 s). */
  cleanupEveryMs: number;
  /** Between two `waiting` lines of one wait (spec 05 §7: 30 s). */
  waitingLineEveryMs: number;
  /** Between two `running` lines. */
  runningLineEveryMs: number;
  /** A start-up that takes longer deserves a warning. */
  slowStartupMs: number;
  /** Between heartbeats while nothing else sends any; a third of the heartbeat timeout. */
  heartbeatEveryMs: number;
  /** Between TERM and KILL. */
  graceMs: number;
  /** After KILL, before a process counts as un-killable (spec 05 §8: 30 s). */
  killWaitMs: number;
  /** Before a repeat that another attempt still works on is asked for again. */
  busyRetryMs: number;
}

export const defaultTiming: RepeatTiming = {
  gatePollMs: 5000,
  recheckMs: 3000,
  driverAnswerMs: 20_000,
  slotPollMs: 250,
  cleanupEveryMs: 60_000,
  waitingLineEveryMs: 30_000,
  runningLineEveryMs: 60_000,
  slowStartupMs: slowStartupSeconds * 1000,
  heartbeatEveryMs: 10_000,
  graceMs: 10_000,
  killWaitMs: 30_000,
  busyRetryMs: 5000,
};
