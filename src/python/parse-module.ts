import Parser, { type SyntaxNode } from 'tree-sitter';
import pythonLanguage from 'tree-sitter-python';

import { sourceIndex, type SourceIndex } from './source-index.ts';

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
 * an indented statement, a body that is missing, an assignment without a value (the grammar takes the next line for it),
 * and the statements of Python 2.
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
    if (text.trimEnd().endsWith(':')) {
      return { node, message: 'the statement has no indented body' };
    }
    const wrong = type === 'expression_statement' ? assignmentWithoutValue(node, module.source) : null;
    if (wrong !== null) {
      return wrong;
    }
  }
  return null;
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
