import type { SyntaxNode } from 'tree-sitter';

import type { Converter } from './converter.ts';
import type { Expr, Parameter } from './syntax.ts';
import { codeChildren, lineOf } from './tree-nodes.ts';

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** A string, with its value where it is written down as a whole. */
export function stringOf(converter: Converter, node: SyntaxNode, depth: number): Expr {
  const line = lineOf(node);
  const match = /^([a-zA-Z]*)("""|'''|"|')([\s\S]*)\2$/.exec(node.text);
  const prefix = match?.[1]?.toLowerCase() ?? 'b';
  if (prefix.includes('f') || prefix.includes('t')) {
    const parts = codeChildren(node)
      .filter(({ type }) => type === 'interpolation')
      .map((part) => converter.convert(part.childForFieldName('expression'), depth));
    return { kind: 'text', parts, line };
  }
  const text = match?.[3] ?? '';
  const isRaw = prefix.includes('r') || !text.includes('\\');
  if (prefix.includes('b') || (!isRaw && /\\[^nrt\\'"\n]/.test(text))) {
    return { kind: 'text', parts: [], line };
  }
  const value = isRaw
    ? text
    : text.replaceAll(/\\([\s\S])/g, (_, letter: string) => escapes[letter] ?? letter);
  return { kind: 'string', value, start: node.startIndex, end: node.endIndex, line };
}

/** Strings that stand side by side. */
export function joined(converter: Converter, node: SyntaxNode, depth: number): Expr {
  const line = lineOf(node);
  const parts = codeChildren(node).map((part) => converter.convert(part, depth));
  const texts = parts.flatMap((part) => (part.kind === 'string' ? [part.value] : []));
  return texts.length === parts.length
    ? { kind: 'string', value: texts.join(''), start: node.startIndex, end: node.endIndex, line }
    : { kind: 'text', parts, line };
}

/** The parameters of a function. */
export function parametersOf(converter: Converter, node: SyntaxNode | null): Parameter[] {
  const found: Parameter[] = [];
  let afterStar = false;
  for (const child of node === null ? [] : node.namedChildren) {
    const isTyped = child.type === 'typed_parameter';
    const inner = isTyped ? (child.namedChildren[0] ?? child) : child;
    const plain = afterStar ? 'keyword' : 'plain';
    if (inner.type === 'identifier') {
      found.push({ name: inner.text, kind: plain, default: null });
    } else if (inner.type === 'default_parameter' || inner.type === 'typed_default_parameter') {
      const value = converter.convert(inner.childForFieldName('value'), 0);
      found.push({ name: inner.childForFieldName('name')?.text ?? '', kind: plain, default: value });
    } else if (inner.type === 'list_splat_pattern' || inner.type === 'dictionary_splat_pattern') {
      const isRest = inner.type === 'list_splat_pattern';
      found.push({
        name: inner.namedChildren[0]?.text ?? '',
        kind: isRest ? 'rest' : 'keywords',
        default: null,
      });
      afterStar = true;
    } else if (inner.type === 'keyword_separator') {
      afterStar = true;
    }
  }
  return found;
}
