import {
  type HostFact,
  type LaneFact,
  type StatusDocument,
  statusDocument,
} from '../audit/status-document.ts';
import { haltFacts } from '../audit/recorded-halt.ts';
import { haltDetailLines } from '../observation/explain-halt.ts';
import { harmlessMarkdown } from '../untrusted/markdown-text.ts';
import type { Lane } from '../lanes/lanes.ts';
import type { PoolState } from '../pool/pool.ts';
import { utcTimestamp } from '../text.ts';
import { hasNamedLanes, sessionLanes } from '../lanes/session-lanes.ts';
import { matrixFromState } from './matrix.ts';
import { etaSeconds, meanSeconds, openRepeats, passOfBudget, repeatOfKey } from './schedule.ts';
import type { SessionPlan, Unit } from './session-plan.ts';
import { type BlockCause, isEnd, type Phase, type SessionState } from './session-state.ts';

/** What happens next in a phase, or what a person has to do for it. */
export function nextStep(phase: Phase): string {
  switch (phase.kind) {
    case 'opening':
    case 'prechecking':
      return 'repeats are launched after the checks';
    case 'calibrating':
      return 'it goes on until every repeat is complete';
    case 'paused':
      return '`resume` continues';
    case 'halted':
      return 'fix the cause, then `resume`';
    case 'blocked':
      return blockedDuty(phase);
    case 'reporting':
      return 'it asks for a decision when the report is written';
    case 'awaiting_decision':
      return 'decide with `apply`, or purge a repeat';
    case 'applying':
      return 'it ends when the files are written';
    case 'completed':
    case 'aborted':
    case 'failed':
      return 'it no longer accepts commands';
  }
}

function blockedDuty({ cause }: Extract<Phase, { kind: 'blocked' }>): string {
  switch (cause) {
    case 'budget-spent':
      return '`resume` gives a fresh budget, `abort` ends the session';
    case 'same-failure':
      return 'find out why it fails alike every time; then `resume` gives a fresh budget';
    case 'report':
    case 'directory':
      return 'remove the cause, then `resume`';
    case 'no-lane':
      return 'fix the quarantined lanes, then `resume` puts them back in service';
    case 'no-worker':
      return 'start one on that host with `calib worker` (or `calib up`)';
  }
}

/** Distinct words for what is distinct: a spent budget is not a missing worker. */
const blockedWords: Record<BlockCause, string> = {
  'budget-spent': 'BUDGET SPENT',
  'same-failure': 'REPEATED FAILURE',
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
      return `paused since ${phase.since}: ${nextStep(phase)}`;
    case 'halted':
      return `HALTED since ${phase.since}: ${phase.cause.text}`;
    case 'blocked':
      return `${blockedWords[phase.cause]} since ${phase.since}: ${phase.reason}`;
    case 'reporting':
      return 'writing the report';
    case 'awaiting_decision':
      return `awaiting the decision since ${phase.since}: ${nextStep(phase)}`;
    case 'applying':
      return `applying (${phase.mode})`;
    case 'completed':
      if (phase.smoke !== undefined) return phase.smoke.summary;
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
      `- ${active.waits_for === null ? 'running' : `waiting for ${active.waits_for}`}: ${active.namespace} · repeat ${active.repeat}/${plan.repeats}${active.lane === undefined ? '' : ` on ${active.lane}`} since ${active.started_at}${active.starting_since === undefined ? '' : ` — SLOW START-UP: launched at ${active.starting_since}, not ready yet`}`,
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
  const ended = state.phase.kind === 'completed' ? state.phase : null;
  const changes = [...(ended?.changes ?? []), ...(ended?.smoke?.lines ?? [])].map((line) => `- \`${line}\``);
  const notes = state.notes.slice(-5).map((note) => `- ${note.at} ${note.text}`);
  const lines = [
    `**${sessionLine(state)}**`,
    '',
    ...haltDetails(state),
    ...(changes.length > 0 ? [...changes, ''] : []),
    `${strict}/${total} cells strict ✓ · ${plan.repeats} repeats · commit \`${plan.git_sha}\` · pass ${passOfBudget(state)} of ${plan.policies.max_passes}`,
    ...(running.length + open.length + lanes.length > 0 ? ['', ...running, ...open, ...lanes] : []),
    '',
    '| stage | repeats |',
    '| --- | --- |',
    ...rows,
    ...(notes.length > 0 ? ['', ...notes] : []),
  ];
  return harmlessMarkdown(lines.join('\n'));
}

/** How a halt is ended, as a block that no renderer reads anything into. */
function haltDetails({ phase }: SessionState): string[] {
  const lines = phase.kind === 'halted' ? haltDetailLines(phase.cause) : [];
  return lines.length === 0
    ? []
    : ['```text', ...lines.map((line) => line.replaceAll('```', "'''")), '```', ''];
}

const stopped: Phase['kind'][] = ['paused', 'halted', 'blocked'];

/**
 * The `status` document of a running session. What only the GPU host can see (memory, log sizes) is null
 * here; the command line adds what it can see where it runs.
 */
export function sessionStatus(plan: SessionPlan, state: SessionState, now: Date): StatusDocument {
  const { phase } = state;
  return statusDocument(matrixFromState(plan, state), {
    run_dir: plan.run_dir,
    now: utcTimestamp(now),
    gpus: null,
    gpu_error: 'GPUs are not visible to the session: ask `status --run-dir` on the GPU host',
    run_log: state.notes.map((note) => `${note.at} ${note.text}`).join('\n'),
    state: phase.kind,
    active: state.active.map(({ namespace, repeat, started_at, waits_for, lane, starting_since }) => ({
      namespace,
      k: repeat,
      attempt: null,
      started_at,
      log: null,
      log_bytes: null,
      stalled_s: null,
      gpus: null,
      waits_for,
      ...(lane === undefined ? {} : { lane }),
      ...(starting_since === undefined ? {} : { starting_since }),
    })),
    halt:
      stopped.includes(phase.kind) || state.abort_requested !== null
        ? { text: sessionLine(state), ...(phase.kind === 'halted' ? haltFacts(phase.cause) : {}) }
        : null,
    budget: {
      attempts_per_pass: plan.policies.attempts_per_pass,
      max_passes: plan.policies.max_passes,
      pass: state.pass,
      launches: state.launches,
      pass_of_budget: passOfBudget(state),
      open: openRepeats(plan, state),
    },
    eta_s: etaSeconds(plan, state),
    ...(hasNamedLanes(plan) ? { lanes: laneFacts(sessionLanes(plan, state), state) } : {}),
    ...(state.pool === undefined ? {} : { hosts: hostFacts(state.pool) }),
  });
}

function laneFacts(table: readonly Lane[], state: SessionState): LaneFact[] {
  return table.map(({ name, gpus }) => {
    const quarantine = state.lanes?.quarantined[name];
    const taken = state.active.some(({ lane }) => lane === name);
    return {
      name,
      gpus,
      state: quarantine !== undefined ? 'quarantined' : taken ? 'taken' : 'free',
      reason: quarantine?.reason ?? null,
    };
  });
}

function hostFacts({ hosts }: PoolState): HostFact[] {
  return Object.entries(hosts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([host, entry]) => ({
      host,
      state: entry.state,
      since: entry.since,
      run_dir: entry.state === 'joined' ? entry.run_dir : null,
      reason: entry.state === 'joined' ? null : entry.reason,
    }));
}

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
