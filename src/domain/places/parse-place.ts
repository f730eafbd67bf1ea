import { parsePythonNumber } from '../numbers/python-numbers.ts';
import { isBareDataKey, isBareRowId } from './format-place.ts';
import {
  isDataFile,
  keyStep,
  maxPlaceLength,
  maxPlaceSteps,
  type Place,
  type PlaceKey,
  type PlaceRoot,
  type PlaceStep,
  type RowName,
} from './place.ts';

/** The spellings that are read, for messages. */
export const placeForms =
  "X, X['key'][0], Class.field, test_x[row id]::argument, test_x::function(argument), or file.yaml::key[0].key";

const name = String.raw`[\p{L}_][\p{L}\p{N}_]*`;
const namePattern = new RegExp(`^${name}$`, 'u');
const dotted = String.raw`${name}(?:\.${name})*`;
const filePrefix = /^([^[\]()'"]*?[^[\]()'"/]\.(?:ya?ml|jsonc?|py))::/i;
const rowHead = new RegExp(`^(${name}(?:::${name})*)\\[`, 'u');
const rowArgument = new RegExp(`^\\]::(${name})`, 'u');
const callHead = new RegExp(
  `^(${name}(?:::${name})*)::(${dotted})(?:\\[([1-9]\\d{0,5})\\])?\\((${name})\\)`,
  'u',
);
const nameHead = new RegExp(`^${name}`, 'u');
const nextKey = /^[^.[\]]+/;

/**
 * Reads a place as {@link formatPlace} writes it, and a few looser spellings of keys (double quotes, white space).
 *
 * @param text one place; `file.yaml::` or `file.py::` in front names its file
 * @param file the file that is meant where the text names none: a path inside a data file can only be told by it
 * @returns null for anything else, also for what is longer or deeper than the bounds
 */
export function parsePlace(text: string, file: string | null = null): Place | null {
  if (text.length > maxPlaceLength) {
    return null;
  }
  const own = filePrefix.exec(text)?.[1] ?? null;
  const rest = own === null ? text : text.slice(own.length + 2);
  const meant = own ?? file;
  if (meant !== null && isDataFile(meant)) {
    const steps = parseDataPath(rest);
    return steps === null ? null : { file: meant, root: { kind: 'document' }, steps };
  }
  const python = parsePythonPlace(rest);
  return python === null ? null : { file: own, ...python };
}

function parsePythonPlace(text: string): Omit<Place, 'file'> | null {
  for (const read of [readRow, readCall, readName]) {
    const head = read(text);
    const steps = head === null ? null : parseSteps(text.slice(head.length));
    if (head !== null && steps !== null) {
      return { root: head.root, steps };
    }
  }
  return null;
}

interface Head {
  root: PlaceRoot;
  /** Characters that it takes. */
  length: number;
}

function readRow(text: string): Head | null {
  const head = rowHead.exec(text);
  const test = head?.[1];
  const row = head === null ? null : readRowName(text.slice(head[0].length));
  if (head === null || test === undefined || row === null) {
    return null;
  }
  const at = head[0].length + row.length;
  const tail = rowArgument.exec(text.slice(at));
  const argument = tail?.[1];
  return tail === null || argument === undefined
    ? null
    : { root: { kind: 'row', test, row: row.name, argument }, length: at + tail[0].length };
}

function readRowName(text: string): { name: RowName; length: number } | null {
  const index = /^#(\d{1,6})(?=\])/.exec(text);
  if (index !== null) {
    return { name: { kind: 'index', index: Number(index[1]) }, length: index[0].length };
  }
  const quoted = readQuoted(text);
  if (quoted !== null) {
    return { name: { kind: 'id', id: quoted.value }, length: quoted.length };
  }
  const end = text.indexOf(']::');
  const id = text.slice(0, Math.max(end, 0));
  return isBareRowId(id) ? { name: { kind: 'id', id }, length: id.length } : null;
}

function readCall(text: string): Head | null {
  const match = callHead.exec(text);
  const [whole = '', test, callee, call, argument] = match ?? [];
  return test === undefined || callee === undefined || argument === undefined
    ? null
    : { root: { kind: 'call', test, callee, call: Number(call ?? 1), argument }, length: whole.length };
}

function readName(text: string): Head | null {
  const found = nameHead.exec(text)?.[0];
  return found === undefined ? null : { root: { kind: 'name', name: found }, length: found.length };
}

const fieldStep = new RegExp(`^\\.(${name})`, 'u');
const branchStep = /^@([a-z]+\d{0,3})/;

function parseSteps(text: string): PlaceStep[] | null {
  const steps: PlaceStep[] = [];
  let at = 0;
  while (at < text.length) {
    const step = readStep(text.slice(at));
    if (step === null || steps.length === maxPlaceSteps) {
      return null;
    }
    steps.push(step.step);
    at += step.length;
  }
  return steps;
}

function readStep(text: string): { step: PlaceStep; length: number } | null {
  const field = fieldStep.exec(text);
  if (field?.[1] !== undefined) {
    return { step: { kind: 'field', name: field[1] }, length: field[0].length };
  }
  const branch = branchStep.exec(text);
  if (branch?.[1] !== undefined) {
    return { step: { kind: 'branch', label: branch[1] }, length: branch[0].length };
  }
  const opened = /^\[\s*/.exec(text);
  const key = opened === null ? null : readKey(text.slice(opened[0].length));
  if (opened === null || key === null) {
    return null;
  }
  const at = opened[0].length + key.length;
  const closed = /^\s*\]/.exec(text.slice(at));
  return closed === null ? null : { step: { kind: 'key', key: key.key }, length: at + closed[0].length };
}

/** Tuples of tuples deeper than this have not been seen as keys. */
const maxTupleDepth = 4;

function readKey(text: string, depth = 0): { key: PlaceKey; length: number } | null {
  const quoted = readQuoted(text);
  if (quoted !== null) {
    return { key: { kind: 'string', value: quoted.value }, length: quoted.length };
  }
  if (text.startsWith('(')) {
    return depth === maxTupleDepth ? null : readTuple(text, depth);
  }
  const word = /^[^\s,[\]()'"]+/.exec(text)?.[0] ?? '';
  const number = parsePythonNumber(word);
  if (number !== null) {
    const { value, isInteger } = number;
    const isExact = !isInteger || Number.isSafeInteger(value);
    return isExact ? { key: { kind: isInteger ? 'integer' : 'float', value }, length: word.length } : null;
  }
  const isName = word.split('.').every((part) => namePattern.test(part));
  return isName ? { key: { kind: 'name', name: word }, length: word.length } : null;
}

function readTuple(text: string, depth: number): { key: PlaceKey; length: number } | null {
  const items: PlaceKey[] = [];
  let at = 1;
  for (;;) {
    at += /^\s*/.exec(text.slice(at))?.[0].length ?? 0;
    if (text[at] === ')') {
      return { key: { kind: 'tuple', items }, length: at + 1 };
    }
    const item = readKey(text.slice(at), depth + 1);
    if (item === null) {
      return null;
    }
    items.push(item.key);
    at += item.length;
    const separator = /^\s*(?:,|(?=\)))/.exec(text.slice(at));
    // `(1)` is no tuple to Python.
    if (separator === null || (items.length === 1 && !separator[0].endsWith(','))) {
      return null;
    }
    at += separator[0].length;
  }
}

const quotedText = /^(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)")/u;
const escape = /\\(?:u([\da-fA-F]{4})|x([\da-fA-F]{2})|(.))/gu;
const escaped: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function readQuoted(text: string): { value: string; length: number } | null {
  const match = quotedText.exec(text);
  const inner = match?.[1] ?? match?.[2];
  if (match === null || inner === undefined) {
    return null;
  }
  const value = inner.replaceAll(escape, (_whole, long?: string, short?: string, plain?: string) => {
    const code = long ?? short;
    return code === undefined
      ? (escaped[plain ?? ''] ?? plain ?? '')
      : String.fromCharCode(Number.parseInt(code, 16));
  });
  return { value, length: match[0].length };
}

function parseDataPath(text: string): PlaceStep[] | null {
  const steps: PlaceStep[] = [];
  let at = 0;
  while (at < text.length) {
    const isKey = text[at] !== '[';
    const start = isKey && steps.length > 0 ? at + 1 : at;
    if ((isKey && steps.length > 0 && text[at] !== '.') || steps.length === maxPlaceSteps) {
      return null;
    }
    const step = isKey ? bareDataStep(text.slice(start)) : readStep(text.slice(at));
    if (step === null || !isDataStep(step.step)) {
      return null;
    }
    steps.push(step.step);
    at = start + step.length;
  }
  return steps.length === 0 ? null : steps;
}

function bareDataStep(text: string): { step: PlaceStep; length: number } | null {
  const key = nextKey.exec(text)?.[0] ?? '';
  return isBareDataKey(key) ? { step: keyStep(key), length: key.length } : null;
}

function isDataStep(step: PlaceStep): boolean {
  return (
    step.kind === 'key' &&
    (step.key.kind === 'string' || (step.key.kind === 'integer' && step.key.value >= 0))
  );
}
