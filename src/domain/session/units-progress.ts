import type { Unit } from '../plan/unit.ts';
import { meanSeconds } from './known-seconds.ts';
import { repeatOfKey } from './schedule.ts';
import type { SessionPlan } from './session-plan.ts';
import type { SessionState } from './session-state.ts';

export interface UnitProgress extends Pick<Unit, 'namespace' | 'test' | 'env' | 'gpus' | 'stages'> {
  /** Per repeat: `pending`, `running`, `done`, `open` (failed in this pass) or `halted`. */
  repeats: string[];
  /** Why open repeats are open, by k. */
  open: Record<string, string>;
  /** Mean pytest seconds of the complete repeats; null before the first. */
  mean_s: number | null;
}

const markWords: Record<string, string> = {
  '.': 'pending',
  r: 'running',
  d: 'done',
  o: 'open',
  h: 'halted',
};

/** The answer of the `units` query: what each pytest invocation covers and how far its repeats are. */
export function unitsProgress(plan: SessionPlan, state: SessionState): UnitProgress[] {
  const reasons = new Map<string, Record<string, string>>();
  for (const [key, { reason }] of Object.entries(state.open)) {
    const { namespace, repeat } = repeatOfKey(key);
    reasons.set(namespace, { ...reasons.get(namespace), [String(repeat)]: reason });
  }
  return plan.units.map((unit) => {
    return {
      namespace: unit.namespace,
      test: unit.test,
      env: unit.env,
      gpus: unit.gpus,
      stages: unit.stages,
      repeats: [...(state.marks[unit.namespace] ?? '')].map((mark) => markWords[mark] ?? mark),
      open: reasons.get(unit.namespace) ?? {},
      mean_s: meanSeconds(state, unit.namespace),
    };
  });
}
