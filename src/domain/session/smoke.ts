import { counted } from '../text.ts';
import { boundedLines } from './milestones.ts';
import { type RepeatId, setMark } from './schedule.ts';
import type { SessionPlan } from './session-plan.ts';
import type { End, RepeatOutcome, SessionState, SmokeSeen } from './session-state.ts';

/** Lines of one unit that travel and are shown. */
const mostLines = 20;

/** True for a session that launches every unit once, records nothing as a calibration and ends by itself. */
export function isSmoke(plan: Pick<SessionPlan, 'purpose'>): boolean {
  return plan.purpose === 'smoke';
}

/** What is seen of a unit, with its lines bounded. */
export function smokeSeen(ok: boolean, lines: readonly string[]): SmokeSeen {
  return { ok, lines: boundedLines(lines, { mostLines }) };
}

/** What an outcome of `runRepeat` shows of a unit, whether its pytest was launched or not. */
export function seenOf(outcome: RepeatOutcome): SmokeSeen {
  switch (outcome.kind) {
    case 'seen':
      return outcome.seen;
    case 'complete':
      return smokeSeen(true, []);
    case 'halt':
      return smokeSeen(false, [`not launched: ${outcome.cause.text}`]);
    case 'incomplete':
    case 'exhausted':
      return smokeSeen(false, [`not launched: ${outcome.reason}`]);
  }
}

/** Takes what was seen of a unit into the state: it is not launched again. Changes `state`. */
export function recordSeen(state: SessionState, id: RepeatId, seen: SmokeSeen, launches: number): void {
  (state.smoke ??= {})[id.namespace] = seen;
  state.launches += launches;
  setMark(state, id, 'd');
}

/** The end of a smoke: what it saw of every unit, in the plan's order. */
export function smokeEnd(plan: SessionPlan, state: SessionState): Extract<End, { kind: 'completed' }> {
  const units = plan.units.map(({ namespace }) => ({ namespace, seen: state.smoke?.[namespace] }));
  const good = units.filter(({ seen }) => seen?.ok === true).length;
  const lines = units.flatMap(({ namespace, seen }) => [
    `${seen?.ok === true ? '✓' : '✗'} ${namespace}`,
    ...(seen?.lines ?? ['not launched']).map((line) => `    ${line.trim()}`),
  ]);
  const summary = `smoke: ${good} of ${counted(units.length, 'unit')} measured in full; nothing is recorded as a calibration`;
  const smoke = { ok: good === units.length, summary, lines: boundedLines(lines, { mostLines: 200 }) };
  return { kind: 'completed', report: '', decision: 'report', applied: 0, changes: [], smoke };
}
