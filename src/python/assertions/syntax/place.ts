import type { SyntaxNode } from 'tree-sitter';

/** Values of names that stand as keys (`X = {CONCURRENCY: …}`); null where it is not known. */
export type KeyReader = (name: string) => string | null;

/**
 * Spells where a literal stands: `X`, `X['a'][8]`, `X[0]`, `GATE.min`, `test_x::call(argument)`. Null where it has no
 * name of its own: inside an expression, in the assertion itself.
 *
 * @param start UTF-16 offset of the token, its sign included
 */
export function placeOf(root: SyntaxNode, start: number, readKey: KeyReader): string | null {
  let node: SyntaxNode = root.descendantForIndex(start, start);
  while (node.parent?.startIndex === start && isToken(node.parent.type)) {
    node = node.parent;
  }
  const steps: string[] = [];
  for (let depth = 0; depth < 200; depth += 1) {
    const { parent } = node;
    if (parent === null) {
      return null;
    }
    const step = stepOf(parent, node, readKey);
    if (step === null) {
      return null;
    }
    if (step.kind === 'call') {
      const argument = steps.pop();
      return argument?.startsWith('.') === true
        ? `${step.name}(${argument.slice(1)})${steps.reverse().join('')}`
        : null;
    }
    if (step.kind === 'done') {
      return `${step.name}${steps.reverse().join('')}`;
    }
    steps.push(...step.segments);
    node = parent;
  }
  return null;
}

function isToken(type: string): boolean {
  return type === 'unary_operator' || type === 'string' || type === 'concatenated_string';
}

type Step =
  | { kind: 'segments'; segments: string[] }
  | { kind: 'done'; name: string }
  /** The last segment is the argument of this call. */
  | { kind: 'call'; name: string }
  | null;

const nothing: Step = { kind: 'segments', segments: [] };

function stepOf(parent: SyntaxNode, node: SyntaxNode, readKey: KeyReader): Step {
  switch (parent.type) {
    case 'parenthesized_expression':
    case 'dictionary':
    case 'string':
    case 'string_content':
      return nothing;
    case 'argument_list':
      return argumentStep(parent, node);
    case 'pair': {
      const key = parent.childForFieldName('key');
      const text = key === null || key.id === node.id ? null : keyText(key, readKey);
      return text === null ? null : { kind: 'segments', segments: [`[${text}]`] };
    }
    case 'list':
    case 'tuple':
    case 'expression_list': {
      const items = parent.namedChildren.filter(({ type }) => type !== 'comment');
      return { kind: 'segments', segments: [`[${items.findIndex(({ id }) => id === node.id)}]`] };
    }
    case 'keyword_argument':
      return { kind: 'segments', segments: [`.${parent.childForFieldName('name')?.text ?? ''}`] };
    case 'call':
      return callStep(parent);
    case 'assignment':
      return assignmentStep(parent, node);
    case 'default_parameter':
    case 'typed_default_parameter':
      return defaultStep(parent);
    default:
      return null;
  }
}

function keyText(key: SyntaxNode, readKey: KeyReader): string | null {
  const { text } = key;
  if (key.type === 'string') {
    return /^(['"])[^\\'"]*\1$/.test(text) ? `'${text.slice(1, -1)}'` : text;
  }
  return key.type === 'identifier' ? (readKey(text) ?? text) : text.replaceAll(/\s+/g, ' ').slice(0, 80);
}

/** A positional argument of a constructor has no name of its own. */
function argumentStep(list: SyntaxNode, node: SyntaxNode): Step {
  const callee = list.parent?.childForFieldName('function')?.text.split('.').at(-1) ?? '';
  const isConstructor = /^_?[A-Z]/.test(callee) && !handsThrough.has(callee);
  return isConstructor && node.type !== 'keyword_argument' ? null : nothing;
}

const handsThrough = new Set(
  'float int getenv get Decimal Final MappingProxyType frozenset tuple list'.split(' '),
);

/** Calls that hand a number through, and constructors: the rest compute. */
function callStep(call: SyntaxNode): Step {
  const callee = call.childForFieldName('function')?.text ?? '';
  const last = callee.split('.').at(-1) ?? '';
  if (callee === 'dict') {
    return nothing;
  }
  if (handsThrough.has(last)) {
    return nothing;
  }
  if (/^_?[A-Z]/.test(last)) {
    return nothing;
  }
  const owner = enclosing(call);
  return owner === null ? null : { kind: 'call', name: `${owner}::${callee}` };
}

function assignmentStep(assignment: SyntaxNode, node: SyntaxNode): Step {
  const left = assignment.childForFieldName('left');
  if (left === null || left.id === node.id) {
    return null;
  }
  const name = left.text.replaceAll(/\s+/g, '').replaceAll('"', "'").slice(0, 200);
  const owner = enclosing(assignment);
  const ownerClass = enclosingClass(assignment);
  if (owner !== null) {
    return { kind: 'done', name: `${owner}::${name}` };
  }
  return { kind: 'done', name: ownerClass === null ? name : `${ownerClass}.${name}` };
}

function defaultStep(parameter: SyntaxNode): Step {
  const name = parameter.childForFieldName('name')?.text ?? '';
  const definition = parameter.parent?.parent;
  const owner = definition?.childForFieldName('name')?.text ?? 'lambda';
  return { kind: 'done', name: `${owner}(${name})` };
}

/** The function in which a node stands, with its class. */
function enclosing(node: SyntaxNode): string | null {
  for (let current = node.parent; current !== null; current = current.parent) {
    if (current.type === 'function_definition') {
      const owner = enclosingClass(current);
      const name = current.childForFieldName('name')?.text ?? '';
      return owner === null ? name : `${owner}::${name}`;
    }
  }
  return null;
}

function enclosingClass(node: SyntaxNode): string | null {
  for (let current = node.parent; current !== null; current = current.parent) {
    if (current.type === 'class_definition') {
      return current.childForFieldName('name')?.text ?? '';
    }
    if (current.type === 'function_definition') {
      return null;
    }
  }
  return null;
}
