import { Buffer } from 'node:buffer';

import Parser, { type SyntaxNode } from 'tree-sitter';
import pythonLanguage from 'tree-sitter-python';

import { CalibError } from '../domain/calib-error.ts';
import type { SourcePosition, SourceSpan } from '../domain/discovery/source-facts.ts';

/**
 * Decodes a Python file without changing a byte's meaning: a byte-order mark and line ends stay, so that byte offsets
 * found in the text are those of the file.
 *
 * @param file the name used in the message
 * @throws CalibError `invalid-input` when the bytes are not UTF-8
 */
export function decodePythonSource(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CalibError('invalid-input', `${file}: the file is not UTF-8 text`, {
      remedy: 'save the file as UTF-8, the encoding that Python assumes',
      cause,
    });
  }
}

/** Translates tree-sitter's UTF-16 offsets into places of the UTF-8 file. */
export interface SourceIndex {
  positionOf(node: SyntaxNode): SourcePosition;
  spanOf(node: SyntaxNode): SourceSpan;
}

/** Where a line starts, in UTF-16 units of the text and in bytes of the file. A line ends at LF only. */
interface LineStart {
  index: number;
  byte: number;
}

/**
 * Works from offsets alone: asking a node for its row and column crosses into native code each time.
 *
 * @param source the whole file as decoded text; a byte-order mark, if the file has one, still in front, so that byte
 *   offsets are those of the file
 */
export function sourceIndex(source: string): SourceIndex {
  // eslint-disable-next-line no-control-regex -- the ASCII range is what is meant
  const isAscii = /^[\0-\u007F]*$/.test(source);
  const lines = measureLines(source, isAscii);

  const placeOf = (index: number): { position: SourcePosition; byte: number } => {
    const row = rowOf(lines, index);
    const line = lines[row] ?? { index: 0, byte: 0 };
    const offset = index - line.index;
    if (isAscii) {
      return { position: { line: row + 1, column: offset + 1 }, byte: index };
    }
    const before = source.slice(line.index, index);
    const column = Array.from(before.replace(/^\uFEFF/, '')).length + 1;
    return { position: { line: row + 1, column }, byte: line.byte + Buffer.byteLength(before) };
  };

  return {
    positionOf: (node) => placeOf(node.startIndex).position,
    spanOf: (node) => {
      const start = placeOf(node.startIndex);
      return { ...start.position, startByte: start.byte, endByte: placeOf(node.endIndex).byte };
    },
  };
}

function measureLines(source: string, isAscii: boolean): LineStart[] {
  const lines: LineStart[] = [{ index: 0, byte: 0 }];
  let byte = 0;
  let index = 0;
  for (let end = source.indexOf('\n'); end !== -1; end = source.indexOf('\n', index)) {
    byte += isAscii ? end + 1 - index : Buffer.byteLength(source.slice(index, end + 1));
    index = end + 1;
    lines.push({ index, byte });
  }
  return lines;
}

/** The last line that starts at or before the offset. */
function rowOf(lines: readonly LineStart[], index: number): number {
  let [low, high] = [0, lines.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lines[middle]?.index ?? 0) <= index) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

export interface PythonModule extends SourceIndex {
  source: string;
  root: SyntaxNode;
  /** Directly below the module, source order, comments left out. */
  statements: ModuleStatement[];
}

/** A node with what is asked of it most; asking the node itself crosses into native code each time. */
export interface ModuleStatement {
  node: SyntaxNode;
  type: string;
  text: string;
}

/** Where Python would refuse the file; line and column count from 1. */
export interface PythonSyntaxError {
  kind: 'syntax-error';
  line: number;
  column: number;
  /** What is wrong, without file and position. */
  message: string;
}

export type ParsedPython = { kind: 'parsed'; module: PythonModule } | PythonSyntaxError;

/**
 * Parses Python 3 source through tree-sitter; nothing is executed.
 *
 * @param source the file as decoded text, a byte-order mark included, so that byte offsets are those of the file
 * @returns the module, or the first place that is not Python
 */
export function parseModule(source: string): ParsedPython {
  const parser = new Parser();
  parser.setLanguage(pythonLanguage as Parser.Language);
  // The binding reads the text in chunks of `bufferSize` bytes and its default (32 kB) fails on longer input.
  const tree = parser.parse(source, null, { bufferSize: Math.max(32_768, source.length * 2 + 2) });
  const root = tree.rootNode;
  const index = sourceIndex(source);
  const statements = root.namedChildren
    .map((node) => ({ node, type: node.type, text: source.slice(node.startIndex, node.endIndex) }))
    .filter(({ type }) => type !== 'comment');
  const wrong = root.hasError ? firstError(root) : misplaced({ source, statements });
  if (wrong !== null) {
    // Python takes a lone carriage return for a line end, the grammar does not: such a file is not to blame.
    const hint = /\r(?!\n)/.test(source) ? '; lines end in CR alone, save the file with LF' : '';
    return { kind: 'syntax-error', ...index.positionOf(wrong.node), message: `${wrong.message}${hint}` };
  }
  return { kind: 'parsed', module: { source, root, statements, ...index } };
}

interface Wrong {
  node: SyntaxNode;
  message: string;
}

/** The first node, in source order, that the grammar could not make sense of. */
function firstError(root: SyntaxNode): Wrong {
  let node = root;
  for (;;) {
    const next: SyntaxNode | undefined = node.children.find((child) => child.hasError || child.isMissing);
    if (node.isError || next === undefined) {
      break;
    }
    node = next;
  }
  if (node.isMissing) {
    return { node, message: `"${node.type}" is missing` };
  }
  const text = node.text.trim().split('\n')[0]?.slice(0, 40) ?? '';
  return { node, message: text === '' ? 'invalid syntax' : `invalid syntax near ${JSON.stringify(text)}` };
}

/**
 * What tree-sitter accepts at module level and Python does not. Such a file never ran, so nothing may be read from it:
 * an indented statement, a body that is missing, an assignment without a value (the grammar takes the next line for
 * it), and the statements of Python 2.
 */
function misplaced(module: { source: string; statements: ModuleStatement[] }): Wrong | null {
  for (const { node, type, text } of module.statements) {
    const start = node.startIndex;
    const lineStart = module.source.lastIndexOf('\n', start - 1) + 1;
    const before = module.source.slice(lineStart, start).replace(/^\uFEFF/, '');
    if (before !== '' && /^[ \t]+$/.test(before)) {
      return { node, message: 'unexpected indent' };
    }
    if (type === 'print_statement' || type === 'exec_statement') {
      return { node, message: 'a statement of Python 2' };
    }
    // A body ends in anything but the colon that announces it.
    if (withoutLastComments(text).endsWith(':')) {
      return { node, message: 'the statement has no indented body' };
    }
    // The value that is missing would be the next line's.
    const mayLackValue = type === 'expression_statement' && text.includes('\n');
    const wrong = mayLackValue ? assignmentWithoutValue(node, module.source) : null;
    if (wrong !== null) {
      return wrong;
    }
  }
  return null;
}

/** Comments at the end of a body belong to the statement; they may end in anything. */
function withoutLastComments(text: string): string {
  const lines = text.trimEnd().split('\n');
  while (lines.length > 1 && /^\s*(?:#|$)/.test(lines.at(-1) ?? '')) {
    lines.pop();
  }
  return lines.join('\n').trimEnd();
}

function assignmentWithoutValue(statement: SyntaxNode, source: string): Wrong | null {
  let node = statement.firstNamedChild;
  while (node !== null && (node.type === 'assignment' || node.type === 'augmented_assignment')) {
    const right: SyntaxNode | null = node.childForFieldName('right');
    if (right === null) {
      return null;
    }
    const start = right.startIndex;
    const lineStart = source.lastIndexOf('\n', start - 1);
    // Only a value on another line than its operator is suspicious; most are on the same one.
    const operator = lineStart > node.startIndex ? right.previousSibling : null;
    if (operator !== null && /(?<!\\)\r?\n/.test(source.slice(operator.endIndex, start))) {
      return { node: operator, message: 'the assignment has no value' };
    }
    node = right;
  }
  return null;
}

const compoundStatements: ReadonlySet<string> = new Set([
  'if_statement',
  'for_statement',
  'while_statement',
  'try_statement',
  'with_statement',
  'match_statement',
]);

/** Parts of a compound statement whose statements still run at module level. */
const clauses: ReadonlySet<string> = new Set([
  'block',
  'elif_clause',
  'else_clause',
  'except_clause',
  'except_group_clause',
  'finally_clause',
  'case_clause',
]);

/** Statements that may bind or unbind a name of the scope they stand in. */
const bindingStatements: ReadonlySet<string> = new Set([
  'expression_statement',
  'import_from_statement',
  'delete_statement',
]);

/** Whether a statement of this node type runs its body conditionally or repeatedly in the scope it stands in. */
export function isCompoundStatement(type: string): boolean {
  return compoundStatements.has(type);
}

/**
 * The simple statements inside a compound statement that bind names in the module's own scope, source order; bodies of
 * functions and classes are not entered.
 */
export function statementsInside(compound: SyntaxNode): SyntaxNode[] {
  return compound.namedChildren.flatMap((child) => {
    if (compoundStatements.has(child.type) || clauses.has(child.type)) {
      return statementsInside(child);
    }
    return bindingStatements.has(child.type) ? [child] : [];
  });
}

/** The function behind a module-level statement, its decorators taken off; null for anything else. */
export function functionOf(statement: ModuleStatement): SyntaxNode | null {
  if (statement.type === 'function_definition') {
    return statement.node;
  }
  const inner =
    statement.type === 'decorated_definition' ? statement.node.childForFieldName('definition') : null;
  return inner?.type === 'function_definition' ? inner : null;
}
