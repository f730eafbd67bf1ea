import type { SyntaxNode } from 'tree-sitter';

import { createExpressionConverter, type ExpressionConverter } from './convert-expression.ts';
import { codeChildren, lineOf } from './tree-nodes.ts';
import {
  maxDepth,
  type BinaryOperator,
  type Expr,
  type FunctionSyntax,
  type Handler,
  type Stmt,
} from './syntax.ts';

/** Converts the statements of one file. Bodies of functions and classes are converted when they are first asked for. */
export function convertModule(root: SyntaxNode, source: string): Stmt[] {
  const context: Context = { expressions: createExpressionConverter(source) };
  return block(context, root, 0);
}

interface Context {
  expressions: ExpressionConverter;
}

function block(context: Context, node: SyntaxNode | null, depth: number): Stmt[] {
  if (node === null) {
    return [];
  }
  if (depth > maxDepth) {
    return [{ kind: 'other', reason: 'statements nested too deeply', line: lineOf(node) }];
  }
  return codeChildren(node).map((child) => statement(context, child, depth + 1));
}

function field(context: Context, node: SyntaxNode, name: string): Expr {
  return context.expressions.expression(node.childForFieldName(name));
}

function clause(context: Context, node: SyntaxNode, depth: number): Stmt[] {
  const body =
    node.childForFieldName('body') ?? codeChildren(node).find(({ type }) => type === 'block') ?? null;
  return block(context, body, depth);
}

function childOfType(node: SyntaxNode, type: string): SyntaxNode | undefined {
  return node.namedChildren.find((child) => child.type === type);
}

function statement(context: Context, node: SyntaxNode, depth: number): Stmt {
  const line = lineOf(node);
  switch (node.type) {
    case 'expression_statement':
      return expressionStatement(context, node);
    case 'return_statement':
    case 'raise_statement': {
      const [value] = codeChildren(node);
      const kind = node.type === 'return_statement' ? 'return' : 'raise';
      return { kind, value: value === undefined ? null : context.expressions.expression(value), line };
    }
    case 'assert_statement':
      return { kind: 'assert', test: context.expressions.expression(codeChildren(node)[0] ?? null), line };
    case 'if_statement':
      return ifStatement(context, node, depth);
    case 'for_statement':
    case 'while_statement':
      return loop(context, node, depth);
    case 'try_statement':
      return tryStatement(context, node, depth);
    case 'with_statement':
      return withStatement(context, node, depth);
    case 'function_definition':
      return { kind: 'function', definition: functionOf(context, node, []), line };
    case 'class_definition':
      return { kind: 'class', definition: classOf(context, node, []), line };
    case 'decorated_definition':
      return decorated(context, node);
    case 'import_statement':
      return importStatement(node);
    case 'import_from_statement':
      return importFrom(node);
    case 'global_statement':
    case 'nonlocal_statement':
      return { kind: 'global', names: codeChildren(node).map(({ text }) => text), line };
    case 'delete_statement':
      return { kind: 'delete', targets: deleted(context, node), line };
    case 'break_statement':
      return { kind: 'break', line };
    case 'continue_statement':
      return { kind: 'continue', line };
    case 'pass_statement':
    case 'future_import_statement':
    case 'type_alias_statement':
      return { kind: 'pass', line };
    default:
      return { kind: 'other', reason: `a statement of kind ${node.type}`, line };
  }
}

function deleted(context: Context, node: SyntaxNode): Expr[] {
  return codeChildren(node).flatMap((child) => {
    const value = context.expressions.expression(child);
    return value.kind === 'sequence' ? value.items : [value];
  });
}

function expressionStatement(context: Context, node: SyntaxNode): Stmt {
  const line = lineOf(node);
  const [inner] = codeChildren(node);
  if (inner?.type === 'assignment') {
    return assignment(context, inner);
  }
  if (inner?.type === 'augmented_assignment') {
    const operator = (inner.childForFieldName('operator')?.type ?? '+=').slice(0, -1) as BinaryOperator;
    const target = field(context, inner, 'left');
    return { kind: 'augmented', target, operator, value: field(context, inner, 'right'), line };
  }
  const parts = codeChildren(node);
  const value: Expr =
    parts.length > 1
      ? {
          kind: 'sequence',
          form: 'tuple',
          items: parts.map((part) => context.expressions.expression(part)),
          line,
        }
      : context.expressions.expression(inner ?? null);
  return { kind: 'expression', value, line };
}

function assignment(context: Context, node: SyntaxNode): Stmt {
  const targets: Expr[] = [];
  const annotation = node.childForFieldName('type')?.text ?? null;
  let current: SyntaxNode = node;
  for (;;) {
    targets.push(field(context, current, 'left'));
    const right: SyntaxNode | null = current.childForFieldName('right');
    if (right?.type !== 'assignment') {
      const value = right === null ? null : context.expressions.expression(right);
      return { kind: 'assign', targets, value, annotation, line: lineOf(node) };
    }
    current = right;
  }
}

function ifStatement(context: Context, node: SyntaxNode, depth: number): Stmt {
  const first = {
    test: field(context, node, 'condition'),
    body: block(context, node.childForFieldName('consequence'), depth),
  };
  const branches = [first];
  let otherwise: Stmt[] = [];
  for (const child of node.namedChildren) {
    if (child.type === 'elif_clause') {
      const body = block(context, child.childForFieldName('consequence'), depth);
      branches.push({ test: field(context, child, 'condition'), body });
    } else if (child.type === 'else_clause') {
      otherwise = clause(context, child, depth);
    }
  }
  return { kind: 'if', branches, otherwise, line: lineOf(node) };
}

function loop(context: Context, node: SyntaxNode, depth: number): Stmt {
  const body = block(context, node.childForFieldName('body'), depth);
  const last = childOfType(node, 'else_clause');
  const otherwise = last === undefined ? [] : clause(context, last, depth);
  const line = lineOf(node);
  return node.type === 'while_statement'
    ? { kind: 'while', test: field(context, node, 'condition'), body, otherwise, line }
    : {
        kind: 'for',
        target: field(context, node, 'left'),
        iterable: field(context, node, 'right'),
        body,
        otherwise,
        line,
      };
}

function tryStatement(context: Context, node: SyntaxNode, depth: number): Stmt {
  const handlers: Handler[] = [];
  let otherwise: Stmt[] = [];
  let last: Stmt[] = [];
  for (const child of node.namedChildren) {
    if (child.type === 'except_clause' || child.type === 'except_group_clause') {
      handlers.push(handlerOf(context, child, depth));
    } else if (child.type === 'else_clause') {
      otherwise = clause(context, child, depth);
    } else if (child.type === 'finally_clause') {
      last = clause(context, child, depth);
    }
  }
  const body = block(context, node.childForFieldName('body'), depth);
  return { kind: 'try', body, handlers, otherwise, finally: last, line: lineOf(node) };
}

function handlerOf(context: Context, node: SyntaxNode, depth: number): Handler {
  const parts = codeChildren(node);
  const header = parts.filter(({ type }) => type !== 'block');
  const [first, second] = header;
  const isNamed = first?.type === 'as_pattern';
  const type = isNamed ? (codeChildren(first)[0] ?? null) : (first ?? null);
  const name = isNamed ? (first.childForFieldName('alias')?.text ?? null) : (second?.text ?? null);
  return {
    type: type === null ? null : context.expressions.expression(type),
    name,
    body: block(context, parts.find((part) => part.type === 'block') ?? null, depth),
    line: lineOf(node),
  };
}

function withStatement(context: Context, node: SyntaxNode, depth: number): Stmt {
  const header = childOfType(node, 'with_clause');
  const items = (header === undefined ? [] : codeChildren(header)).map((item) => {
    const value = item.childForFieldName('value');
    const isNamed = value?.type === 'as_pattern';
    const target = isNamed ? value.childForFieldName('alias') : null;
    const aliased = target === null ? null : (codeChildren(target)[0] ?? target);
    return {
      context: context.expressions.expression(isNamed ? (codeChildren(value)[0] ?? null) : value),
      target: aliased === null ? null : context.expressions.expression(aliased),
    };
  });
  return {
    kind: 'with',
    items,
    body: block(context, node.childForFieldName('body'), depth),
    line: lineOf(node),
  };
}

function decorated(context: Context, node: SyntaxNode): Stmt {
  const decorators = codeChildren(node)
    .filter(({ type }) => type === 'decorator')
    .map((decorator) => context.expressions.expression(codeChildren(decorator)[0] ?? null));
  const definition = node.childForFieldName('definition');
  if (definition === null) {
    return { kind: 'other', reason: 'an incomplete definition', line: lineOf(node) };
  }
  const line = lineOf(definition);
  return definition.type === 'class_definition'
    ? { kind: 'class', definition: classOf(context, definition, decorators), line }
    : { kind: 'function', definition: functionOf(context, definition, decorators), line };
}

function functionOf(context: Context, node: SyntaxNode, decorators: Expr[]): FunctionSyntax {
  let body: Stmt[] | undefined;
  let isGenerator: boolean | undefined;
  const bodyNode = node.childForFieldName('body');
  return {
    name: node.childForFieldName('name')?.text ?? '',
    parameters: context.expressions.parameters(node.childForFieldName('parameters')),
    decorators,
    isAsync: node.children[0]?.type === 'async',
    body: () => (body ??= block(context, bodyNode, 0)),
    isGenerator: () => (isGenerator ??= bodyNode !== null && yields(bodyNode)),
    line: lineOf(node),
  };
}

/** Whether a `yield` belongs to this body and not to a function inside it. */
function yields(node: SyntaxNode): boolean {
  if (!/\byield\b/.test(node.text)) {
    return false;
  }
  const pending = [...node.namedChildren];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.type === 'yield') {
      return true;
    }
    if (next.type !== 'function_definition' && next.type !== 'lambda' && next.type !== 'class_definition') {
      pending.push(...next.namedChildren);
    }
  }
  return false;
}

function classOf(
  context: Context,
  node: SyntaxNode,
  decorators: Expr[],
): Extract<Stmt, { kind: 'class' }>['definition'] {
  let body: Stmt[] | undefined;
  const bodyNode = node.childForFieldName('body');
  return {
    name: node.childForFieldName('name')?.text ?? '',
    bases: context.expressions.arguments(node.childForFieldName('superclasses')),
    decorators,
    body: () => (body ??= block(context, bodyNode, 0)),
    line: lineOf(node),
  };
}

function importStatement(node: SyntaxNode): Stmt {
  const modules = codeChildren(node).map((child) => ({
    path: (child.type === 'aliased_import' ? child.childForFieldName('name')?.text : child.text) ?? '',
    alias: child.type === 'aliased_import' ? (child.childForFieldName('alias')?.text ?? null) : null,
  }));
  return { kind: 'import', modules, line: lineOf(node) };
}

function importFrom(node: SyntaxNode): Stmt {
  const origin = node.childForFieldName('module_name');
  const text = (origin?.text ?? '').replaceAll(/\s/g, '');
  const level = /^\.*/.exec(text)?.[0].length ?? 0;
  const names = codeChildren(node)
    .filter((child) => child.id !== origin?.id && child.type !== 'wildcard_import')
    .map((child) => {
      const name =
        (child.type === 'aliased_import' ? child.childForFieldName('name')?.text : child.text) ?? '';
      const alias = child.type === 'aliased_import' ? child.childForFieldName('alias')?.text : undefined;
      return { name, alias: alias ?? name };
    });
  const star = childOfType(node, 'wildcard_import') !== undefined;
  return { kind: 'import-from', level, path: text.slice(level), names, star, line: lineOf(node) };
}
