import { Buffer } from 'node:buffer';

import type { SyntaxNode } from 'tree-sitter';

import { parsePythonNumber } from '../domain/numbers/python-numbers.ts';
import type { FoundLiteral } from '../domain/places/find-literal.ts';
import { formatPlace } from '../domain/places/format-place.ts';
import { maxSourceBytes } from '../domain/places/place.ts';
import { distinctSpans, type EditSpan, movedSpans, splice } from '../domain/places/splice.ts';
import { isNumberText } from './places/call-value.ts';
import { type TokenRange, treeDifference } from './compare-trees.ts';
import { type LiteralTarget, type LocatedLiteral, locatePlaced } from './locate-literal.ts';
import { readModulePlaces } from './places/module-places.ts';
import { decodePythonSource, type ParsedPython, parseModule, type PythonModule } from './parse-module.ts';

/**
 * Why a literal cannot be edited for its own symbol alone, or null: in `A = B = 0.5` a new value for `A` is one for `B`
 * as well, and nothing that is not in the plan is ever changed. Naming both is fine.
 */
export function sharedTargets(
  module: PythonModule,
  placed: readonly { target: LiteralTarget; literal: FoundLiteral }[],
): string | null {
  for (const statement of module.statements) {
    const names = statement.type === 'expression_statement' ? chainOf(statement.node) : [];
    if (names.length < 2) {
      continue;
    }
    const { startByte } = module.spanOf(statement.node);
    const endByte = startByte + Buffer.byteLength(statement.text);
    const inside = placed.filter(
      ({ literal }) => literal.startByte >= startByte && literal.endByte <= endByte,
    );
    for (const { target, literal } of inside) {
      const planned = inside
        .filter((other) => other.literal.startByte === literal.startByte)
        .map((other) => rootName(other.target));
      const other = names.find((name) => !planned.includes(name));
      if (other !== undefined) {
        return `${rootName(target)} shares its literal with ${other} (line ${literal.line}), which is not in the plan`;
      }
    }
  }
  return null;
}

function rootName({ place: { root } }: LiteralTarget): string {
  return root.kind === 'name' ? root.name : formatPlace({ file: null, root, steps: [] });
}

/** Everything that a statement assigns one value to. */
function chainOf(statement: SyntaxNode): string[] {
  const names: string[] = [];
  let node = statement.firstNamedChild;
  while (node !== null && node.type === 'assignment') {
    names.push(node.childForFieldName('left')?.text ?? '');
    node = node.childForFieldName('right');
  }
  return names;
}

export interface LiteralReplacement {
  target: LiteralTarget;
  /** The literal that must stand there now, as written. */
  oldText: string;
  /** A finite number as Python spells it; written verbatim. */
  newText: string;
}

export type ReplacedLiterals =
  /** `edits` counts the literals changed: two targets may share one. */
  | { kind: 'replaced'; bytes: Uint8Array; edits: number }
  /** Nothing is to be written; the reason names the symbol. */
  | { kind: 'refused'; reason: string };

/**
 * Replaces number tokens in a Python file and nothing else: comments, spacing, line ends, byte-order mark and encoding
 * cookie keep their bytes. The result is verified before it is given back: it parses, its tree equals the old one but for
 * those tokens, and every target reads back as the new literal.
 *
 * @param file the name used in reasons
 */
export function replaceLiterals(
  bytes: Uint8Array,
  file: string,
  replacements: readonly LiteralReplacement[],
): ReplacedLiterals {
  try {
    return { kind: 'replaced', ...edit({ bytes, file, replacements }) };
  } catch (error) {
    if (error instanceof CannotEdit) {
      return { kind: 'refused', reason: `${file}: ${error.message}` };
    }
    throw error;
  }
}

/** Leaves {@link edit} from any depth; never leaves this file. */
class CannotEdit extends Error {}

interface Edit {
  bytes: Uint8Array;
  file: string;
  replacements: readonly LiteralReplacement[];
}

interface PlacedReplacement extends LiteralReplacement {
  literal: LocatedLiteral;
}

function edit(wanted: Edit): { bytes: Uint8Array; edits: number } {
  const { bytes, file } = wanted;
  const before = parsed(parseModule(decode(bytes, file)));
  const placed = place(before, wanted.replacements);
  const chained = sharedTargets(before, placed);
  if (chained !== null) {
    throw new CannotEdit(chained);
  }
  const spans = distinctSpans(
    placed.map(({ literal, newText, target }) => ({ span: literal, text: newText, name: nameOf(target) })),
  );
  if ('conflict' in spans) {
    throw new CannotEdit(spans.conflict);
  }
  const edited = splice(bytes, spans.spans);
  const after = parsed(parseModule(decode(edited, file)));
  verify({ before, after, oldBytes: bytes, newBytes: edited, spans: spans.spans, placed });
  return { bytes: edited, edits: spans.spans.length };
}

function decode(bytes: Uint8Array, file: string): string {
  if (bytes.byteLength > maxSourceBytes) {
    throw new CannotEdit(`the file is larger than ${maxSourceBytes} bytes`);
  }
  try {
    return decodePythonSource(bytes, file);
  } catch {
    throw new CannotEdit('the file is not UTF-8 text');
  }
}

function parsed(result: ParsedPython): PythonModule {
  if (result.kind === 'parsed') {
    return result.module;
  }
  throw new CannotEdit(`line ${result.line} is not valid Python: ${result.message}`);
}

function place(module: PythonModule, replacements: readonly LiteralReplacement[]): PlacedReplacement[] {
  const places = readModulePlaces(module);
  return replacements.map((replacement) => {
    const { target, oldText, newText } = replacement;
    const literal = locatePlaced(places, target);
    if (literal.kind === 'unknown') {
      throw new CannotEdit(literal.reason);
    }
    if (literal.text !== oldText) {
      throw new CannotEdit(`${nameOf(target)} is ${literal.text}, not ${oldText} as planned`);
    }
    const problem = newTextProblem(newText, literal);
    if (problem !== null) {
      throw new CannotEdit(problem);
    }
    return { ...replacement, literal };
  });
}

/** `None` may be written back by an undo of the only edit that can replace it. */
function newTextProblem(newText: string, literal: FoundLiteral): string | null {
  if (newText === 'None' && literal.quoted === null) {
    return null;
  }
  if (parsePythonNumber(newText) === null) {
    return `${newText} is not a finite Python number`;
  }
  return literal.quoted === null || isNumberText(newText, literal.quoted)
    ? null
    : `${newText} cannot be read by ${literal.quoted}("…"), which the literal is the text of`;
}

interface Verification {
  before: PythonModule;
  after: PythonModule;
  oldBytes: Uint8Array;
  newBytes: Uint8Array;
  spans: readonly EditSpan[];
  placed: readonly PlacedReplacement[];
}

function verify(check: Verification): void {
  const { before, after, placed } = check;
  const difference = treeDifference(
    { module: before, tokens: tokensOf(check.oldBytes, check.spans) },
    { module: after, tokens: tokensOf(check.newBytes, movedSpans(check.spans)) },
  );
  if (difference !== null) {
    throw new CannotEdit(`the edit would change more than the literals: ${difference}`);
  }
  const places = readModulePlaces(after);
  for (const { target, newText, literal } of placed) {
    const concurrency = literal.concurrencyUsed ?? target.concurrency;
    const found = locatePlaced(places, { ...target, concurrency });
    if (found.kind === 'unknown' || found.text !== newText) {
      throw new CannotEdit(`${nameOf(target)} would not read back as ${newText}`);
    }
  }
}

/** From bytes of the file to UTF-16 units of its text, a byte-order mark included. */
function tokensOf(bytes: Uint8Array, spans: readonly EditSpan[]): TokenRange[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const indexAt = (byte: number) => decoder.decode(bytes.subarray(0, byte)).length;
  return spans.map(({ start, end }) => ({ start: indexAt(start), end: indexAt(end) }));
}

function nameOf({ place: { root, steps } }: LiteralTarget): string {
  return formatPlace({ file: null, root, steps });
}
