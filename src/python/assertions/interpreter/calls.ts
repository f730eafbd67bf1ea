import { OutOfBudget, type CallArguments, type Frame } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { createSequence } from './containers.ts';
import { lostAmong, nameOf } from './operators.ts';
import { createScope, placeAt } from '../state/scopes.ts';
import { never, none, type FunctionValue, type Item, type NumberValue, type Value } from '../state/values.ts';

/** Runs a function of the repository. What cannot be followed makes just this answer unknown. */
export function callFunction(machine: Machine, target: FunctionValue, call: CallArguments): Value {
  if (machine.depth >= machine.limits.depth) {
    return unfollowed(machine, target, { call, reason: 'calls nested too deeply, or a recursion' });
  }
  const nested = machine.running.get(target) ?? 0;
  if (nested >= maxOpenRecursion && call.values.some((value) => isOpen(machine, value))) {
    return unfollowed(machine, target, { call, reason: 'a recursion over values that only a run knows' });
  }
  const saved = save(machine);
  machine.running.set(target, nested + 1);
  machine.depth += 1;
  machine.stepLimit = Math.min(machine.stepLimit, machine.steps + machine.limits.stepsPerCall);
  machine.calls = [...machine.calls, call.at];
  try {
    return runFunction(machine, target, call);
  } catch (error) {
    if (!(error instanceof OutOfBudget) || machine.steps >= saved.stepLimit) {
      throw error;
    }
    restore(machine, saved);
    return unfollowed(machine, target, { call, reason: error.message });
  } finally {
    machine.running.set(target, nested);
    restore(machine, saved);
  }
}

/** A recursion over unknown values ends nowhere; over constants it ends by itself, or at the depth that is followed. */
const maxOpenRecursion = 3;

function isOpen(machine: Machine, value: Value): boolean {
  return ['unknown', 'either', 'condition'].includes(machine.resolve(value).type);
}

interface Saved {
  stepLimit: number;
  depth: number;
  pathDepth: number;
  calls: string[];
  decisions: Machine['decisions'];
  catchers: Machine['catchers'];
}

export function save(machine: Machine): Saved {
  const { stepLimit, depth, calls, decisions, catchers } = machine;
  return { stepLimit, depth, calls, decisions, catchers: [...catchers], pathDepth: machine.path.depth };
}

export function restore(machine: Machine, saved: Saved): void {
  machine.stepLimit = saved.stepLimit;
  machine.depth = saved.depth;
  machine.calls = saved.calls;
  machine.decisions = saved.decisions;
  machine.catchers = saved.catchers;
  machine.path.popTo(saved.pathDepth);
}

function unfollowed(
  machine: Machine,
  target: FunctionValue,
  { call, reason }: { call: CallArguments; reason: string },
): Value {
  const why = `${target.name}() is not followed: ${reason}`;
  machine.note(why, call.at);
  const values = [...call.values, ...call.named.values()];
  loseAll(machine, values, why);
  return machine.unknown({
    name: `${target.name}()`,
    at: call.at,
    kind: 'lost',
    reason: why,
    swallowed: numbersInside(machine, values),
  });
}

function runFunction(machine: Machine, target: FunctionValue, call: CallArguments): Value {
  machine.step();
  const frame = openFrame(machine, target, call);
  if (target.body.kind === 'expression') {
    return machine.rules.evaluate(target.body.value, frame);
  }
  const { definition } = target.body;
  const yielded: Item[] | null = definition.isGenerator() ? [] : null;
  if (yielded !== null) {
    frame.onYield = (value) => {
      yielded.push({ value, guard: machine.guardSince(frame.birth) });
      return none;
    };
  }
  const flow = machine.rules.execute(definition.body(), frame);
  if (yielded !== null) {
    return createSequence(machine, 'list', yielded);
  }
  return returnedValue(machine, frame, flow.dead);
}

/** What the ways through a function give, joined. */
export function returnedValue(machine: Machine, frame: Frame, isDead: boolean): Value {
  let result: Value = isDead ? never : none;
  for (const { condition, value } of frame.returns.toReversed()) {
    result = machine.either(condition, value, result);
  }
  return result;
}

/** A frame with the parameters bound. */
export function openFrame(machine: Machine, target: FunctionValue, call: CallArguments): Frame {
  const scope = createScope(machine, { parent: target.scope, module: target.scope.module });
  bindParameters(machine, target, { call, variables: scope.variables });
  const [first] = target.parameters;
  const self = first === undefined ? undefined : scope.variables.get(first.name);
  const owner = target.owner === null || self === undefined ? null : { self, class: target.owner };
  const { module } = target.scope;
  return { scope, module, returns: [], birth: machine.path.current, onYield: null, owner };
}

function bindParameters(
  machine: Machine,
  target: FunctionValue,
  { call, variables }: { call: CallArguments; variables: Map<string, Value> },
): void {
  const positional = [...call.values];
  const named = new Map(call.named);
  for (const parameter of target.parameters) {
    const { name, kind } = parameter;
    if (kind === 'rest') {
      const items = positional.splice(0).map((value): Item => ({ value, guard: machine.formulas.and([]) }));
      variables.set(name, createSequence(machine, 'tuple', items));
      continue;
    }
    if (kind === 'keywords') {
      variables.set(name, keywords(machine, named));
      continue;
    }
    const given = kind === 'plain' && positional.length > 0 ? positional.shift() : named.get(name);
    named.delete(name);
    variables.set(name, given ?? target.defaults.get(name) ?? missing(machine, target, { name, call }));
  }
}

function keywords(machine: Machine, named: Map<string, Value>): Value {
  const entries = [...named].map(([name, value]) => {
    const key: Value = { type: 'string', value: name, origin: null };
    return [`s:${name}`, { key, value }] as const;
  });
  return {
    type: 'dictionary',
    entries: new Map(entries),
    factory: null,
    birth: machine.path.current,
    lost: null,
  };
}

function missing(
  machine: Machine,
  target: FunctionValue,
  { name, call }: { name: string; call: CallArguments },
): Value {
  const at = placeAt(target.scope.module, target.line);
  return call.named.has('**')
    ? machine.unknown({ name, at, kind: 'lost', reason: 'it is in a ** argument that only a run knows' })
    : machine.unknown({ name, at, kind: 'parameter' });
}

/** Numbers with a place inside values, as far as a few thousand steps go. */
export function numbersInside(machine: Machine, values: readonly Value[]): NumberValue[] {
  const found: NumberValue[] = [];
  const seen = new Set<Value>();
  const pending = [...values];
  for (let next = pending.pop(); next !== undefined && seen.size < 2000; next = pending.pop()) {
    if (seen.has(next)) {
      continue;
    }
    seen.add(next);
    machine.step();
    if (next.type === 'number' && next.rule.kind !== 'number') {
      found.push(next);
    } else if (next.type === 'either') {
      pending.push(next.met, next.otherwise);
    } else if (next.type === 'sequence') {
      pending.push(...next.items.map(({ value }) => value));
    } else if (next.type === 'dictionary') {
      pending.push(...[...next.entries.values()].map(({ value }) => value));
    } else if (next.type === 'instance') {
      pending.push(...next.attributes.values());
    }
  }
  return found;
}

/** Tables that code which the reader does not know got hold of: it may have changed them. */
export function loseAll(machine: Machine, values: readonly Value[], reason: string): void {
  const seen = new Set<Value>();
  const pending = [...values];
  for (let next = pending.pop(); next !== undefined && seen.size < 2000; next = pending.pop()) {
    const value = machine.resolve(next);
    if (seen.has(value)) {
      continue;
    }
    seen.add(value);
    if (value.type === 'either') {
      pending.push(value.met, value.otherwise);
    } else if (value.type === 'dictionary') {
      value.lost ??= reason;
      pending.push(...[...value.entries.values()].map((entry) => entry.value));
    } else if (
      value.type === 'sequence' &&
      value.form === 'list' &&
      numbersInside(machine, [value]).length > 0
    ) {
      value.lost ??= reason;
    }
  }
}

/** A call of something that is not of the repository. */
export function callUnknown(machine: Machine, callee: Value, call: CallArguments): Value {
  const name = `${nameOf(callee)}()`.slice(0, 200);
  const values = [...call.values, ...call.named.values()];
  const swallowed = numbersInside(machine, values);
  const reason = swallowed.length === 0 ? null : `it goes into ${name}, which is outside of the repository`;
  // Python's own functions only compute: what they make of something unknown is as unknown as that.
  const inherited = callee.type === 'builtin' && callee.self === null ? lostAmong(values) : {};
  return machine.unknown({ name, at: call.at, swallowed, reason, ...inherited });
}
