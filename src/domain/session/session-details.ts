import { openRepeats } from './open-repeats.ts';
import { phaseDuty } from './phase-duty.ts';
import { passOfBudget } from './schedule.ts';
import type { SessionPlan } from './session-plan.ts';
import { type BlockCause, type Phase, type SessionState, isEnd } from './session-state.ts';

/** Distinct words for what is distinct: a spent budget is not a missing worker. */
const blockedWords: Record<BlockCause, string> = {
  'budget-spent': 'BUDGET SPENT',
  'same-failure': 'GAVE UP, the same failure again and again,',
  report: 'BLOCKED',
  directory: 'BLOCKED',
  'no-lane': 'NO LANE LEFT',
  'no-worker': 'NO WORKER',
};

/** What a session does or waits for, as one line. */
export function phaseLine(phase: Phase): string {
  switch (phase.kind) {
    case 'opening':
      return 'opening the run directory';
    case 'prechecking':
      return 'checking the environment';
    case 'calibrating':
      return 'calibrating';
    case 'paused':
      return `paused since ${phase.since}: ${phaseDuty(phase)}`;
    case 'halted':
      return `HALTED since ${phase.since}: ${phase.cause.text}`;
    case 'blocked':
      return `${blockedWords[phase.cause]} since ${phase.since}: ${phase.reason}`;
    case 'reporting':
      return 'writing the report';
    case 'awaiting_decision':
      return `awaiting the decision since ${phase.since}: ${phaseDuty(phase)}`;
    case 'applying':
      return `applying (${phase.mode})`;
    case 'completed':
      return `completed (${phase.decision}, ${phase.applied} literal(s) changed)`;
    case 'aborted':
      return `aborted: ${phase.reason}`;
    case 'failed':
      return `failed: ${phase.reason}`;
  }
}

/** What a session does or waits for, an abort on its way included. */
export function sessionLine({ phase, abort_requested }: SessionState): string {
  return abort_requested === null || isEnd(phase)
    ? phaseLine(phase)
    : `aborting (${abort_requested}): waiting for the running pytest to stop`;
}

/** Cells that are ✓, and all cells. */
export function strictCounts(plan: SessionPlan, state: SessionState): { strict: number; total: number } {
  let strict = 0;
  // Counted anew at every change of a session: by the characters, which takes a seventh of an array of them.
  for (const symbols of Object.values(state.symbols)) {
    for (let index = 0; index < symbols.length; index += 1) if (symbols[index] === '✓') strict += 1;
  }
  return { strict, total: plan.stages.length * plan.repeats };
}

const mostRows = 60;
const mostOpen = 10;

/** The live matrix as Markdown, shown as the workflow's current details. */
export function sessionDetails(plan: SessionPlan, state: SessionState): string {
  const { strict, total } = strictCounts(plan, state);
  const rows = plan.stages
    .slice(0, mostRows)
    .map((stage) => `| ${stage.key} | ${[...(state.symbols[stage.key] ?? '')].join(' ')} |`);
  if (plan.stages.length > mostRows) rows.push(`| … and ${plan.stages.length - mostRows} more | |`);
  const running = state.active.map(
    (active) =>
      `- ${active.waits_for === null ? 'running' : `waiting for ${active.waits_for}`}: ${active.namespace} · repeat ${active.repeat}/${plan.repeats}${active.lane === undefined ? '' : ` on ${active.lane}`} since ${active.started_at}`,
  );
  const open = openRepeats(plan, state)
    .slice(0, mostOpen)
    .map(
      (each) =>
        `- open: ${each.namespace} · repeat ${each.k} after ${each.launches} launch(es): ${each.reason}`,
    );
  const lanes = Object.entries(state.lanes?.quarantined ?? {}).map(
    ([name, { since, reason }]) => `- quarantined: lane ${name} since ${since}: ${reason}`,
  );
  const changes = state.phase.kind === 'completed' ? state.phase.changes.map((line) => `- \`${line}\``) : [];
  const notes = state.notes.slice(-5).map((note) => `- ${note.at} ${note.text}`);
  return [
    `**${sessionLine(state)}**`,
    '',
    ...(changes.length > 0 ? [...changes, ''] : []),
    `${strict}/${total} cells strict ✓ · ${plan.repeats} repeats · commit \`${plan.git_sha}\` · pass ${passOfBudget(state)} of ${plan.policies.max_passes}`,
    ...(running.length + open.length + lanes.length > 0 ? ['', ...running, ...open, ...lanes] : []),
    '',
    '| stage | repeats |',
    '| --- | --- |',
    ...rows,
    ...(notes.length > 0 ? ['', ...notes] : []),
  ].join('\n');
}
