import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { globSync } from 'tinyglobby';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** An import statement, or its last line, or an `import()`, of a package: not of a path, not of a module of Node itself. */
const importOf =
  /(?:^(?:import|export|\})[^'\n]* from |^import |\bimport\(\s*)'(?<name>(?:@[a-z0-9-]+\/)?[a-z0-9-]+)(?:\/[^'\n]*)?'/gm;

function imported(patterns: string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of globSync(patterns, { cwd: root })) {
    for (const { groups } of readFileSync(`${root}${file}`, 'utf8').matchAll(importOf)) {
      if (groups?.['name'] !== undefined) found.set(groups['name'], file);
    }
  }
  return found;
}

const { dependencies, devDependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};

/** A package that another one happens to bring along, or that a folder above holds, is missing on the next machine. */
test('every package that the program and its scripts import is a declared dependency', () => {
  const packages = imported(['src/**/*.ts', 'scripts/**/*.mjs', 'bin/*']);
  expect(packages.size).toBeGreaterThan(15);
  const development = new Set(['vitest', 'tsx', ...Object.keys(devDependencies)]);
  const undeclared = [...packages].filter(
    ([name, file]) => !(name in dependencies) && !(file.startsWith('scripts/') && development.has(name)),
  );
  expect(undeclared).toEqual([]);
});

test('every package that tests and benches import is declared', () => {
  const packages = imported(['test/**/*.ts', 'bench/**/*.ts', '*.ts']);
  const undeclared = [...packages].filter(([name]) => !(name in dependencies) && !(name in devDependencies));
  expect(undeclared).toEqual([]);
});

test('every version is exact', () => {
  const versions = Object.entries({ ...dependencies, ...devDependencies });
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});
