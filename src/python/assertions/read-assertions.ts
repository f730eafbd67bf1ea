import type { FileReading, InactiveLiteral, LostLiteral } from '../../domain/gates/reading.ts';
import {
  literalKey,
  literalsOf,
  replacedLiterals,
  type RuleLiteral,
  type RuleNode,
} from '../../domain/gates/rule.ts';
import { extractAssertions } from './tests/extract-assertions.ts';
import { createInterpreter, type Interpreter } from './interpreter/interpreter.ts';
import type { Limits } from './state/machine-types.ts';
import type { ModuleFiles, ParsedFile } from './syntax/module-files.ts';
import { placeOf } from './syntax/place.ts';
import { runTests } from './tests/run-tests.ts';
import { placeAt } from './state/scopes.ts';

export interface ReadingQuestion {
  files: ModuleFiles;
  /** Repository-relative path of the test file. */
  testFile: string;
  limits?: Limits;
}

/**
 * Reads which comparisons of measured values with numbers a test file asserts, following its imports inside the
 * repository. Interprets the syntax trees; nothing is executed or imported. What cannot be followed is in `notes` and
 * `lost`, never guessed.
 */
export function readAssertions({ files, testFile, limits }: ReadingQuestion): FileReading {
  const reading: FileReading = {
    test: testFile,
    assertions: [],
    lost: [],
    inactive: [],
    apart: [],
    notes: [],
    files: [],
  };
  const interpreter = createInterpreter(files, testFile, limits);
  const { machine } = interpreter;
  const module = interpreter.moduleOfFile(testFile);
  if (module === null) {
    return { ...reading, notes: [{ reason: 'the file cannot be read', at: `${testFile}:1` }] };
  }
  try {
    for (const run of runTests(interpreter, module)) {
      const { assertions, apart } = extractAssertions(machine, run, `${testFile}::${run.name}`);
      reading.assertions.push(...assertions);
      reading.apart.push(...apart);
    }
  } catch (error) {
    // The reader advises; a file that defeats it must not stop what the file is read for.
    const reason = error instanceof Error ? error.message : String(error);
    reading.notes.push({ reason: `the reader failed: ${reason}`.slice(0, 500), at: placeAt(module, 1) });
  }
  reading.notes.push(...machine.notes);
  reading.lost = lostLiterals(interpreter);
  reading.inactive = inactiveLiterals(interpreter);
  reading.files = [...interpreter.sources.keys()].sort();
  nameLiterals(interpreter, reading);
  return reading;
}

function lostLiterals({ machine }: Interpreter): LostLiteral[] {
  const found = new Map<string, LostLiteral>();
  for (const [rule, { reason, at }] of machine.swallowed) {
    for (const literal of literalsOf(rule)) {
      const key = literalKey(literal);
      if (!found.has(key)) {
        found.set(key, { literal, reason: reason.slice(0, 500), at });
      }
    }
  }
  return [...found.values()];
}

/** Of the `None`s that the suite asks for, those that stand at a module's own name, where a threshold would. */
function inactiveLiterals(interpreter: Interpreter): InactiveLiteral[] {
  return [...interpreter.machine.inactive.values()].flatMap(({ origin, at }) => {
    const source = interpreter.sources.get(origin.module.path);
    const place = source === undefined ? null : placeOf(source.root, origin.start, () => null);
    const isConstant = place !== null && /^_?[A-Z][A-Z0-9_]*(?:\[.*|\..*)?$/.test(place);
    return isConstant ? [{ place, file: origin.module.path, line: origin.line, at }] : [];
  });
}

/** Writes into every literal of a reading where it stands. */
function nameLiterals(interpreter: Interpreter, reading: FileReading): void {
  const rules: RuleNode[] = reading.assertions.flatMap(({ rule, centre }) =>
    centre === null ? [rule] : [rule, centre],
  );
  const literals = rules.flatMap((rule) => [...literalsOf(rule), ...replacedLiterals(rule)]);
  for (const literal of new Set([...literals, ...reading.lost.map((lost) => lost.literal)])) {
    if (literal.place === '') {
      literal.place = spell(interpreter, literal);
    }
  }
}

function spell(interpreter: Interpreter, literal: RuleLiteral): string {
  const source = interpreter.sources.get(literal.file);
  const start = source === undefined ? -1 : indexAt(source, literal.startByte);
  const place =
    source === undefined
      ? null
      : placeOf(source.root, start, (name) => keyValue(interpreter, literal.file, name));
  return place ?? `${literal.file}:${literal.line}`;
}

/** UTF-16 offset of a byte of the file. */
function indexAt(source: Pick<ParsedFile, 'text' | 'placeOf'>, byte: number): number {
  let [low, high] = [0, source.text.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (source.placeOf(middle).startByte < byte) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

function keyValue(interpreter: Interpreter, file: string, name: string): string | null {
  const module = interpreter.moduleOfFile(file);
  const value = module?.scope.variables.get(name);
  const resolved = value === undefined ? null : interpreter.machine.resolve(value);
  if (resolved?.type === 'number') {
    return String(resolved.value);
  }
  return resolved?.type === 'string' ? `'${resolved.value}'` : null;
}
