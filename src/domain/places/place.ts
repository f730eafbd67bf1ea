/** A key of a table, as far as it can be told from the source without running it. */
export type PlaceKey =
  | { kind: 'string'; value: string }
  /** Also the index of a list or tuple. */
  | { kind: 'integer'; value: number }
  | { kind: 'float'; value: number }
  | { kind: 'tuple'; items: PlaceKey[] }
  /** `True`, `None`, or a name whose value is not a number of the module: `Device.H200`. */
  | { kind: 'name'; name: string };

export type PlaceStep =
  | { kind: 'key'; key: PlaceKey }
  /** An attribute of a class, or a field of an instance. */
  | { kind: 'field'; name: string }
  /** One branch of a conditional literal: `if`, `elif`, `elif2`, `else`. */
  | { kind: 'branch'; label: string };

export type RowName = { kind: 'id'; id: string } | { kind: 'index'; index: number };

export type PlaceRoot =
  /** A module-level name: a constant, a class, an instance. */
  | { kind: 'name'; name: string }
  /** A value of one row of `pytest.mark.parametrize`; `test` may be `TestClass::test_name`. */
  | { kind: 'row'; test: string; row: RowName; argument: string }
  /** A keyword argument of a call in a test; `call` counts the calls of this callee with that argument from 1. */
  | { kind: 'call'; test: string; callee: string; call: number; argument: string }
  /** The top of a data file. */
  | { kind: 'document' };

/**
 * Where a number stands: in the module that is meant, or in the file that it names. `file` is as written, usually the
 * base name of a threshold file; null in a Python place that leaves it out.
 */
export interface Place {
  file: string | null;
  root: PlaceRoot;
  steps: PlaceStep[];
}

/** Longest place that is read, characters; anything longer is a mistake or an attack, no person could check it. */
export const maxPlaceLength = 1000;

/** Deepest place: tables of real suites have up to four levels, reference files up to six. */
export const maxPlaceSteps = 24;

/** Endings of files that hold data and no code. */
const dataFile = /\.(?:ya?ml|jsonc?)$/i;

/** Whether a path names a YAML or JSON file, going by its ending. */
export function isDataFile(path: string): boolean {
  return dataFile.test(path);
}

/** A step into a table by a text key, or into a list by a number. */
export function keyStep(key: string | number): PlaceStep {
  return {
    kind: 'key',
    key: typeof key === 'string' ? { kind: 'string', value: key } : { kind: 'integer', value: key },
  };
}

/** Larger files are not read for thresholds: what people keep by hand is a hundredth of it. */
export const maxSourceBytes = 2 * 2 ** 20;
