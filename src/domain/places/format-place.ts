import { pythonFloatText } from '../numbers/python-numbers.ts';
import {
  isDataFile,
  type Place,
  type PlaceKey,
  type PlaceRoot,
  type PlaceStep,
  type RowName,
} from './place.ts';

/**
 * Spells a place, the one way that `stages.yaml`, the apply plan, messages and options use; `parsePlace` reads it back.
 * A `file` that names data is written in front, `refs.yaml::a.b[0]`; so is one of a Python place that has it.
 */
export function formatPlace({ file, root, steps }: Place): string {
  const prefix = file === null ? '' : `${file}::`;
  if (root.kind === 'document') {
    return `${prefix}${formatDataPath(steps)}`;
  }
  return `${prefix}${formatRoot(root)}${steps.map(formatStep).join('')}`;
}

/** The path inside a data file: `acme/alder-8b[0].accuracy`. */
export function formatDataPath(steps: readonly PlaceStep[]): string {
  return steps.reduce((text, step, at) => appendDataStep(text, step, at === 0), '');
}

/** A path inside a data file with one more step. */
export function appendDataStep(text: string, step: PlaceStep, isFirst: boolean): string {
  return step.kind === 'key' && step.key.kind === 'string' && isBareDataKey(step.key.value)
    ? `${text}${isFirst ? '' : '.'}${step.key.value}`
    : `${text}${formatStep(step)}`;
}

/** A table's key as Python writes it. */
export function formatKey(key: PlaceKey): string {
  switch (key.kind) {
    case 'string':
      return quotePlaceText(key.value);
    case 'integer':
      return String(key.value);
    case 'float':
      return pythonFloatText(key.value);
    case 'tuple':
      return `(${key.items.map(formatKey).join(', ')}${key.items.length === 1 ? ',' : ''})`;
    case 'name':
      return key.name;
  }
}

/**
 * Whether two places are the same number. A place without a file means the file at hand, and a file is known by its last
 * part: catalogs name it from the root of the repository, places mostly by its base name.
 */
export function isSamePlace(left: Place, right: Place): boolean {
  const [one, other] = [
    { ...left, file: null },
    { ...right, file: null },
  ];
  return formatPlace(one) === formatPlace(other) && isSameFile(left.file, right.file);
}

function isSameFile(left: string | null, right: string | null): boolean {
  if (left === null || right === null) {
    return true;
  }
  const [long, short] = left.length >= right.length ? [left, right] : [right, left];
  return long === short || long.endsWith(`/${short}`);
}

/** The place as seen from its file: with the base name in front where the file is data, without it in Python. */
export function placeInFile(path: string, place: Place): Place {
  const base = path.slice(path.lastIndexOf('/') + 1);
  return { ...place, file: isDataFile(path) ? base : null };
}

function formatRoot(root: Exclude<PlaceRoot, { kind: 'document' }>): string {
  switch (root.kind) {
    case 'name':
      return root.name;
    case 'row':
      return `${root.test}[${formatRow(root.row)}]::${root.argument}`;
    case 'call': {
      const which = root.call === 1 ? '' : `[${root.call}]`;
      return `${root.test}::${root.callee}${which}(${root.argument})`;
    }
  }
}

function formatRow(row: RowName): string {
  if (row.kind === 'index') {
    return `#${row.index}`;
  }
  return isBareRowId(row.id) ? row.id : quotePlaceText(row.id);
}

/** One step of a place in a Python file. */
export function formatStep(step: PlaceStep): string {
  switch (step.kind) {
    case 'key':
      return `[${formatKey(step.key)}]`;
    case 'field':
      return `.${step.name}`;
    case 'branch':
      return `@${step.label}`;
  }
}

/** An id that cannot be taken for the end of its brackets, a number of a row, or a quoted text. */
export function isBareRowId(id: string): boolean {
  return (
    /^(?!['"#\s])[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+(?<!\s)$/u.test(id) && !id.includes('::') && !id.endsWith(']')
  );
}

/** A key of a data file that is written as it is. */
export function isBareDataKey(key: string): boolean {
  return /^[^.[\]'"@\s\p{Cc}\p{Cs}](?:[^.[\]\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*[^.[\]\s\p{Cc}\p{Cs}])?$/u.test(key);
}

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A text in single quotes, on one line; escapes are those that Python has as well. */
export function quotePlaceText(text: string): string {
  if (/^[\w .:/-]*$/.test(text)) {
    return `'${text}'`;
  }
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
      const code = (character.codePointAt(0) ?? 0).toString(16);
      return shortEscapes[character] ?? `\\u${code.padStart(4, '0')}`;
    });
  return `'${escaped}'`;
}
