import { argumentsOf, lambdaOf } from './arguments.ts';
import { getAttribute } from './attributes.ts';
import { isBuiltinName } from '../library/builtin-names.ts';
import { compare } from './comparisons.ts';
import { comprehend, mapping } from './comprehensions.ts';
import { createDictionary, createSequence, elementsOf, getItem, setEntry } from './containers.ts';
import type { CallArguments, Frame } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { binary, truth, type Truth } from './operators.ts';
import { bind, lookUp, placeAt } from '../state/scopes.ts';
import type { Expr } from '../syntax/syntax.ts';
import { booleanValue, never, type Item, type Value } from '../state/values.ts';

/** The value of an expression. */
export function evaluate(machine: Machine, expr: Expr, frame: Frame): Value {
  machine.step();
  return machine.decided(valueOf(machine, expr, frame), placeAt(frame.module, expr.line));
}

function valueOf(machine: Machine, expr: Expr, frame: Frame): Value {
  const at = placeAt(frame.module, expr.line);
  switch (expr.kind) {
    case 'number': {
      const { value, isInteger } = expr.token;
      const rule = frame.module.literal({ ...expr.token, line: expr.line });
      return rule.kind === 'literal'
        ? { type: 'number', value: rule.value, isInteger: rule.isInteger, rule, size: 1 }
        : { type: 'number', value, isInteger, rule, size: 1 };
    }
    case 'string': {
      const origin = { module: frame.module, start: expr.start, end: expr.end, line: expr.line };
      return { type: 'string', value: expr.value, origin };
    }
    case 'text':
      return textOf(machine, expr, frame);
    case 'boolean':
      return booleanValue(expr.value);
    case 'none':
      return { type: 'none', origin: { module: frame.module, start: expr.start, line: expr.line } };
    case 'name':
      return machine.resolve(nameValue(machine, expr.name, frame, at));
    case 'attribute': {
      const object = evaluate(machine, expr.object, frame);
      return getAttribute(machine, object, expr.name, noArguments(frame, at));
    }
    case 'subscript':
      return getItemOrSlice(machine, expr, frame);
    case 'call':
      return machine.rules.call(
        evaluate(machine, expr.callee, frame),
        argumentsOf(machine, expr.arguments, { frame, at }),
      );
    case 'await':
      return evaluate(machine, expr.operand, frame);
    case 'walrus': {
      const value = evaluate(machine, expr.value, frame);
      bind(machine, frame.scope, expr.name, value, at);
      return value;
    }
    case 'yield': {
      const value = expr.value === null ? never : evaluate(machine, expr.value, frame);
      return frame.onYield === null ? machine.unknown({ name: 'yield', at }) : frame.onYield(value);
    }
    case 'slice':
    case 'star':
    case 'other':
      return unknownExpression(machine, expr, at);
    default:
      return operation(machine, expr, frame);
  }
}

function unknownExpression(machine: Machine, expr: Expr, at: string): Value {
  const reason = expr.kind === 'other' ? expr.reason : `a ${expr.kind} out of place`;
  return machine.unknown({ name: reason, at, kind: 'lost', reason });
}

function noArguments(frame: Frame, at: string): CallArguments {
  return { values: [], named: new Map(), at, frame };
}

/** Formatted text: known only where each part is. */
function textOf(machine: Machine, expr: Extract<Expr, { kind: 'text' }>, frame: Frame): Value {
  for (const part of expr.parts) {
    if (part.kind === 'walrus') {
      evaluate(machine, part, frame);
    }
  }
  return machine.named(`text ${frame.module.path} ${expr.line}`, {
    name: 'text',
    kind: 'parameter',
    at: placeAt(frame.module, expr.line),
  });
}

function nameValue(machine: Machine, name: string, frame: Frame, at: string): Value {
  const found = lookUp(machine, frame.scope, name, at);
  if (found !== null) {
    return found;
  }
  if (isBuiltinName(name)) {
    return { type: 'builtin', name, self: null, bound: null };
  }
  return name === '__name__'
    ? { type: 'string', value: frame.module.name, origin: null }
    : machine.named(`name ${frame.module.path} ${name}`, {
        name,
        at,
        kind: 'lost',
        reason: `${name} is not defined`,
      });
}

function getItemOrSlice(machine: Machine, expr: Extract<Expr, { kind: 'subscript' }>, frame: Frame): Value {
  const at = placeAt(frame.module, expr.line);
  const object = evaluate(machine, expr.object, frame);
  if (expr.index.kind !== 'slice') {
    return getItem(machine, object, evaluate(machine, expr.index, frame), at);
  }
  const bounds = expr.index.parts.map((part) => (part === null ? null : evaluate(machine, part, frame)));
  return machine.map(object, (value) => {
    if (value.type === 'unknown') {
      return machine.member(value, '[…]');
    }
    const [start, end, step] = bounds.map((bound) => (bound?.type === 'number' ? bound.value : undefined));
    const isPlain = bounds.every((bound) => bound === null || bound.type === 'number');
    const isWhole = value.type === 'sequence' && value.items.every(({ guard }) => guard.kind === 'true');
    if (value.type === 'sequence' && isPlain && isWhole && value.lost === null && (step ?? 1) === 1) {
      return createSequence(machine, value.form, value.items.slice(start, end));
    }
    return machine.unknown({ name: 'a slice', at });
  });
}

function operation(machine: Machine, expr: Expr, frame: Frame): Value {
  const at = placeAt(frame.module, expr.line);
  switch (expr.kind) {
    case 'binary': {
      const left = evaluate(machine, expr.left, frame);
      return binary(machine, expr.operator, { left, right: evaluate(machine, expr.right, frame), at });
    }
    case 'unary':
      return unary(machine, expr, frame);
    case 'not':
      return negated(machine, truth(machine, evaluate(machine, expr.operand, frame)));
    case 'logical':
      return logical(machine, expr, frame);
    case 'comparison':
      return chained(machine, expr, frame);
    case 'conditional':
      return conditional(machine, expr, frame);
    case 'lambda':
      return lambdaOf(machine, expr, frame);
    case 'sequence':
      return createSequence(machine, expr.form, itemsOf(machine, expr.items, frame));
    case 'dictionary':
      return dictionaryOf(machine, expr, frame);
    case 'comprehension':
      return comprehend(machine, expr, frame);
    case 'mapping':
      return mapping(machine, expr, frame);
    default:
      return unknownExpression(machine, expr, at);
  }
}

function unary(machine: Machine, expr: Extract<Expr, { kind: 'unary' }>, frame: Frame): Value {
  const at = placeAt(frame.module, expr.line);
  return machine.map(evaluate(machine, expr.operand, frame), (operand) => {
    if (operand.type === 'number' && expr.operator !== '~') {
      return expr.operator === '+' ? operand : (machine.compute('neg', [operand], { at }) ?? never);
    }
    if (operand.type === 'unknown') {
      return machine.stepped(operand, { kind: expr.operator === '-' ? 'neg' : 'other', by: null, at });
    }
    if (operand.type === 'condition' && expr.operator === '~') {
      return negated(machine, truth(machine, operand));
    }
    return machine.unknown({ name: 'a unary operation', at });
  });
}

export function negated(machine: Machine, { formula, decisions }: Truth): Value {
  const inverse = machine.formulas.not(formula);
  return inverse.kind === 'true' || inverse.kind === 'false'
    ? booleanValue(inverse.kind === 'true', decisions)
    : machine.condition(inverse);
}

/** `and`, `or`: the deciding operand, as in Python. */
function logical(machine: Machine, expr: Extract<Expr, { kind: 'logical' }>, frame: Frame): Value {
  const left = evaluate(machine, expr.left, frame);
  const { formula, decisions } = truth(machine, left);
  const isOr = expr.operator === 'or';
  if (formula.kind === 'true' || formula.kind === 'false') {
    if ((formula.kind === 'true') === isOr) {
      return left;
    }
    return withDecisions(machine, decisions, () => evaluate(machine, expr.right, frame));
  }
  const goesOn = isOr ? machine.formulas.not(formula) : formula;
  const right = machine.under(goesOn, () => evaluate(machine, expr.right, frame));
  if (isTruth(left) && isTruth(right)) {
    const second = machine.under(goesOn, () => truth(machine, right)).formula;
    const joined = isOr ? machine.formulas.or([formula, second]) : machine.formulas.and([formula, second]);
    return machine.condition(joined);
  }
  const kept = isOr ? withoutDefault(left) : left;
  return machine.either(goesOn, right, kept);
}

/** Only its truth matters, unlike that of a setting, which chooses rows of tables by what it is. */
function isTruth(value: Value): boolean {
  if (value.type === 'unknown') {
    return value.root.kind !== 'environment' && value.root.kind !== 'option';
  }
  return value.type === 'condition' || value.type === 'boolean';
}

function withoutDefault(value: Value): Value {
  return value;
}

function withDecisions(machine: Machine, decisions: Machine['decisions'], action: () => Value): Value {
  if (decisions.length === 0) {
    return action();
  }
  const before = machine.decisions;
  machine.decisions = [...before, ...decisions];
  try {
    return action();
  } finally {
    machine.decisions = before;
  }
}

function chained(machine: Machine, expr: Extract<Expr, { kind: 'comparison' }>, frame: Frame): Value {
  let left = evaluate(machine, expr.first, frame);
  let result: Value | null = null;
  for (const { operator, operand, line } of expr.rest) {
    const right = evaluate(machine, operand, frame);
    // The line of a chain's own operand tells its two bounds apart.
    const at = placeAt(frame.module, expr.rest.length > 1 ? line : expr.line);
    const next = compare(machine, { left, operator, right, at });
    result = result === null ? next : both(machine, result, next);
    left = right;
  }
  return result ?? never;
}

function both(machine: Machine, left: Value, right: Value): Value {
  const [first, second] = [truth(machine, left), truth(machine, right)];
  const joined = machine.formulas.and([first.formula, second.formula]);
  return joined.kind === 'true' || joined.kind === 'false'
    ? booleanValue(joined.kind === 'true', [...first.decisions, ...second.decisions])
    : machine.condition(joined);
}

function conditional(machine: Machine, expr: Extract<Expr, { kind: 'conditional' }>, frame: Frame): Value {
  const { formula, decisions } = truth(machine, evaluate(machine, expr.test, frame));
  if (formula.kind === 'true' || formula.kind === 'false') {
    const taken = formula.kind === 'true' ? expr.met : expr.otherwise;
    return withDecisions(machine, decisions, () => evaluate(machine, taken, frame));
  }
  const met = machine.under(formula, () => evaluate(machine, expr.met, frame));
  const otherwise = machine.under(machine.formulas.not(formula), () =>
    evaluate(machine, expr.otherwise, frame),
  );
  return machine.either(formula, met, otherwise);
}

function itemsOf(machine: Machine, exprs: readonly Expr[], frame: Frame): Item[] {
  const always = machine.formulas.and([]);
  return exprs.flatMap((expr): Item[] => {
    if (expr.kind === 'star') {
      return elementsOf(machine, evaluate(machine, expr.operand, frame), placeAt(frame.module, expr.line));
    }
    return [{ value: evaluate(machine, expr, frame), guard: always }];
  });
}

function dictionaryOf(machine: Machine, expr: Extract<Expr, { kind: 'dictionary' }>, frame: Frame): Value {
  const at = placeAt(frame.module, expr.line);
  const made = createDictionary(machine);
  for (const entry of expr.entries) {
    if (entry.key === null) {
      const other = machine.resolve(evaluate(machine, entry.value, frame));
      if (other.type === 'dictionary' && other.lost === null) {
        for (const { key, value } of other.entries.values()) {
          made.entries.delete(`s:${key.type === 'string' ? key.value : ''}`);
          setEntry(machine, made, { key, value, at });
        }
      } else {
        made.lost ??= `it takes in another table that is not known, at ${at}`;
      }
      continue;
    }
    const key = evaluate(machine, entry.key, frame);
    setEntry(machine, made, {
      key,
      value: evaluate(machine, entry.value, frame),
      at: placeAt(frame.module, entry.value.line),
    });
  }
  return made;
}
