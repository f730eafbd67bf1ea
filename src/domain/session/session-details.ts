import type { SessionPlan } from './session-plan.ts';
import type { Phase, SessionState } from './session-state.ts';

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
      return `paused since ${phase.since}: resume to go on`;
    case 'halted':
      return `HALTED since ${phase.since}: ${phase.cause.text}`;
    case 'blocked':
      return `blocked since ${phase.since}: ${phase.reason}`;
    case 'reporting':
      return 'writing the report';
    case 'awaiting_decision':
      return `awaiting the decision since ${phase.since}`;
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

/** Cells that are ✓, and all cells. */
export function strictCounts(plan: SessionPlan, state: SessionState): { strict: number; total: number } {
  let strict = 0;
  for (const symbols of Object.values(state.symbols)) {
    strict += [...symbols].filter((symbol) => symbol === '✓').length;
  }
  return { strict, total: plan.stages.length * plan.repeats };
}

const MOST_ROWS = 60;

/** The live matrix as Markdown, shown as the workflow's current details. */
export function sessionDetails(plan: SessionPlan, state: SessionState): string {
  const { strict, total } = strictCounts(plan, state);
  const rows = plan.stages
    .slice(0, MOST_ROWS)
    .map((stage) => `| ${stage.key} | ${[...(state.symbols[stage.key] ?? '')].join(' ')} |`);
  if (plan.stages.length > MOST_ROWS) rows.push(`| … and ${plan.stages.length - MOST_ROWS} more | |`);
  const running = state.active.map(
    (active) =>
      `- running: ${active.namespace} · repeat ${active.repeat}/${plan.repeats} since ${active.started_at}`,
  );
  const notes = state.notes.slice(-5).map((note) => `- ${note.at} ${note.text}`);
  return [
    `**${phaseLine(state.phase)}**`,
    '',
    `${strict}/${total} cells strict ✓ · ${plan.repeats} repeats · commit \`${plan.git_sha}\` · pass ${state.pass}`,
    ...(running.length > 0 ? ['', ...running] : []),
    '',
    '| stage | repeats |',
    '| --- | --- |',
    ...rows,
    ...(notes.length > 0 ? ['', ...notes] : []),
  ].join('\n');
}
