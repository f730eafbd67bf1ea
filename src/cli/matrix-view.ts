import type { SessionPlan } from '../domain/session/session-plan.ts';
import type { SessionState } from '../domain/session/session-state.ts';
import type { colours } from './output.ts';

/** Room for the matrix, in characters and lines. */
export interface MatrixRoom {
  columns: number;
  rows: number;
}

const indent = 2;
const fewestRows = 3;

/**
 * The strict matrix, a line a stage. Where there are more stages than lines, complete ones give way first; the last line
 * then says how many are not shown.
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
