import { CalibError } from '../calib-error.ts';
import { type Lane, describeLane } from './lane.ts';

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
