import { createLogUpdate } from 'log-update';

import { utcTimestamp } from '../domain/clock.ts';
import { phaseLine, strictCounts } from '../domain/session/session-details.ts';
import { etaSeconds } from '../domain/session/session-eta.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import type { SessionState } from '../domain/session/session-state.ts';
import { answerJson, colours, note } from './output.ts';

/** Longest silence of the line-by-line view (spec 05 §11: 60 s). */
const LINE_EVERY_MS = 60_000;

export interface ProgressDisplay {
  show: (plan: SessionPlan, state: SessionState, now: Date) => void;
  close: () => void;
}

/** A redrawn view on a terminal, one line per change elsewhere, one JSON line per change with `json`. */
export function createProgressDisplay(json: boolean): ProgressDisplay {
  if (!json && process.stderr.isTTY) return redrawn();
  let last = '';
  let lastAt = 0;
  return {
    show: (plan, state, now) => {
      const line = progressLine(plan, state, now);
      const change = JSON.stringify([state.phase, state.symbols, state.active, state.pass]);
      if (change === last && now.getTime() - lastAt < LINE_EVERY_MS) return;
      last = change;
      lastAt = now.getTime();
      if (json) answerJson(progressEvent(plan, state, now), 'line');
      else note(line);
    },
    close: () => undefined,
  };
}

function redrawn(): ProgressDisplay {
  const draw = createLogUpdate(process.stderr);
  let title = '';
  return {
    show: (plan, state, now) => {
      draw(progressLines(plan, state, now).join('\n'));
      const waits = ['halted', 'blocked', 'awaiting_decision'].includes(state.phase.kind);
      const wanted = waits ? `calib: ${state.phase.kind}` : `calib: ${strictText(plan, state)}`;
      if (wanted !== title) {
        title = wanted;
        // Window title; and a bell where a person has to act.
        process.stderr.write(`\u001b]0;${title}\u0007${waits ? '\u0007' : ''}`);
      }
    },
    close: () => draw.done(),
  };
}

function progressEvent(plan: SessionPlan, state: SessionState, now: Date): Record<string, unknown> {
  return {
    at: utcTimestamp(now),
    session: plan.session_id,
    state: state.phase.kind,
    ...strictCounts(plan, state),
    active: state.active.map(({ namespace, repeat, started_at }) => ({ namespace, repeat, started_at })),
    eta_s: etaSeconds(plan, state),
  };
}

function strictText(plan: SessionPlan, state: SessionState): string {
  const { strict, total } = strictCounts(plan, state);
  return `${strict}/${total} strict ✓`;
}

function progressLine(plan: SessionPlan, state: SessionState, now: Date): string {
  const parts = [utcTimestamp(now), strictText(plan, state), phaseLine(state.phase)];
  for (const { namespace, repeat, started_at } of state.active) {
    parts.push(`${namespace} · repeat ${repeat}/${plan.repeats} (${elapsed(started_at, now)})`);
  }
  const eta = etaSeconds(plan, state);
  if (eta !== null && eta > 0) parts.push(`ETA ${duration(eta)}`);
  return parts.join('  ');
}

/** The whole view: matrix, what runs, elapsed, ETA, what it waits for. */
export function progressLines(plan: SessionPlan, state: SessionState, now: Date): string[] {
  const colour = colours(process.stderr);
  const width = Math.max(...plan.stages.map((stage) => stage.key.length));
  const paint: Record<string, (text: string) => string> = {
    '✓': colour.green,
    '△': colour.yellow,
    '✗': colour.red,
    '—': colour.dim,
  };
  const rows = plan.stages.map((stage) => {
    const cells = [...(state.symbols[stage.key] ?? '')].map((symbol) => (paint[symbol] ?? String)(symbol));
    return `  ${stage.key.padEnd(width)}  ${cells.join(' ')}`;
  });
  const eta = etaSeconds(plan, state);
  const head = [
    colour.bold(strictText(plan, state)),
    `elapsed ${elapsed(state.started_at, now)}`,
    ...(eta !== null && eta > 0 ? [`ETA ${duration(eta)}`] : []),
    `commit ${plan.git_sha.slice(0, 12)}`,
  ];
  const running = state.active.map(
    ({ namespace, repeat, started_at }) =>
      `  running ${namespace} · repeat ${repeat}/${plan.repeats} (${elapsed(started_at, now)})`,
  );
  return [
    head.join(' · '),
    phaseLine(state.phase),
    '',
    ...rows,
    ...(running.length > 0 ? ['', ...running] : []),
  ];
}

function elapsed(since: string, now: Date): string {
  return duration(Math.max(0, Math.round((now.getTime() - Date.parse(since)) / 1000)));
}

/** `3 h 05 min`, `4 min 10 s`, `12 s`. */
function duration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (hours > 0) return `${hours} h ${String(minutes).padStart(2, '0')} min`;
  return minutes > 0 ? `${minutes} min ${String(seconds % 60).padStart(2, '0')} s` : `${seconds} s`;
}
