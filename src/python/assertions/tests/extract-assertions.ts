import type { GateOperator, ReadAssertion, SetApart, ValueStep } from '../../../domain/gates/reading.ts';
import type { RuleNode } from '../../../domain/gates/rule.ts';
import { alternativesOf, isLost, type Alternative, type Fact } from './alternatives.ts';
import type { Machine } from '../state/machine.ts';
import { nameOf } from '../interpreter/operators.ts';
import type { TestRun } from './run-tests.ts';
import type { NumberValue, UnknownValue } from '../state/values.ts';

export interface Extraction {
  assertions: ReadAssertion[];
  apart: SetApart[];
}

/** Ways in which a test can fail that are taken apart; what is beyond is said to be unread. */
const maxAlternatives = 20_000;

/** The gates of a test: the comparisons with which it stands and falls. */
export function extractAssertions(machine: Machine, run: TestRun, test: string): Extraction {
  const found = new Map<number, ReadAssertion>();
  const apart = new Map<string, SetApart>();
  for (const failure of run.failures) {
    const ways = alternativesOf(failure.conditions, true, { left: maxAlternatives, known: new Map() });
    if (ways === null) {
      machine.note('the condition has too many alternatives', failure.at);
      continue;
    }
    for (const way of ways) {
      takeWay(way, { found, apart, test, calls: [...failure.calls], decisions: [...failure.decisions] });
    }
  }
  return { assertions: [...found.values()], apart: [...apart.values()] };
}

interface Taking {
  found: Map<number, ReadAssertion>;
  apart: Map<string, SetApart>;
  test: string;
  calls: string[];
  decisions: ReadAssertion['decisions'];
}

type Comparing = Fact & { atom: Extract<Fact['atom'], { kind: 'bound' | 'within' }> };

function isComparing(fact: Fact): fact is Comparing {
  return (
    (fact.atom.kind === 'bound' &&
      (fact.atom.number.rule.kind !== 'number' || !fact.atom.number.isInteger)) ||
    fact.atom.kind === 'within'
  );
}

/** The innermost comparison of one way to fail is the gate; the facts around it say when it counts. */
function takeWay(way: Alternative, taking: Taking): void {
  const facts = way.flat();
  for (const { atom } of facts) {
    setApart(atom, taking);
  }
  const groups = way.map((group) => group.filter(isComparing));
  const inner = groups.findLast((group) => group.length > 0);
  if (inner === undefined) {
    return;
  }
  for (const fact of inner) {
    const isUnsure = facts.some(({ id, atom }) => id !== fact.id && isLost(atom)) || isLost(fact.atom);
    const role = isUnsure ? 'unsure' : inner.length > 1 ? 'joint' : roleOf(fact, facts);
    const made = assertionOf(fact, { role, when: conditionsOf(facts, fact), taking });
    const before = taking.found.get(fact.id);
    if (made !== null && (before === undefined || isBetter(made, before))) {
      taking.found.set(fact.id, made);
    }
  }
}

function isBetter(next: ReadAssertion, before: ReadAssertion): boolean {
  return before.role === 'joint' || before.role === 'any' || before.role === 'unsure'
    ? next.role === 'bound'
    : next.role === before.role && next.when.length < before.when.length;
}

function setApart(atom: Fact['atom'], { apart, test }: Taking): void {
  const kind =
    atom.kind === 'pair'
      ? 'two-measurements'
      : atom.kind === 'fact' && atom.value?.root.kind === 'tensor'
        ? 'tensor'
        : null;
  if (kind !== null) {
    const at = atom.kind === 'pair' ? atom.at : atom.kind === 'fact' ? (atom.value?.root.at ?? '') : '';
    apart.set(`${kind} ${at}`, { kind, at, test });
  }
}

/** Numbers of things and settings are compared as well; they are no metrics. */
const notMeasured = new Set<UnknownValue['root']['kind']>(['count', 'environment', 'option']);

function roleOf(fact: Comparing, facts: readonly Fact[]): ReadAssertion['role'] {
  const { value } = fact.atom;
  if (fact.atom.kind === 'bound' && (fact.atom.operator === '==' || fact.atom.operator === '!=')) {
    return 'equality';
  }
  if (value.root.kind === 'item') {
    const exists = facts.some(
      ({ atom, holds }) => atom.kind === 'exists' && atom.root === value.root.id && holds,
    );
    return exists ? 'bound' : 'any';
  }
  return notMeasured.has(value.root.kind) ? 'other' : 'bound';
}

const opposite: Readonly<Record<string, GateOperator | '==' | '!='>> = {
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
  '==': '!=',
  '!=': '==',
};

function assertionOf(
  fact: Comparing,
  { role, when, taking }: { role: ReadAssertion['role']; when: string[]; taking: Taking },
): ReadAssertion | null {
  const { atom, holds } = fact;
  const shared = {
    calls: taking.calls,
    test: taking.test,
    when,
    decisions: taking.decisions,
    role,
    at: atom.at,
  };
  if (atom.kind === 'within') {
    // A test that fails where the values are close wants them apart: no gate of this kind.
    return holds
      ? null
      : {
          ...shared,
          operator: 'within',
          rule: atom.width.rule,
          centre: atom.centre.rule,
          inclusive: atom.inclusive,
          value: measured(atom.value, atom.value.steps),
        };
  }
  const operator = holds ? opposite[atom.operator] : (atom.operator as GateOperator | '==' | '!=');
  if (operator === undefined) {
    return null;
  }
  const around = distanceOf(atom.value, operator, atom.number);
  if (around !== null) {
    return { ...shared, operator: 'within', ...around };
  }
  const inclusive = operator === '<=' || operator === '>=' || operator === '==';
  return {
    ...shared,
    operator,
    rule: atom.number.rule,
    centre: null,
    inclusive,
    value: measured(atom.value, atom.value.steps),
  };
}

/** `abs(value - centre) < width`, also with factors around the distance. */
function distanceOf(
  value: UnknownValue,
  operator: ReadAssertion['operator'],
  number: NumberValue,
): Pick<ReadAssertion, 'rule' | 'centre' | 'inclusive' | 'value'> | null {
  const { steps } = value;
  const absolute = steps.findIndex(({ kind }) => kind === 'abs');
  const difference = steps[absolute - 1];
  if (absolute < 1 || difference?.by === null || difference === undefined) {
    return null;
  }
  const isDifference = difference.kind === 'sub' || difference.kind === 'rsub';
  if (!isDifference || (operator !== '<' && operator !== '<=')) {
    return null;
  }
  let { rule } = number;
  for (const step of steps.slice(absolute + 1).toReversed()) {
    const undone = undo(rule, step);
    if (undone === null) {
      return null;
    }
    rule = undone;
  }
  return {
    rule,
    centre: difference.by.rule,
    inclusive: operator === '<=',
    value: measured(value, steps.slice(0, absolute - 1)),
  };
}

function undo(rule: RuleNode, step: UnknownValue['steps'][number]): RuleNode | null {
  if (step.by === null || step.by.value <= 0 || (step.kind !== 'mul' && step.kind !== 'div')) {
    return null;
  }
  const operation = step.kind === 'mul' ? 'div' : 'mul';
  return { kind: 'apply', operation, at: step.at, operands: [rule, step.by.rule] };
}

function measured(value: UnknownValue, steps: UnknownValue['steps']): ReadAssertion['value'] {
  const plain = steps.map(({ kind, by, at }): ValueStep => ({ kind, by: by?.value ?? null, at }));
  return { name: nameOf(value).slice(0, 200), path: [...value.path], steps: plain };
}

/** Selected rows and outer comparisons, in words. */
function conditionsOf(facts: readonly Fact[], own: Fact): string[] {
  const words = facts.flatMap(({ id, atom, holds }) => {
    if (id === own.id) {
      return [];
    }
    if (atom.kind === 'equals' && holds) {
      return [`${nameOf(atom.value)} is ${atom.text}`];
    }
    if (atom.kind === 'bound' && atom.number.rule.kind !== 'number') {
      return [`${holds ? '' : 'not '}${nameOf(atom.value)} ${atom.operator} ${atom.number.value}`];
    }
    const isSwitch =
      atom.kind === 'fact' && (atom.value?.root.kind === 'environment' || atom.value?.root.kind === 'option');
    return isSwitch
      ? [`${holds ? '' : 'not: '}${atom.value === null ? '' : nameOf(atom.value)} ${atom.text}`]
      : [];
  });
  return [...new Set(words.map((word) => word.slice(0, 200)))].slice(0, 20);
}
