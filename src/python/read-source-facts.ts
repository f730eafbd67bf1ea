import type { SourceFacts } from '../domain/discovery/source-facts.ts';
import { readAsides, readWildcardImports } from './asides.ts';
import { readAssignments } from './constants.ts';
import { contextBindings } from './context-bindings.ts';
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
      asides: readAsides(module),
      wildcardImports: readWildcardImports(module),
      contextBindings: contextBindings(module, assignments),
      tmpPathFunctions: source.includes('tmp_path') ? readTmpPathFunctions(module) : [],
      testFunctions: readTestFunctions(module),
      benchmarkModules: readBenchmarkModules(module),
    },
  };
}

/** The name is read from the text: asking the tree for each of many functions takes long. */
function readTestFunctions(module: PythonModule): string[] {
  return module.statements
    .filter(({ type }) => type === 'function_definition' || type === 'decorated_definition')
    .map(({ text }) => /^(?:async\s+)?def\s+([^\s(]+)/m.exec(text)?.[1] ?? '')
    .filter((name) => name.startsWith('test'));
}

function readBenchmarkModules(module: PythonModule): string[] {
  return module.statements
    .filter(({ type, text }) => type === 'import_from_statement' && text.includes(benchmarkPackage))
    .map(({ node }) => node.childForFieldName('module_name')?.text ?? '')
    .filter((name) => name.startsWith(benchmarkPackage))
    .map((name) => name.slice(name.lastIndexOf('.') + 1));
}
