import { DataFileProblem, describeProblem } from './data-problem.ts';
import { findLiteral, unknownLiteral, type FoundLiteral, type UnknownLiteral } from './find-literal.ts';
import { formatPlace } from './format-place.ts';
import { parseJsonTree } from './json-tree.ts';
import { listLiterals, type PlacedLiteral } from './list-literals.ts';
import type { DataFile, LiteralTree } from './literal-tree.ts';
import { isDataNumber } from './number-text.ts';
import { maxSourceBytes, type Place } from './place.ts';
import { distinctSpans, splice, type EditSpan } from './splice.ts';
import { parseYamlTree } from './yaml-tree.ts';

export interface DataReplacement {
  place: Place;
  /** The literal that must stand there now, as written. */
  oldText: string;
  /** A finite number as the format spells it; written verbatim. */
  newText: string;
}

/**
 * Reads a YAML or JSON file of thresholds through the concrete syntax of its library, so that every number keeps its place
 * in the bytes.
 *
 * @param path decides the format by its ending, and gives the name in places
 * @throws DataFileProblem for a file that is not valid, too large, not UTF-8, or has a key twice
 */
export function readDataFile(bytes: Uint8Array, path: string): DataFile {
  if (bytes.byteLength > maxSourceBytes) {
    throw new DataFileProblem(`the file is larger than ${maxSourceBytes / 2 ** 20} MiB`);
  }
  const text = decode(bytes);
  try {
    return /\.jsonc?$/i.test(path)
      ? parseJsonTree(text, { allowsComments: /\.jsonc$/i.test(path) })
      : parseYamlTree(text);
  } catch (error) {
    // Both parsers descend by calls: a file of nothing but brackets ends their stack.
    if (error instanceof RangeError) {
      throw new DataFileProblem('the file is nested too deeply');
    }
    throw error;
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DataFileProblem('the file is not UTF-8 text');
  }
}

/** Finds the number at a place of a data file. */
export function findInData(file: DataFile, path: string, place: Place): FoundLiteral | UnknownLiteral {
  const name = baseName(path);
  const literal = findLiteral({
    tree: file.tree,
    name,
    steps: place.steps,
    isData: true,
    nameValue: () => null,
  });
  const obstacle = literal.kind === 'found' ? file.obstacles.get(literal.startByte) : undefined;
  const spelt = formatPlace({ ...place, file: name });
  return obstacle === undefined ? literal : unknownLiteral(`${spelt} ${obstacle}`, literal as FoundLiteral);
}

/** Every number of a data file with its place, file order. */
export function listInData(file: DataFile, path: string): PlacedLiteral[] {
  const name = baseName(path);
  const place: Place = { file: name, root: { kind: 'document' }, steps: [] };
  const listed = listLiterals({ tree: file.tree, place, root: name, obstacle: null, nameValue: () => null });
  return listed.map((literal) => ({
    ...literal,
    obstacle: literal.obstacle ?? file.obstacles.get(literal.startByte) ?? null,
  }));
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export type ReplacedData =
  | { kind: 'replaced'; bytes: Uint8Array; edits: number }
  | { kind: 'refused'; reason: string };

/**
 * Replaces number tokens in a YAML or JSON file and nothing else. The result is verified before it is given back: it is
 * valid, holds the same keys and values but for those tokens, and every place reads back as the new literal.
 *
 * @param path the name used in reasons; its ending decides the format
 */
export function replaceInData(
  bytes: Uint8Array,
  path: string,
  replacements: readonly DataReplacement[],
): ReplacedData {
  try {
    return edit(bytes, path, replacements);
  } catch (error) {
    if (error instanceof DataFileProblem) {
      return refused(path, describeProblem(error));
    }
    throw error;
  }
}

function refused(path: string, reason: string): ReplacedData {
  return { kind: 'refused', reason: `${path}: ${reason}` };
}

function edit(bytes: Uint8Array, path: string, replacements: readonly DataReplacement[]): ReplacedData {
  const before = readDataFile(bytes, path);
  const placed = [];
  for (const replacement of replacements) {
    const { place, oldText, newText } = replacement;
    const name = formatPlace({ ...place, file: null });
    const literal = findInData(before, path, place);
    if (literal.kind === 'unknown') {
      return refused(path, literal.reason);
    }
    if (literal.text !== oldText) {
      return refused(path, `${name} is ${literal.text}, not ${oldText} as planned`);
    }
    const isPending = newText === 'null' && literal.quoted === null;
    if (!isPending && !isDataNumber(newText, path)) {
      return refused(path, `${newText} is not a number that every reader of this format takes for one`);
    }
    placed.push({ ...replacement, literal, name });
  }
  const spans = distinctSpans(
    placed.map(({ literal, newText, name }) => ({ span: literal, text: newText, name })),
  );
  if ('conflict' in spans) {
    return refused(path, spans.conflict);
  }
  const edited = splice(bytes, spans.spans);
  const after = readDataFile(edited, path);
  const changed = firstDifference(
    before.tree,
    after.tree,
    new Map(spans.spans.map((span) => [span.start, span])),
  );
  if (changed !== null) {
    return refused(path, `the edit would change more than the literals: ${changed}`);
  }
  for (const { place, newText, name } of placed) {
    const found = findInData(after, path, place);
    if (found.kind === 'unknown' || found.text !== newText) {
      return refused(path, `${name} would not read back as ${newText}`);
    }
  }
  return { kind: 'replaced', bytes: edited, edits: spans.spans.length };
}

/** Where two trees differ other than in the replaced tokens; null where they do not. */
function firstDifference(
  before: LiteralTree,
  after: LiteralTree,
  edits: ReadonlyMap<number, EditSpan>,
): string | null {
  const [left, right] = [[before], [after]];
  for (let one = left.pop(), other = right.pop(); one !== undefined; one = left.pop(), other = right.pop()) {
    const span = one.kind === 'number' || one.kind === 'none' ? edits.get(one.startByte) : undefined;
    const wanted = span?.text ?? leafText(one);
    const found = other === undefined ? 'nothing' : leafText(other);
    if (other === undefined || wanted !== found || (span === undefined && one.kind !== other.kind)) {
      return `${leafText(one)} in line ${one.line} became ${found}`;
    }
    const [mine, theirs] = [childrenOf(one), childrenOf(other)];
    if (mine.length !== theirs.length) {
      return `${leafText(one)} in line ${one.line} has other entries`;
    }
    left.push(...mine);
    right.push(...theirs);
  }
  return null;
}

function leafText(tree: LiteralTree): string {
  switch (tree.kind) {
    case 'number':
    case 'none':
    case 'boolean':
    case 'string':
    case 'computed':
      return tree.text;
    case 'dictionary':
      return `{${tree.rows.map(({ keyText }) => keyText).join(', ')}}`;
    default:
      return tree.kind;
  }
}

function childrenOf(tree: LiteralTree): LiteralTree[] {
  switch (tree.kind) {
    case 'dictionary':
      return tree.rows.map(({ value }) => value);
    case 'collection':
      return tree.items;
    default:
      return [];
  }
}
