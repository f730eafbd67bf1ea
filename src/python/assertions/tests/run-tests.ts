import { findInClass, linearised } from '../interpreter/attributes.ts';
import { restore, save } from '../interpreter/calls.ts';
import { conftestPaths, fixtureValue, parametrized, type FixtureLookup } from './fixtures.ts';
import type { Interpreter } from '../interpreter/interpreter.ts';
import { OutOfBudget, type Failure } from '../state/machine-types.ts';
import { placeAt } from '../state/scopes.ts';
import type { ClassValue, FunctionValue, InstanceValue, ModuleState, Value } from '../state/values.ts';

export interface TestRun {
  /** `test_x`, `TestClass::test_x`. */
  name: string;
  at: string;
  failures: Failure[];
  /** Why the test was not followed to its end. */
  broken: string | null;
}

/** Interprets every test that pytest would collect from a file. */
export function runTests(interpreter: Interpreter, module: ModuleState): TestRun[] {
  const conftests = conftestPaths(module.path).flatMap((path) => interpreter.moduleOfFile(path) ?? []);
  const runs: TestRun[] = [];
  const spent = { steps: 0 };
  for (const [name, bound] of module.scope.variables) {
    const value = interpreter.machine.resolve(bound);
    const lookup: FixtureLookup = { interpreter, module, conftests, made: new Map(), self: null, spent };
    if (value.type === 'function' && name.startsWith('test') && !value.isFixture) {
      runs.push(runTest(lookup, value, { name }));
    } else if (value.type === 'class' && isTestClass(interpreter, value)) {
      runs.push(...runClass(lookup, value));
    }
  }
  return runs;
}

function isTestClass(interpreter: Interpreter, value: ClassValue): boolean {
  if (value.name.startsWith('Test') && findInClass(interpreter.machine, value, '__init__') === null) {
    return true;
  }
  return linearised(interpreter.machine, value).some(
    (base) => base.type === 'external' && base.name.endsWith('TestCase'),
  );
}

function runClass(lookup: FixtureLookup, owner: ClassValue): TestRun[] {
  const { machine } = lookup.interpreter;
  const tests = new Map<string, FunctionValue>();
  for (const base of linearised(machine, owner)) {
    for (const [name, bound] of base.type === 'class' ? base.scope.variables : []) {
      const value = machine.resolve(bound);
      if (value.type === 'function' && name.startsWith('test') && !value.isFixture && !tests.has(name)) {
        tests.set(name, value);
      }
    }
  }
  return [...tests].map(([name, test]) => {
    const self: InstanceValue = {
      type: 'instance',
      class: owner,
      attributes: new Map(),
      birth: machine.path.current,
      lost: null,
    };
    return runTest({ ...lookup, self, made: new Map() }, test, { name: `${owner.name}::${name}` });
  });
}

const setUps = ['setUpClass', 'setup_class', 'setUp', 'setup_method'];

function runTest(lookup: FixtureLookup, test: FunctionValue, { name }: { name: string }): TestRun {
  const { machine } = lookup.interpreter;
  const at = placeAt(test.scope.module, test.line);
  const saved = save(machine);
  machine.failures = [];
  machine.steps = 0;
  const left = machine.limits.stepsPerFile - lookup.spent.steps;
  machine.stepLimit = Math.min(machine.limits.steps, Math.max(0, left));
  let broken: string | null = null;
  try {
    prepare(lookup, at);
    callTest(lookup, test, { name, at });
  } catch (error) {
    if (!(error instanceof OutOfBudget) && !(error instanceof RangeError)) {
      throw error;
    }
    broken = error instanceof OutOfBudget ? error.message : 'it is nested too deeply';
    machine.note(`${name} is not followed to its end: ${broken}`, at);
  }
  restore(machine, saved);
  lookup.spent.steps += machine.steps;
  machine.undo();
  return { name, at, failures: machine.failures, broken };
}

/** Runs what a test class does before each test. */
function prepare(lookup: FixtureLookup, at: string): void {
  const { self, interpreter } = lookup;
  if (self?.type !== 'instance') {
    return;
  }
  const frame = interpreter.frameOf(lookup.module);
  for (const name of setUps) {
    const method = findInClass(interpreter.machine, self.class, name);
    const value = method === null ? null : interpreter.machine.resolve(method);
    if (value?.type === 'function') {
      const first: Value = value.role === 'class' ? self.class : self;
      interpreter.machine.rules.call(value, { values: [first], named: new Map(), at, frame });
    }
  }
}

function callTest(
  lookup: FixtureLookup,
  test: FunctionValue,
  { name, at }: { name: string; at: string },
): void {
  const { interpreter, self } = lookup;
  const { machine } = interpreter;
  const frame = interpreter.frameOf(test.scope.module);
  const classDecorators = self?.type === 'instance' ? (self.class.definition?.decorators ?? []) : [];
  const signature = test.wrapped ?? test;
  const own = signature.body.kind === 'statements' ? signature.body.definition.decorators : [];
  const given = new Map<string, Value>();
  for (const decorator of [...classDecorators, ...own]) {
    for (const [parameter, value] of parametrized(machine, decorator, { frame, test: name })) {
      given.set(parameter, value);
    }
  }
  const values: Value[] = [];
  for (const [index, parameter] of signature.parameters.entries()) {
    if (index === 0 && self !== null && test.role !== 'static') {
      values.push(self);
    } else if (parameter.kind === 'plain' || parameter.kind === 'keyword') {
      const value = given.get(parameter.name) ?? test.defaults.get(parameter.name);
      given.set(parameter.name, value ?? fixtureValue(lookup, parameter.name));
    }
  }
  machine.rules.call({ ...test, role: 'function' }, { values, named: given, at, frame });
}
