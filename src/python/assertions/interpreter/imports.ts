import { throwIfCancelled, type Flow, type Frame } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { bind, placeAt } from '../state/scopes.ts';
import type { Stmt } from '../syntax/syntax.ts';
import type { ModuleState, Value } from '../state/values.ts';

type ImportStatement = Extract<Stmt, { kind: 'import' | 'import-from' }>;

/** `import` and `from … import`: modules of the repository are run, others are names. */
export function runImport(machine: Machine, statement: ImportStatement, frame: Frame): Flow {
  const at = placeAt(frame.module, statement.line);
  if (statement.kind === 'import') {
    for (const { path, alias } of statement.modules) {
      importWhole(machine, { path, alias, at }, frame);
    }
    return throwIfCancelled;
  }
  const path = absolutePath(frame.module, statement);
  const origin = path === null ? null : machine.rules.importModule(path, at);
  if (statement.star) {
    importStar(machine, { origin, path: path ?? '', at }, frame);
    return throwIfCancelled;
  }
  for (const { name, alias } of statement.names) {
    const value =
      origin === null
        ? external(machine, { name: `${path ?? ''}.${name}`, at })
        : origin.isLazy
          ? { type: 'lazy' as const, module: origin, name, at }
          : importedName(machine, { origin, name, at });
    bind(machine, frame.scope, alias, value, at);
  }
  return throwIfCancelled;
}

/** The dotted path that is meant; null where the dots lead out of the repository. */
function absolutePath(module: ModuleState, statement: Extract<Stmt, { kind: 'import-from' }>): string | null {
  if (statement.level === 0) {
    return statement.path;
  }
  const parts = module.name.split('.');
  const up = statement.level - (module.isPackage ? 1 : 0);
  if (up > parts.length) {
    return null;
  }
  const base = parts.slice(0, parts.length - up);
  return [...base, ...(statement.path === '' ? [] : [statement.path])].join('.');
}

function importWhole(
  machine: Machine,
  { path, alias, at }: { path: string; alias: string | null; at: string },
  frame: Frame,
): void {
  const parts = path.split('.');
  const whole = machine.rules.importModule(path, at);
  if (alias !== null) {
    bind(
      machine,
      frame.scope,
      alias,
      whole === null ? external(machine, { name: path, at }) : asValue(whole),
      at,
    );
    return;
  }
  const [first = ''] = parts;
  const top = machine.rules.importModule(first, at);
  bind(machine, frame.scope, first, top === null ? external(machine, { name: first, at }) : asValue(top), at);
}

function asValue(module: ModuleState): Value {
  return { type: 'module', module };
}

/** What `from origin import name` binds. */
export function importedName(
  machine: Machine,
  { origin, name, at }: { origin: ModuleState; name: string; at: string },
): Value {
  machine.rules.runModule(origin);
  const value = origin.scope.variables.get(name);
  if (origin.scope.lost !== null) {
    return machine.unknown({ name, at, kind: 'lost', reason: origin.scope.lost });
  }
  if (value !== undefined) {
    return machine.resolve(value);
  }
  const inner = machine.rules.importModule(`${origin.name}.${name}`, at);
  if (inner !== null) {
    return asValue(inner);
  }
  const isRunning = origin.state === 'running';
  const reason = isRunning
    ? `${origin.path} and this file import each other`
    : (origin.starred ?? `${origin.path} does not define ${name}`);
  return machine.unknown({ name, at, kind: 'lost', reason });
}

/** In a `try` an import from outside may fail, and the handler would run. */
function external(machine: Machine, { name, at }: { name: string; at: string }): Value {
  const catcher = machine.catchers.at(-1);
  if (catcher !== undefined) {
    const root = name.split('.')[0] ?? name;
    const absent = machine.formulas.atom({ kind: 'fact', text: `${root} cannot be imported`, value: null });
    machine.under(absent, () =>
      machine.raise(
        ['ImportError', 'ModuleNotFoundError', 'Exception'],
        { type: 'external', name: 'ImportError' },
        at,
      ),
    );
  }
  return { type: 'external', name: name.slice(0, 200) };
}

function importStar(
  machine: Machine,
  { origin, path, at }: { origin: ModuleState | null; path: string; at: string },
  frame: Frame,
): void {
  if (origin === null) {
    const reason = `from ${path} import * at ${at} may bind it`;
    frame.module.starred ??= reason;
    // What was bound before may have been bound again.
    for (const [name, value] of frame.scope.variables) {
      const swallowed = value.type === 'number' ? [value] : [];
      frame.scope.variables.set(name, machine.unknown({ name, at, kind: 'lost', reason, swallowed }));
    }
    return;
  }
  machine.rules.runModule(origin);
  if (origin.starred !== null) {
    frame.module.starred ??= origin.starred;
  }
  const listed = origin.scope.variables.get('__all__');
  const names =
    listed?.type === 'sequence'
      ? listed.items.flatMap(({ value }) => (value.type === 'string' ? [value.value] : []))
      : [...origin.scope.variables.keys()].filter((name) => !name.startsWith('_'));
  for (const name of names) {
    const value = origin.scope.variables.get(name);
    if (value !== undefined) {
      bind(machine, frame.scope, name, machine.resolve(value), at);
    }
  }
}
