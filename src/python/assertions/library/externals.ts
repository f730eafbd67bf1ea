import { builtin, getAttribute } from '../interpreter/attributes.ts';
import { callAssertion, fulfil, isClose } from './assertion-functions.ts';
import { callUnknown, loseAll } from '../interpreter/calls.ts';
import { syntheticClass } from '../interpreter/classes.ts';
import { createDictionary, createSequence, elementsOf, environmentValue } from '../interpreter/containers.ts';
import { builtins, type Builtin } from './builtins.ts';
import type { CallArguments } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { accumulated, toNumber } from './number-builtins.ts';
import { callPatch } from './patches.ts';
import { binary, truth } from '../interpreter/operators.ts';
import { compare } from '../interpreter/comparisons.ts';
import type { BinaryOperator, ComparisonOperator } from '../syntax/syntax.ts';
import {
  never,
  none,
  type DictionaryValue,
  type InstanceValue,
  type SequenceValue,
  type Value,
} from '../state/values.ts';

type External = (machine: Machine, call: CallArguments) => Value;

function argument(call: CallArguments, position: number, name: string): Value | undefined {
  return call.values[position] ?? call.named.get(name);
}

/** Hands its first argument through. */
const through: External = (_, call) => call.values[0] ?? never;
const decorator: External = (_, call) =>
  call.values[0]?.type === 'function' || call.values[0]?.type === 'class'
    ? call.values[0]
    : builtin('identity');

/** Functions outside of the repository whose meaning is known, by dotted name. */
const known: Readonly<Record<string, External>> = {
  'os.environ.get': (machine, call) => environment(machine, call),
  'os.getenv': (machine, call) => environment(machine, call),
  'environ.get': (machine, call) => environment(machine, call),
  getenv: (machine, call) => environment(machine, call),
  'math.ceil': (machine, call) => toNumber(machine, 'ceil', call),
  'math.floor': (machine, call) => toNumber(machine, 'floor', call),
  'math.trunc': (machine, call) => toNumber(machine, 'trunc', call),
  'math.sqrt': (machine, call) => toNumber(machine, 'sqrt', call),
  'math.fabs': (machine, call) =>
    toNumber(machine, 'abs', { ...call, values: [toNumber(machine, 'float', call)] }),
  'math.isclose': isClose,
  'numpy.abs': (machine, call) => toNumber(machine, 'abs', call),
  'torch.abs': (machine, call) => toNumber(machine, 'abs', call),
  'numpy.all': (machine, call) => builtin_(machine, 'all', call),
  'torch.all': (machine, call) => builtin_(machine, 'all', call),
  'numpy.float64': (machine, call) => toNumber(machine, 'float', call),
  'numpy.float32': (machine, call) => callUnknown(machine, { type: 'external', name: 'numpy.float32' }, call),
  'statistics.mean': (machine, call) => accumulated(machine, 'mean', call),
  'pytest.approx': (_, call) => ({
    type: 'approximation',
    centre: argument(call, 0, 'expected') ?? never,
    relative: argument(call, 1, 'rel') ?? null,
    absolute: argument(call, 2, 'abs') ?? null,
    at: call.at,
  }),
  'pytest.fail': (machine, call) => {
    machine.raise(['Failed'], never, call.at);
    return never;
  },
  'pytest.skip': (machine, call) => {
    machine.raise(['Skipped'], never, call.at);
    return never;
  },
  'pytest.raises': () => builtin('expect failure'),
  'pytest.warns': () => builtin('passed over'),
  'pytest.param': (machine, call) => parameterRow(machine, call),
  'pytest_check.check': (machine, call) => {
    fulfil(machine, call.values[0] ?? never, { call, negated: false });
    return none;
  },
  'pytest_check.check.is_true': (machine, call) => callAssertion(machine, 'is_true', call) ?? none,
  'dataclasses.field': (_, call) => ({
    ...builtin('dataclasses.field'),
    bound: { values: call.values, named: call.named },
  }),
  'dataclasses.replace': (machine, call) => replaced(machine, call),
  'dataclasses.dataclass': decorator,
  'dataclasses.asdict': (machine, call) => asTable(machine, call),
  'typing.cast': (_, call) => call.values[1] ?? never,
  'asyncio.run': through,
  'copy.copy': (machine, call) => copied(machine, call.values[0] ?? never, 1),
  'copy.deepcopy': (machine, call) => copied(machine, call.values[0] ?? never, 0),
  'types.MappingProxyType': through,
  'types.SimpleNamespace': (machine, call) => namespace(machine, call),
  'argparse.Namespace': (machine, call) => namespace(machine, call),
  'collections.namedtuple': (machine, call) => namedTupleClass(machine, call),
  'collections.OrderedDict': (machine, call) => builtin_(machine, 'dict', call),
  'collections.defaultdict': (machine, call) => {
    const made = createDictionary(machine);
    made.factory = call.values[0] ?? null;
    return made;
  },
  'functools.partial': (_, call) => {
    const [target = never, ...values] = call.values;
    return { type: 'builtin', name: 'partial', self: target, bound: { values, named: call.named } };
  },
  'functools.wraps': (_, call) => ({ ...builtin('wraps'), self: call.values[0] ?? null }),
  'functools.cache': decorator,
  'functools.lru_cache': decorator,
  'contextlib.suppress': () => builtin('expect failure'),
  'contextlib.nullcontext': () => builtin('passed over'),
  'itertools.chain': (machine, call) =>
    createSequence(
      machine,
      'list',
      call.values.flatMap((value) => elementsOf(machine, value, call.at)),
    ),
  'sys.exit': (machine, call) => {
    const value = call.values[0] ?? none;
    const failed = truth(machine, value).formula;
    machine.under(failed, () => {
      if (failed.kind !== 'false') {
        machine.raise(['SystemExit'], never, call.at);
      }
    });
    return never;
  },
};

const operators: Readonly<Record<string, ComparisonOperator | BinaryOperator>> = {
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  eq: '==',
  ne: '!=',
  mul: '*',
  add: '+',
  sub: '-',
  truediv: '/',
};

const comparisonNames = new Set(['<', '<=', '>', '>=', '==', '!=']);

function builtin_(machine: Machine, name: string, call: CallArguments): Value {
  const implementation: Builtin | undefined = builtins[name];
  return implementation === undefined
    ? callUnknown(machine, builtin(name), call)
    : implementation(machine, call, builtin(name));
}

const aliases: Readonly<Record<string, string>> = { np: 'numpy', 'jax.numpy': 'numpy' };

/** A call of something by its dotted name. */
export function callExternal(machine: Machine, name: string, call: CallArguments): Value {
  const [head = ''] = name.split('.');
  const full = Object.hasOwn(aliases, head) ? `${aliases[head]}${name.slice(head.length)}` : name;
  const patched = callPatch(machine, full, call);
  if (patched !== null) {
    return patched;
  }
  const rule = Object.hasOwn(known, full) ? known[full] : undefined;
  if (rule !== undefined) {
    return rule(machine, call);
  }
  const last = full.split('.').at(-1) ?? '';
  if (full.startsWith('operator.') && Object.hasOwn(operators, last)) {
    return operatorCall(machine, operators[last] ?? '==', call);
  }
  if (full.startsWith('pytest_check.') || full.startsWith('unittest.')) {
    const answer = callAssertion(machine, last, call);
    if (answer !== null) {
      return answer;
    }
  }
  if (isDecorating(full)) {
    return decorator(machine, call);
  }
  const closeness = tensorCloseness(machine, full, call);
  if (closeness !== null) {
    return closeness;
  }
  if (!readsOnly.test(full)) {
    loseAll(machine, [...call.values, ...call.named.values()], `${full}() at ${call.at} may change it`);
  }
  return callUnknown(machine, { type: 'external', name: full }, call);
}

/** Modules whose functions leave their arguments alone. */
const readsOnly =
  /^(?:numpy|torch|json|yaml|os|sys|re|time|math|logging|pathlib|pprint|subprocess|pytest|copy|dataclasses|typing|collections|itertools|functools|statistics|asyncio|requests|pandas|print)\b/;

function isDecorating(name: string): boolean {
  return name.startsWith('pytest.mark.') || name === 'pytest.fixture';
}

/** Closeness of tensors to others: told apart from gates on metrics. */
function tensorCloseness(machine: Machine, name: string, call: CallArguments): Value | null {
  if (
    !/(?:^|\.)(?:allclose|isclose|assert_close|assert_allclose|assert_array_almost_equal|assert_almost_equal)$/.test(
      name,
    )
  ) {
    return null;
  }
  const value = machine.unknown({ name: `${name}()`, at: call.at, kind: 'tensor' });
  const atom = machine.formulas.atom({ kind: 'fact', text: 'holds', value });
  if (/\bassert_/.test(name)) {
    fulfil(machine, machine.condition(atom), { call, negated: false });
    return none;
  }
  return machine.condition(atom);
}

function environment(machine: Machine, call: CallArguments): Value {
  const key = machine.resolve(argument(call, 0, 'key') ?? never);
  const fallback = argument(call, 1, 'default');
  return environmentValue(machine, {
    key,
    fallback: fallback === undefined ? null : machine.resolve(fallback),
    at: call.at,
  });
}

function operatorCall(
  machine: Machine,
  operator: ComparisonOperator | BinaryOperator,
  call: CallArguments,
): Value {
  const [left = never, right = never] = call.values;
  return comparisonNames.has(operator)
    ? compare(machine, { left, operator: operator as ComparisonOperator, right, at: call.at })
    : binary(machine, operator as BinaryOperator, { left, right, at: call.at });
}

/** A row of parametrize: its values as a tuple. */
function parameterRow(machine: Machine, call: CallArguments): SequenceValue {
  const guard = machine.formulas.and([]);
  const row = createSequence(
    machine,
    'tuple',
    call.values.map((value) => ({ value, guard })),
  );
  return { ...row, fields: ['pytest.param'] };
}

function namespace(machine: Machine, call: CallArguments): Value {
  if (call.frame === null) {
    return callUnknown(machine, builtin('namespace'), call);
  }
  const owner = syntheticClass(machine, { name: 'Namespace', form: 'plain', fields: [], frame: call.frame });
  return {
    type: 'instance',
    class: owner,
    attributes: new Map(call.named),
    birth: machine.path.current,
    lost: null,
  };
}

function namedTupleClass(machine: Machine, call: CallArguments): Value {
  const [name, names] = call.values.map((value) => machine.resolve(value));
  if (call.frame === null || name?.type !== 'string' || names === undefined) {
    return callUnknown(machine, builtin('namedtuple'), call);
  }
  const texts =
    names.type === 'string'
      ? names.value.split(/[\s,]+/).filter((part) => part !== '')
      : elementsOf(machine, names, call.at).flatMap(({ value }) =>
          value.type === 'string' ? [value.value] : [],
        );
  const fields = texts.map((field) => ({ name: field, default: null, factory: null }));
  return syntheticClass(machine, { name: name.value, form: 'namedtuple', fields, frame: call.frame });
}

function replaced(machine: Machine, call: CallArguments): Value {
  return machine.map(call.values[0] ?? never, (value) => {
    if (value.type !== 'instance') {
      return callUnknown(machine, builtin('replace'), call);
    }
    const attributes = new Map([...value.attributes, ...call.named]);
    return { ...value, attributes, birth: machine.path.current } satisfies InstanceValue;
  });
}

function asTable(machine: Machine, call: CallArguments): Value {
  return machine.map(call.values[0] ?? never, (value) => {
    if (value.type !== 'instance') {
      return callUnknown(machine, builtin('asdict'), call);
    }
    const made = createDictionary(machine);
    for (const field of value.class.fields) {
      const key: Value = { type: 'string', value: field.name, origin: null };
      made.entries.set(`s:${field.name}`, { key, value: getAttribute(machine, value, field.name, call) });
    }
    return made;
  });
}

/** A copy, so that changes of the one are none of the other. */
function copied(machine: Machine, value: Value, depth: number): Value {
  return machine.map(value, (settled): Value => {
    machine.step();
    const inner = (part: Value): Value =>
      depth === 1 || depth > 20 ? part : copied(machine, part, depth === 0 ? 2 : depth + 1);
    switch (settled.type) {
      case 'dictionary': {
        const made: DictionaryValue = { ...settled, entries: new Map(), birth: machine.path.current };
        for (const [key, entry] of settled.entries) {
          made.entries.set(key, { key: entry.key, value: inner(entry.value) });
        }
        return made;
      }
      case 'sequence': {
        const items = settled.items.map((item) => ({ ...item, value: inner(item.value) }));
        return { ...settled, items, birth: machine.path.current };
      }
      case 'instance': {
        const attributes = new Map([...settled.attributes].map(([name, part]) => [name, inner(part)]));
        return { ...settled, attributes, birth: machine.path.current };
      }
      default:
        return settled;
    }
  });
}
