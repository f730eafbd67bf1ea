import type { Command } from './commands.ts';
import type { RepeatId } from './schedule.ts';
import type { SessionPlan } from './session-plan.ts';

export type PurgeCommand = Extract<Command, { kind: 'purge' }>;

/** The whole pytest repeats that a purge of one stage or test file means (all stages of the unit, spec 05 §5). */
export function purgeTargets(
  plan: SessionPlan,
  command: PurgeCommand,
): { ok: true; ids: RepeatId[] } | { ok: false; message: string } {
  const { stage, test, repeat } = command;
  if ((stage === undefined) === (test === undefined)) {
    return { ok: false, message: 'purge takes either a stage or a test file' };
  }
  if (repeat > plan.repeats) {
    return { ok: false, message: `repeat ${repeat} does not exist: the session has 1 to ${plan.repeats}` };
  }
  const units = plan.units.filter((unit) =>
    stage === undefined
      ? unit.test === test || unit.test.endsWith(`/${test}`) || unit.namespace === test
      : unit.stages.includes(stage),
  );
  if (units.length > 0) return { ok: true, ids: units.map(({ namespace }) => ({ namespace, repeat })) };
  return stage === undefined
    ? { ok: false, message: `no test file ${test}; known: ${unique(plan.units.map((unit) => unit.test))}` }
    : { ok: false, message: `no stage ${stage}; known: ${unique(plan.stages.map(({ key }) => key))}` };
}

function unique(names: string[]): string {
  return [...new Set(names)].sort().join(', ');
}
