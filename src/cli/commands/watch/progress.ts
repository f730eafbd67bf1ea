import { createLogUpdate } from 'log-update';

import { nameOfLane } from '../../../domain/lanes/lanes.ts';
import { harmlessForTerminal } from '../../../domain/untrusted/harmless-text.ts';
import { quarantineText } from '../../../domain/lanes/session-lanes.ts';
import { etaSeconds } from '../../../domain/session/schedule.ts';
import type { SessionPlan } from '../../../domain/session/session-plan.ts';
import type { ActiveRepeat, SessionState } from '../../../domain/session/session-state.ts';
import { sessionLine, strictCounts } from '../../../domain/session/session-view.ts';
import { utcTimestamp } from '../../../domain/text.ts';
import { answerJson, colours, note } from '../../output.ts';
import type { LiveRepeat } from '../../session/live-repeats.ts';

/** Room for the matrix, in characters and lines. */
export interface MatrixRoom {
  columns: number;
  rows: number;
}

const indent = 2;
const fewestRows = 3;

/**
 * The strict matrix, a line a stage. Where there are more stages than lines, complete ones give way first; the last
 * line then says how many are not shown.
 */
export function renderMatrix(
  plan: SessionPlan,
  state: SessionState,
  room: MatrixRoom,
  colour: ReturnType<typeof colours>,
): string[] {
  const keys = plan.stages.map((stage) => stage.key);
  const rows = Math.max(fewestRows, room.rows);
  const shown = new Set(keys.length <= rows ? keys : mostTelling(keys, state, rows - 1));
  const gap =
    indent + Math.max(...keys.map((key) => key.length)) + 2 + 2 * plan.repeats <= room.columns ? ' ' : '';
  const cellsWidth = plan.repeats * (1 + gap.length);
  const width = Math.max(
    8,
    Math.min(Math.max(...keys.map((key) => key.length)), room.columns - indent - 2 - cellsWidth),
  );
  const paint: Record<string, (text: string) => string> = {
    '✓': colour.green,
    '△': colour.yellow,
    '✗': colour.red,
    '—': colour.dim,
  };
  const lines = keys
    .filter((key) => shown.has(key))
    .map((key) => {
      const cells = [...(state.symbols[key] ?? '')].map((symbol) => (paint[symbol] ?? String)(symbol));
      return `${' '.repeat(indent)}${shortened(key, width).padEnd(width)}  ${cells.join(gap)}`;
    });
  const hidden = keys.filter((key) => !shown.has(key));
  if (hidden.length === 0) return lines;
  const complete = hidden.filter((key) => isComplete(state, key)).length;
  return [...lines, `${' '.repeat(indent)}… and ${hidden.length} more stages, ${complete} of them complete`];
}

function mostTelling(keys: string[], state: SessionState, count: number): string[] {
  const open = keys.filter((key) => !isComplete(state, key));
  const complete = keys.filter((key) => isComplete(state, key));
  return [...open, ...complete].slice(0, count);
}

function isComplete(state: SessionState, key: string): boolean {
  return [...(state.symbols[key] ?? '—')].every((symbol) => symbol === '✓');
}

/** Keys differ at both ends (test and group): the middle goes. */
function shortened(key: string, width: number): string {
  if (key.length <= width) return key;
  const tail = Math.floor((width - 1) / 2);
  return `${key.slice(0, width - 1 - tail)}…${key.slice(key.length - tail)}`;
}

/** One look at a session. */
export interface Progress {
  plan: SessionPlan;
  state: SessionState;
  /** What its pending repeats do or wait for. */
  live: readonly LiveRepeat[];
  /** The newest lines of `run.log`, where the run directory is on this host. */
  milestones?: readonly string[];
  now: Date;
}

export interface ViewSize {
  columns: number;
  rows: number;
}

/** Milestones of a terminal's view; a low terminal keeps its rows for the matrix. */
const mostMilestones = 4;
const rowsForMilestones = 20;

/** `18/33 strict ✓`. */
export function strictText({ plan, state }: Progress): string {
  const { strict, total } = strictCounts(plan, state);
  return `${strict}/${total} strict ✓`;
}

/** Equal for two looks between which nothing happened that is worth a line. */
export function changeKey({ state, live }: Progress): string {
  const signs = live.map(({ heartbeat, queued, lastFailure }) => [
    heartbeat?.state === 'waiting',
    heartbeat?.attempt,
    heartbeat?.starting_s !== undefined,
    queued && lastFailure !== null,
  ]);
  return JSON.stringify([state.phase, state.symbols, state.active, state.pass, signs]);
}

/** One line for logs and pipes. */
export function progressLine(progress: Progress): string {
  const { plan, state, now } = progress;
  const parts = [utcTimestamp(now), strictText(progress), sessionLine(state)];
  for (const active of state.active) {
    parts.push(`${activeText(progress, active)} (${elapsed(active.started_at, now)})`);
  }
  parts.push(...waitingTexts(progress), ...quarantineTexts(state), ...hostTexts(progress));
  const eta = etaSeconds(plan, state);
  if (eta !== null && eta > 0) parts.push(`ETA ${duration(eta)}`);
  return parts.join('  ');
}

/** One JSON value for programs. */
export function progressEvent({ plan, state, live, now }: Progress): Record<string, unknown> {
  return {
    at: utcTimestamp(now),
    session: plan.session_id,
    state: state.phase.kind,
    ...strictCounts(plan, state),
    active: state.active.map(({ namespace, repeat, started_at, lane }) => ({
      namespace,
      repeat,
      started_at,
      ...(lane === undefined ? {} : { lane }),
    })),
    repeats: live.map(({ heartbeat, queued, lastFailure }) => ({
      queued,
      last_failure: lastFailure,
      ...heartbeat,
    })),
    eta_s: etaSeconds(plan, state),
  };
}

/** The whole view for a terminal: counts, phase, matrix, what runs, what is waited for, and what happened last. */
export function progressLines(
  progress: Progress,
  size: ViewSize,
  colour: ReturnType<typeof colours>,
): string[] {
  const { plan, state, now } = progress;
  const eta = etaSeconds(plan, state);
  const head = [
    strictText(progress),
    `elapsed ${elapsed(state.started_at, now)}`,
    ...(eta !== null && eta > 0 ? [`ETA ${duration(eta)}`] : []),
    `commit ${plan.git_sha.slice(0, 12)}`,
  ].join(' · ');
  const phase = sessionLine(state);
  const running = [
    ...state.active.map(
      (active) => `  running ${activeText(progress, active)} · ${elapsed(active.started_at, now)}`,
    ),
    ...[...waitingTexts(progress), ...quarantineTexts(state), ...hostTexts(progress)].map(
      (text) => `  ${text}`,
    ),
  ];
  const milestones = size.rows < rowsForMilestones ? [] : (progress.milestones ?? []).slice(-mostMilestones);
  const below = [running, milestones]
    .map((part) => part.flatMap((line) => wrapped(line, size.columns)))
    .filter((part) => part.length > 0)
    .map((part) => ['', ...part]);
  const taken = 2 + Math.ceil(phase.length / size.columns) + below.flat().length;
  return [
    colour.bold(fitted(head, size.columns)),
    state.phase.kind === 'halted' || state.phase.kind === 'blocked' ? colour.red(phase) : phase,
    '',
    ...renderMatrix(plan, state, { columns: size.columns, rows: size.rows - taken - 1 }, colour),
    ...below.flat(),
  ];
}

function activeText({ plan, live }: Progress, { namespace, repeat, lane: meantFor }: ActiveRepeat): string {
  const sign = live.find(({ key }) => key === `${namespace}#${repeat}`)?.heartbeat;
  const parts = [`${namespace} · repeat ${repeat}/${plan.repeats}`];
  const lane = sign?.lane ?? meantFor;
  if (lane !== undefined) parts.push(`lane ${plan.pool === undefined ? nameOfLane(lane) : lane}`);
  if (sign != null && sign.attempt > 1) parts.push(`attempt ${sign.attempt}`);
  if (sign?.starting_s !== undefined)
    parts.push(`SLOW START-UP: not ready after ${duration(sign.starting_s)}`);
  if (sign?.state === 'running' && (sign.silent_s ?? 0) >= 60) {
    parts.push(`log silent for ${duration(sign.silent_s ?? 0)}`);
    if (sign.processes !== undefined) parts.push(sign.processes);
  }
  return parts.join(' · ');
}

function quarantineTexts(state: SessionState): string[] {
  const text = quarantineText(state);
  return text === '' ? [] : [`quarantined lanes: ${text}; \`resume\` brings them back`];
}

/** The hosts of the pool that do not take part, and why; that nobody does. */
function hostTexts({ plan, state }: Progress): string[] {
  const hosts = Object.entries(state.pool?.hosts ?? {});
  const absent = hosts.flatMap(([host, entry]) =>
    entry.state === 'joined' ? [] : [`host ${host} is ${entry.state}: ${entry.reason}`],
  );
  const nobody = state.pool !== undefined && absent.length === hosts.length && isUnderWay(state);
  return nobody ? [...absent, `no host of pool ${plan.pool ?? ''} takes part yet`] : absent;
}

function isUnderWay({ phase }: SessionState): boolean {
  return phase.kind === 'calibrating';
}

function waitingTexts({ plan, live }: Progress): string[] {
  return live.flatMap(({ heartbeat, queued, lastFailure }) => {
    if (queued && lastFailure !== null)
      return [`waiting for the next attempt, after: ${firstLine(lastFailure)}`];
    if (queued) return [`waiting for a free lane of a worker on ${plan.task_queues.repeats}`];
    if (heartbeat?.state !== 'waiting') return [];
    return [`waiting ${duration(heartbeat.seconds)}: ${heartbeat.text}`];
  });
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function fitted(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}

const continued = '    ';
const mostRowsOfLine = 6;

/** A line over as many rows as it needs: what stands at its end is often the remedy. Of an endless one the middle goes. */
function wrapped(line: string, columns: number): string[] {
  const width = Math.max(20, columns);
  if (line.length <= width) return [line];
  const rest = width - continued.length;
  const room = width + rest * (mostRowsOfLine - 1);
  const kept = line.length <= room ? line : `${line.slice(0, width)}… ${line.slice(-(room - width - 2))}`;
  const rows = [kept.slice(0, width)];
  for (let at = width; at < kept.length; at += rest) rows.push(`${continued}${kept.slice(at, at + rest)}`);
  return rows;
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

export interface ProgressDisplay {
  show: (progress: Progress) => void;
  close: () => void;
}

/** A redrawn view on a terminal, one line per change elsewhere, one JSON line per change with `json`. */
export function createProgressDisplay(json: boolean): ProgressDisplay {
  if (!json && process.stderr.isTTY) return redrawn();
  let last = '';
  let lastAt = 0;
  return {
    show: (progress) => {
      const change = changeKey(progress);
      const at = progress.now.getTime();
      if (change === last && at - lastAt < longestSilenceMs(progress)) return;
      last = change;
      lastAt = at;
      if (json) answerJson(progressEvent(progress), 'line');
      else note(progressLine(progress));
    },
    close: () => undefined,
  };
}

/** A minute, or less where the host profile says so. */
function longestSilenceMs({ plan }: Progress): number {
  return Math.min(plan.policies.progress_s ?? 60, 60) * 1000;
}

function redrawn(): ProgressDisplay {
  const stream = process.stderr;
  const draw = createLogUpdate(stream);
  let title = '';
  return {
    show: (progress) => {
      const size = { columns: stream.columns || 80, rows: stream.rows || 24 };
      draw(harmlessForTerminal(progressLines(progress, size, colours(stream)).join('\n')));
      const { kind } = progress.state.phase;
      const waits = ['halted', 'blocked', 'awaiting_decision'].includes(kind);
      const wanted = `calib: ${waits ? kind : strictText(progress)}`;
      if (wanted === title) return;
      title = wanted;
      // Window title; and a bell where a person has to act.
      stream.write(`\u001b]0;${title}\u0007${waits ? '\u0007' : ''}`);
    },
    close: () => draw.done(),
  };
}
