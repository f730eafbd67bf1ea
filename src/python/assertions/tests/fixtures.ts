import { openFrame, returnedValue } from '../interpreter/calls.ts';
import { elementsOf } from '../interpreter/containers.ts';
import type { Interpreter } from '../interpreter/interpreter.ts';
import type { Frame } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { nameOf } from '../interpreter/operators.ts';
import { placeAt } from '../state/scopes.ts';
import type { Expr } from '../syntax/syntax.ts';
import { none, never, type FunctionValue, type ModuleState, type Value } from '../state/values.ts';

/** Finds what pytest would hand to a test under the names of its parameters. */
export interface FixtureLookup {
  interpreter: Interpreter;
  module: ModuleState;
  /** Modules of `conftest.py`, the nearest first. */
  conftests: readonly ModuleState[];
  /** Values that are made already, by fixture. */
  made: Map<FunctionValue, Value>;
  /** Steps that the tests of the file have taken so far. */
  spent: { steps: number };
  /** The instance whose method the test is. */
  self: Value | null;
}

/** The `conftest.py` files that pytest reads for a test file, the nearest first. */
export function conftestPaths(testFile: string): string[] {
  const folders = testFile.split('/').slice(0, -1);
  return folders
    .map((_, index) => `${folders.slice(0, index + 1).join('/')}/conftest.py`)
    .reverse()
    .concat('conftest.py');
}

/** The value of a fixture; unknown when none of the repository has the name. */
export function fixtureValue(lookup: FixtureLookup, name: string, depth = 0): Value {
  const { machine } = lookup.interpreter;
  const at = placeAt(lookup.module, 1);
  const found = findFixture(lookup, name);
  if (found === null || depth > 15) {
    return name === 'monkeypatch' || name === 'mocker'
      ? { type: 'external', name }
      : machine.named(`fixture ${name}`, { name, at, kind: 'parameter' });
  }
  const known = lookup.made.get(found);
  if (known !== undefined) {
    return known;
  }
  const value = runFixture(lookup, found, depth);
  lookup.made.set(found, value);
  return value;
}

function findFixture(lookup: FixtureLookup, name: string): FunctionValue | null {
  const { machine } = lookup.interpreter;
  const own = lookup.self?.type === 'instance' ? lookup.self.class.scope.variables.get(name) : undefined;
  const candidates = [
    own,
    ...[lookup.module, ...lookup.conftests].map(({ scope }) => scope.variables.get(name)),
  ];
  for (const candidate of candidates) {
    const value = candidate === undefined ? null : machine.resolve(candidate);
    if (value?.type === 'function' && value.isFixture) {
      return value;
    }
  }
  return null;
}

function runFixture(lookup: FixtureLookup, fixture: FunctionValue, depth: number): Value {
  const { machine } = lookup.interpreter;
  const at = placeAt(fixture.scope.module, fixture.line);
  const frame = lookup.interpreter.frameOf(fixture.scope.module);
  const named = new Map<string, Value>();
  for (const parameter of fixture.parameters) {
    if (parameter.name === 'self' && lookup.self !== null) {
      named.set('self', lookup.self);
    } else if (parameter.name === 'request') {
      named.set('request', requestOf(machine, fixture, { frame, at }));
    } else if (parameter.kind === 'plain' || parameter.kind === 'keyword') {
      named.set(parameter.name, fixtureValue(lookup, parameter.name, depth + 1));
    }
  }
  return callGenerator(machine, fixture, { values: [], named, at, frame });
}

/** Runs a function to its `yield`, or to its `return`. */
function callGenerator(
  machine: Machine,
  target: FunctionValue,
  call: Parameters<typeof openFrame>[2],
): Value {
  if (target.body.kind === 'expression') {
    return never;
  }
  const frame = openFrame(machine, target, call);
  const yielded: { value: Value | null } = { value: null };
  frame.onYield = (value) => {
    yielded.value ??= value;
    return none;
  };
  const { depth } = machine.path;
  machine.depth += 1;
  const flow = machine.rules.execute(target.body.definition.body(), frame);
  machine.depth -= 1;
  machine.path.popTo(depth);
  return yielded.value ?? returnedValue(machine, frame, flow.dead);
}

/** `request`: unknown but for `request.param`. */
function requestOf(
  machine: Machine,
  fixture: FunctionValue,
  { frame, at }: { frame: Frame; at: string },
): Value {
  const request = machine.named('fixture request', { name: 'request', at, kind: 'parameter' });
  const decorators = fixture.body.kind === 'statements' ? fixture.body.definition.decorators : [];
  const params = decorators
    .flatMap((decorator) => (decorator.kind === 'call' ? decorator.arguments : []))
    .find(({ name }) => name === 'params');
  if (params === undefined) {
    return request;
  }
  const rows = elementsOf(machine, machine.rules.evaluate(params.value, frame), at);
  const selector = machine.unknown({ name: `parameter of ${fixture.name}`, at, kind: 'parameter' });
  const names = rows.map(({ value }, index) => rowName([value], index));
  const param = chosenRow(machine, { selector, names, values: rows.map(({ value }) => value) });
  machine.parameters.set(request.id, param);
  return request;
}

/** The value of the row that a run is for: one of several, with the row named. */
export function chosenRow(
  machine: Machine,
  {
    selector,
    names,
    values,
  }: { selector: Extract<Value, { type: 'unknown' }>; names: string[]; values: Value[] },
): Value {
  let result: Value = never;
  for (const [index, value] of [...values.entries()].reverse()) {
    const text = names[index] ?? String(index);
    const isChosen = machine.formulas.atom({ kind: 'equals', value: selector, text });
    result = values.length === 1 ? value : machine.either(isChosen, value, result, true);
  }
  return result;
}

/** As pytest names a row without `ids`. */
export function rowName(values: readonly Value[], index: number): string {
  const parts = values.map((value) =>
    value.type === 'string' || value.type === 'number' || value.type === 'boolean'
      ? nameOf(value).replaceAll('"', '')
      : value.type === 'none'
        ? 'None'
        : null,
  );
  return parts.includes(null) ? `row ${index}` : parts.join('-');
}

/** What `@pytest.mark.parametrize` gives a test, by parameter. */
export function parametrized(
  machine: Machine,
  decorator: Expr,
  { frame, test }: { frame: Frame; test: string },
): Map<string, Value> {
  const given = new Map<string, Value>();
  if (decorator.kind !== 'call') {
    return given;
  }
  const at = placeAt(frame.module, decorator.line);
  const callee = machine.rules.evaluate(decorator.callee, frame);
  if (callee.type !== 'external' || !callee.name.endsWith('mark.parametrize')) {
    return given;
  }
  const [namesArgument, rowsArgument] = decorator.arguments;
  if (namesArgument === undefined || rowsArgument === undefined) {
    return given;
  }
  const names = parameterNames(machine, machine.resolve(machine.rules.evaluate(namesArgument.value, frame)));
  const rows = elementsOf(machine, machine.rules.evaluate(rowsArgument.value, frame), at).slice(0, 500);
  const ids = decorator.arguments.find(({ name }) => name === 'ids');
  const idValues = ids === undefined ? [] : elementsOf(machine, machine.rules.evaluate(ids.value, frame), at);
  const parts = rows.map(({ value }) => rowParts(machine, value, names.length));
  const rowNames = parts.map((row, index) => {
    const id = idValues[index]?.value;
    return id?.type === 'string' ? id.value : rowName(row, index);
  });
  const selector = machine.unknown({ name: test, at, kind: 'parameter' });
  for (const [position, name] of names.entries()) {
    const values = parts.map((row) => row[position] ?? never);
    given.set(name, chosenRow(machine, { selector, names: rowNames, values }));
  }
  return given;
}

function parameterNames(machine: Machine, value: Value): string[] {
  if (value.type === 'string') {
    return value.value.split(',').map((name) => name.trim());
  }
  return value.type === 'sequence'
    ? value.items.flatMap((item) => {
        const name = machine.resolve(item.value);
        return name.type === 'string' ? [name.value] : [];
      })
    : [];
}

function rowParts(machine: Machine, row: Value, count: number): Value[] {
  const value = machine.resolve(row);
  const isParam = value.type === 'sequence' && value.fields?.[0] === 'pytest.param';
  if (count === 1 && !isParam) {
    return [value];
  }
  if (value.type === 'sequence') {
    return value.items.map((item) => machine.resolve(item.value));
  }
  return value.type === 'unknown'
    ? Array.from({ length: count }, (_, index) => machine.member(value, `[${index}]`))
    : [];
}
