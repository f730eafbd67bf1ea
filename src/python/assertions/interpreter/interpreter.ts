import type { RuleNode } from '../../../domain/gates/rule.ts';
import { call } from './call.ts';
import { restore, save } from './calls.ts';
import { evaluate } from './evaluate.ts';
import { importedName } from './imports.ts';
import { OutOfBudget, type Frame, type Limits } from '../state/machine-types.ts';
import { Machine } from '../state/machine.ts';
import type { ModuleFiles, ParsedFile } from '../syntax/module-files.ts';
import { assign } from '../statements/assignments.ts';
import { execute } from '../statements/statements.ts';
import type { ModuleState, Scope } from '../state/values.ts';

/** Interprets one test file and what it imports from the repository. Nothing is executed. */
export interface Interpreter {
  machine: Machine;
  /** The module of a file, run; null when it cannot be read. */
  moduleOfFile: (path: string) => ModuleState | null;
  frameOf: (module: ModuleState) => Frame;
  /** Files that were read, by path. */
  sources: ReadonlyMap<string, ParsedFile>;
}

/** @param testFile repository-relative path of the test file, which decides where imports are looked for */
export function createInterpreter(files: ModuleFiles, testFile: string, limits?: Limits): Interpreter {
  const machine = new Machine(limits);
  const modules = new Map<string, ModuleState>();
  const sources = new Map<string, ParsedFile>();
  const roots = importRoots(files, testFile);
  const context: Context = { machine, files, modules, sources, testFile, roots };
  machine.rules = {
    evaluate: (expr, frame) => evaluate(machine, expr, frame),
    execute: (statements, frame) => execute(machine, statements, frame),
    assign: (target, value, frame) => assign(machine, target, value, frame),
    call: (callee, args) => call(machine, callee, args),
    importModule: (path, at) => importModule(context, path, at),
    runModule: (module) => runModule(context, module),
    importedName: (origin, name, at) => importedName(machine, { origin, name, at }),
  };
  return {
    machine,
    sources,
    frameOf,
    moduleOfFile: (path) => {
      const module = moduleOfFile(context, path, nameOfFile(path, roots));
      if (module !== null) {
        runModule(context, module);
      }
      return module;
    },
  };
}

interface Context {
  machine: Machine;
  files: ModuleFiles;
  modules: Map<string, ModuleState>;
  sources: Map<string, ParsedFile>;
  testFile: string;
  roots: readonly string[];
}

function frameOf(module: ModuleState): Frame {
  return { scope: module.scope, module, returns: [], birth: null, onYield: null, owner: null };
}

/** Folders that pytest or the project puts on the path: that of the outermost package of the test, the root, `src`. */
function importRoots(files: ModuleFiles, testFile: string): string[] {
  const parts = testFile.split('/').slice(0, -1);
  let depth = parts.length;
  while (depth > 0 && files.files.read(`${parts.slice(0, depth).join('/')}/__init__.py`) !== null) {
    depth -= 1;
  }
  const base = parts.slice(0, depth).join('/');
  return [...new Set([base, '', 'src', 'python'])];
}

function below(root: string, path: string): string {
  return root === '' ? path : `${root}/${path}`;
}

function nameOfFile(path: string, roots: readonly string[]): string {
  const root = roots.find((candidate) => candidate !== '' && path.startsWith(`${candidate}/`)) ?? '';
  const inner = root === '' ? path : path.slice(root.length + 1);
  return inner
    .replace(/\.py$/, '')
    .replace(/\/__init__$/, '')
    .replaceAll('/', '.');
}

function importModule(context: Context, dotted: string, at: string): ModuleState | null {
  if (dotted === '' || dotted.length > 300 || !/^[\w.]+$/.test(dotted)) {
    return null;
  }
  const inner = dotted.replaceAll('.', '/');
  for (const root of context.roots) {
    const path = below(root, inner);
    const found =
      moduleOfFile(context, `${path}/__init__.py`, dotted) ?? moduleOfFile(context, `${path}.py`, dotted);
    if (found !== null) {
      if (!found.isLazy) {
        runModule(context, found);
      }
      return found;
    }
  }
  const folder = context.roots.map((root) => below(root, inner)).find((path) => context.files.isFolder(path));
  return folder === undefined ? null : namespacePackage(context, { folder, dotted, at });
}

/** A folder without `__init__.py`: only its modules are in it. */
function namespacePackage(
  context: Context,
  { folder, dotted }: { folder: string; dotted: string; at: string },
): ModuleState {
  const known = context.modules.get(folder);
  if (known !== undefined) {
    return known;
  }
  const module = newModule(context, { path: folder, name: dotted, text: '', isPackage: true });
  module.state = 'done';
  context.modules.set(folder, module);
  return module;
}

function moduleOfFile(context: Context, path: string, name: string): ModuleState | null {
  const known = context.modules.get(path);
  if (known !== undefined) {
    return known;
  }
  const answer = context.files.parse(path);
  if (answer === null) {
    return null;
  }
  const isPackage = path.endsWith('/__init__.py');
  const text = 'problem' in answer ? '' : answer.text;
  const module = newModule(context, { path, name, text, isPackage });
  context.modules.set(path, module);
  if ('problem' in answer) {
    module.state = 'done';
    module.scope.lost = `${path}:${answer.line}: ${answer.problem}`;
    context.machine.note(answer.problem, `${path}:${answer.line}`);
  } else {
    context.sources.set(path, answer);
  }
  return module;
}

function newModule(
  context: Context,
  { path, name, text, isPackage }: { path: string; name: string; text: string; isPackage: boolean },
): ModuleState {
  const literals = new Map<number, RuleNode>();
  const scope = {} as Scope;
  const module: ModuleState = {
    path,
    name,
    text,
    isPackage,
    scope,
    state: 'new',
    isLazy: !isTestCode(path, context.testFile),
    starred: null,
    literal: (token) => {
      const known = literals.get(token.start);
      if (known !== undefined) {
        return known;
      }
      const source = context.sources.get(path);
      const { value, isInteger } = token;
      const { line, column, startByte } = source?.placeOf(token.start) ?? {
        line: 1,
        column: 1,
        startByte: 0,
      };
      const endByte = source?.placeOf(token.end).startByte ?? 0;
      const rule: RuleNode = {
        kind: 'literal',
        value,
        isInteger,
        place: '',
        file: path,
        line,
        column,
        startByte,
        endByte,
      };
      literals.set(token.start, rule);
      return rule;
    },
  };
  const empty = { variables: new Map(), parent: null, module, outer: new Set<string>() };
  Object.assign(scope, { ...empty, isClass: false, birth: null, lost: null });
  return module;
}

/** Test code is run as Python would run it; the code under test only where one of its names is needed. */
function isTestCode(path: string, testFile: string): boolean {
  const folder = testFile.slice(0, testFile.lastIndexOf('/') + 1);
  return (
    (folder !== '' && path.startsWith(folder)) ||
    /(?:^|\/)(?:tests?|testing|conftest)\b|(?:^|\/)test_/.test(path)
  );
}

function runModule(context: Context, module: ModuleState): void {
  if (module.state !== 'new') {
    return;
  }
  module.state = 'running';
  const { machine } = context;
  const source = context.sources.get(module.path);
  const saved = save(machine);
  machine.decisions = [];
  machine.calls = [];
  machine.catchers = [{ raised: [], birth: null }];
  machine.stepLimit = machine.steps + machine.limits.stepsPerCall;
  try {
    machine.path.aside(() => execute(machine, source?.statements ?? [], frameOf(module)));
  } catch (error) {
    if (!(error instanceof OutOfBudget) && !(error instanceof RangeError)) {
      throw error;
    }
    module.scope.lost = `${module.path} is not followed: ${error instanceof RangeError ? 'it is nested too deeply' : error.message}`;
    machine.note(module.scope.lost, `${module.path}:1`);
  } finally {
    const { pathDepth } = saved;
    restore(machine, { ...saved, pathDepth });
    module.state = 'done';
  }
}
