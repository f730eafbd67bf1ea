import type { Plan } from '../plan/plan.ts';

export interface ConcurrencyWarningOptions {
  plan: Plan;
  stageKey: string;
  /** Outer keys that the stage's literals really use. */
  used: readonly number[];
}

/** Warns when pytest is told another concurrency than the key whose literals are edited (spec 06 §8). */
export function concurrencyWarnings({ plan, stageKey, used }: ConcurrencyWarningOptions): string[] {
  const unit = plan.units?.find((candidate) => candidate.stages.includes(stageKey));
  const passed = passedConcurrency(unit?.pytest_args ?? []);
  const other = [...new Set(used)].filter((key) => passed !== null && key !== passed);
  return other.map(
    (key) =>
      `${stageKey}: pytest is given --concurrency ${passed}, but the literals under key ${key} are edited`,
  );
}

function passedConcurrency(args: readonly string[]): number | null {
  const joined = args.findLast((argument) => argument.startsWith('--concurrency='));
  const separate = args.lastIndexOf('--concurrency');
  const text = joined?.slice('--concurrency='.length) ?? (separate === -1 ? undefined : args[separate + 1]);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
