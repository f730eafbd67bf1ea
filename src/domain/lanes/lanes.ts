import { z } from 'zod';

import { CalibError } from '../calib-error.ts';
import type { Attempt } from '../observation/observation.ts';

/**
 * Gives every row a column of its own so that the costs add up to the least there can be (Hungarian method, with
 * potentials: rows² × columns steps).
 *
 * @param costs one line a row, all of the same length; not more rows than columns
 * @returns the column of each row
 */
export function cheapestAssignment(costs: readonly (readonly number[])[]): number[] {
  const columns = costs[0]?.length ?? 0;
  const rowPotential = new Float64Array(costs.length + 1);
  const columnPotential = new Float64Array(columns + 1);
  // Row and column 0 are none; `rowOf` gives the row, from 1, that has a column.
  const rowOf = new Int32Array(columns + 1);
  for (let row = 1; row <= costs.length; row += 1) {
    rowOf[0] = row;
    const previous = new Int32Array(columns + 1);
    const slack = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
    const visited = new Uint8Array(columns + 1);
    let column = 0;
    do {
      visited[column] = 1;
      const current = rowOf[column] ?? 0;
      let step = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let each = 1; each <= columns; each += 1) {
        if (visited[each] === 1) continue;
        const reduced =
          (costs[current - 1]?.[each - 1] ?? 0) - (rowPotential[current] ?? 0) - (columnPotential[each] ?? 0);
        if (reduced < (slack[each] ?? 0)) {
          slack[each] = reduced;
          previous[each] = column;
        }
        if ((slack[each] ?? 0) < step) {
          step = slack[each] ?? 0;
          next = each;
        }
      }
      shift({ rowPotential, columnPotential, rowOf, slack, visited }, step);
      column = next;
    } while (rowOf[column] !== 0);
    while (column !== 0) {
      const before = previous[column] ?? 0;
      rowOf[column] = rowOf[before] ?? 0;
      column = before;
    }
  }
  const assigned = costs.map(() => -1);
  for (let column = 1; column <= columns; column += 1) {
    const row = rowOf[column] ?? 0;
    if (row > 0) assigned[row - 1] = column - 1;
  }
  return assigned;
}

/** Moves the potentials of what was visited by a step, so that one more column becomes tight. */
function shift(
  search: {
    rowPotential: Float64Array;
    columnPotential: Float64Array;
    rowOf: Int32Array;
    slack: Float64Array;
    visited: Uint8Array;
  },
  step: number,
): void {
  const { rowPotential, columnPotential, rowOf, slack, visited } = search;
  for (let column = 0; column < visited.length; column += 1) {
    if (visited[column] === 1) {
      const row = rowOf[column] ?? 0;
      rowPotential[row] = (rowPotential[row] ?? 0) + step;
      columnPotential[column] = (columnPotential[column] ?? 0) - step;
    } else {
      slack[column] = (slack[column] ?? 0) - step;
    }
  }
}

/** A declared lane: GPUs, and where given CPUs and a cache root, on which one repeat runs at a time. */
export const laneSchema = z.object({
  /** Unique among its host's lanes; part of every record made on it. */
  name: z.string(),
  /** `nvidia-smi` indices, ascending. */
  gpus: z.array(z.number().int().nonnegative()),
  /**
   * GPUs that a repeat may have of any that are free; absent where `gpus` says which. Only lanes of a pool's hosts that
   * declare none have it.
   */
  any_gpus: z.number().int().nonnegative().optional(),
  /** CPU list (`2-15,66-79`) that everything a repeat starts is bound to; absent = no binding. */
  cpus: z.string().optional(),
  /** Absolute folder below which the caches of this lane's repeats are; absent = wherever the environment says. */
  cache_root: z.string().optional(),
});
export type Lane = z.infer<typeof laneSchema>;

/** A lane's name in records: unique among all hosts. */
export function recordedLane(host: string, name: string): string {
  return `${host}/${name}`;
}

/** The name that the host's profile gives a recorded lane. */
export function nameOfLane(recorded: string): string {
  return recorded.slice(recorded.lastIndexOf('/') + 1);
}

/** True when a unit that needs so many GPUs can run on the lane. */
export function fitsLane({ gpus, any_gpus }: Lane, needed: number): boolean {
  return (any_gpus ?? gpus.length) >= needed;
}

/** `lane0 (GPU 0,1; CPUs 2-15)`, for people. */
export function describeLane({ name, gpus, cpus }: Lane): string {
  const parts = [gpus.length === 0 ? 'no GPU' : `GPU ${gpus.join(',')}`];
  if (cpus !== undefined) parts.push(`CPUs ${cpus}`);
  return `${name} (${parts.join('; ')})`;
}

/** The lanes of a session. `table` is absent where none are declared: then any free GPUs are one. */
export interface ChosenLanes {
  count: number;
  table?: Lane[];
}

/**
 * The lanes that `--lanes` leaves of a host's: a count (the first ones), or indices and names (`0,2`, `lane1`). All of
 * them without the option; one lane on any free GPUs where none are declared.
 *
 * @param asked the option's text; null when not given
 * @throws CalibError `invalid-input` when there are no such lanes, or a count is no whole number of at least 1
 */
export function chooseLanes(declared: readonly Lane[], asked: string | null): ChosenLanes {
  const count = asked !== null && /^\d+$/.test(asked) ? Number(asked) : null;
  if (declared.length === 0) {
    if (asked === null) return { count: 1 };
    if (count !== null && count >= 1 && Number.isSafeInteger(count)) return { count };
    throw refused(asked, 'this host declares no lanes: a whole number of at least 1 is wanted');
  }
  const known = `this host has ${declared.map(describeLane).join(', ')}`;
  if (asked === null) return { count: declared.length, table: [...declared] };
  if (count !== null) {
    if (count < 1 || count > declared.length) throw refused(asked, known);
    return { count, table: declared.slice(0, count) };
  }
  const names = new Set(
    asked
      .split(',')
      .map((text) => text.trim())
      .filter(Boolean),
  );
  const table = [...names].map((name) => {
    const lane = /^\d+$/.test(name) ? declared[Number(name)] : declared.find((each) => each.name === name);
    if (lane === undefined) throw refused(asked, known);
    return lane;
  });
  if (table.length === 0) throw refused(asked, known);
  const chosen = declared.filter((lane) => table.includes(lane));
  return { count: chosen.length, table: chosen };
}

/**
 * The units that no lane has GPUs enough for.
 *
 * @throws CalibError `invalid-input` naming them
 */
export function refuseTooLargeUnits(
  table: readonly Lane[] | undefined,
  units: readonly { namespace: string; gpus: number }[],
): void {
  if (table === undefined) return;
  const largest = Math.max(0, ...table.map(({ gpus }) => gpus.length));
  const tooLarge = units.filter(({ gpus }) => gpus > largest);
  if (tooLarge.length === 0) return;
  const names = tooLarge.map(({ namespace, gpus }) => `${namespace} (${gpus})`).join(', ');
  throw new CalibError(
    'invalid-input',
    `no lane has GPUs enough for ${names}; the session's lanes: ${table.map(describeLane).join(', ')}`,
    { remedy: 'declare a larger lane in the host profile, or name one with --lanes' },
  );
}

function refused(asked: string, valid: string): CalibError {
  return new CalibError('invalid-input', `--lanes ${asked}: ${valid}`, {
    remedy: 'give a count (2), indices (0,2) or names (lane1)',
  });
}

const largestCpu = 65_535;

/**
 * The CPU numbers of a list such as `2-15,66-79` (the kernel's and `taskset -c`'s form), ascending; null when it is not
 * one, runs backwards, or names a CPU twice.
 */
export function parseCpuList(text: string): number[] | null {
  const cpus: number[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
    if (match === null) return null;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first || last > largestCpu) return null;
    for (let cpu = first; cpu <= last; cpu += 1) cpus.push(cpu);
  }
  return new Set(cpus).size === cpus.length ? cpus.sort((a, b) => a - b) : null;
}

/** The shortest list of these CPUs: `2-15,66`. */
export function formatCpuList(cpus: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const cpu of cpus.toSorted((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range !== undefined && cpu === range.last + 1) range.last = cpu;
    else ranges.push({ first: cpu, last: cpu });
  }
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/** What one launch says about the lane that it ran on. */
export interface LaneTry {
  /** The attempt's number: the same try may be told twice. */
  n: number;
  /** Name of the lane in its host's profile. */
  lane: string;
  /** An infra failure, for the lane's account until the same happens elsewhere. */
  failed: boolean;
  /** It did not give its GPUs back, or left a process that nothing ends. */
  dirty: boolean;
  reason: string;
}

/** The beginnings of what `endLaunch` says of a lane that was not given back. */
const dirtySigns = ['GPU memory not released', 'could not be ended'];

/** What these attempts say about their lanes; those that never got one say nothing. */
export function laneTries(attempts: readonly Attempt[]): LaneTry[] {
  return attempts.flatMap(({ n, lane, outcome, reason, notes, after_results }) => {
    if (lane === undefined || outcome === 'aborted') return [];
    const sign = [reason, ...notes].find((text) =>
      dirtySigns.some((beginning) => text.startsWith(beginning)),
    );
    // A suite that dies while it shuts down does so everywhere: no fault of the lane.
    const failed = outcome === 'infra' && after_results === undefined;
    return [{ n, lane: nameOfLane(lane), failed, dirty: sign !== undefined, reason: sign ?? reason }];
  });
}
