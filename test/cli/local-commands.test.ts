import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const commands = fileURLToPath(new URL('../../src/cli/commands', import.meta.url));

/** An import that is carried out when its module is loaded: neither one of types alone nor an `import()`. */
const loaded = /^(?:import|export)(?! type\b)[^'\n;]*?(?:\n[^'\n;]*)*?'(?<name>[^']+)';/gm;

/** Packages that loading a module loads, with the first module that wants them. */
function packagesOf(entry: string): Map<string, string> {
  const packages = new Map<string, string>();
  const seen = new Set<string>();
  const open = [entry];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const { groups } of readFileSync(file, 'utf8').matchAll(loaded)) {
      const name = groups?.['name'] ?? '';
      if (name.startsWith('.')) open.push(join(dirname(file), name));
      else if (!packages.has(name)) packages.set(name, file);
    }
  }
  expect(seen.size).toBeGreaterThan(3);
  return packages;
}

test.each(['status/status', 'strict-audit/strict-audit', 'apply-plan/apply-plan', 'risk/risk'])(
  '%s of a run directory loads no Temporal client and no parser: it answers at once',
  (command) => {
    const heavy = [...packagesOf(join(commands, `${command}.ts`))].filter(([name]) =>
      /^(?:@temporalio|tree-sitter|@observablehq|linkedom|protobufjs)/.test(name),
    );
    expect(heavy).toEqual([]);
  },
);
