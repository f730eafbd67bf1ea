import type { SyntaxNode } from 'tree-sitter';

import { parseModule } from './parse-module.ts';

/** One import of a Python file. */
export interface ImportedModule {
  /** Leading dots: 0 for an absolute import. */
  level: number;
  /** Dotted name behind the dots; empty for `from . import x`. */
  module: string;
  /** What is imported from it, any of which may be a module; empty for `import a.b`. */
  names: string[];
}

/**
 * Every import of a file, at whatever depth it stands; nothing is executed.
 *
 * @returns none for a file that does not parse
 */
export function readImports(source: string): ImportedModule[] {
  if (!/\bimport\b/.test(source)) return [];
  const parsed = parseModule(source);
  if (parsed.kind === 'syntax-error') return [];
  return parsed.module.root
    .descendantsOfType(['import_statement', 'import_from_statement'])
    .flatMap((node) => (node.type === 'import_statement' ? plainImports(node) : [fromImport(node)]));
}

function plainImports(node: SyntaxNode): ImportedModule[] {
  return node.namedChildren.map((child) => ({ level: 0, module: importedName(child), names: [] }));
}

function fromImport(node: SyntaxNode): ImportedModule {
  const from = node.childForFieldName('module_name');
  const text = from?.text.replaceAll(/\s/g, '') ?? '';
  const level = /^\.*/.exec(text)?.[0].length ?? 0;
  const names = node.namedChildren.filter((child) => child.id !== from?.id).map(importedName);
  return { level, module: text.slice(level), names };
}

/** Without its `as` part. */
function importedName(node: SyntaxNode): string {
  return (node.childForFieldName('name') ?? node).text.replaceAll(/\s/g, '');
}
