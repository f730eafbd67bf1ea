import type { SourceFacts } from '../domain/discovery/source-facts.ts';
import { readAssignments } from './constants.ts';
import { contextBindings } from './context-bindings.ts';
import { functionOf } from './module-statements.ts';
import { parseModule, type PythonModule, type PythonSyntaxError } from './parse-module.ts';
import { readTmpPathFunctions } from './tmp-path.ts';

const benchmarkPackage = 'benchmarks.eval.';

/** Reads everything that discovery asks of a file in one parse; syntax errors come back as a value. */
export function readSourceFacts(source: string): { kind: 'facts'; facts: SourceFacts } | PythonSyntaxError {
  const parsed = parseModule(source);
  if (parsed.kind === 'syntax-error') {
    return parsed;
  }
  const { module } = parsed;
  const assignments = readAssignments(module);
  return {
    kind: 'facts',
    facts: {
      assignments,
      contextBindings: contextBindings(module, assignments),
      tmpPathFunctions: source.includes('tmp_path') ? readTmpPathFunctions(module) : [],
      testFunctions: readTestFunctions(module),
      benchmarkModules: readBenchmarkModules(module),
    },
  };
}

function readTestFunctions(module: PythonModule): string[] {
  return module.statements
    .map((statement) => functionOf(statement)?.childForFieldName('name')?.text ?? '')
    .filter((name) => name.startsWith('test'));
}

function readBenchmarkModules(module: PythonModule): string[] {
  return module.statements
    .filter((statement) => statement.type === 'import_from_statement')
    .map((statement) => statement.childForFieldName('module_name')?.text ?? '')
    .filter((name) => name.startsWith(benchmarkPackage))
    .map((name) => name.slice(name.lastIndexOf('.') + 1));
}
