import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { runPaths } from '../../../src/host/run-directory/paths.ts';

const page = readFileSync(fileURLToPath(new URL('../../../docs/run-directory.md', import.meta.url)), 'utf8');

/** First cells of the page's table. */
function documentedPaths(): string[] {
  return page
    .split('\n')
    .flatMap((line) => /^\| `([^`]+)` \|/.exec(line)?.[1] ?? [])
    .map((path) => path.replace(/\/$/, ''));
}

/** What the code builds, with the page's placeholders for names and numbers. */
function builtPaths(): string[] {
  const [first, second] = [11, 22];
  return Object.values(runPaths).map((build) => {
    const path = build('', '<name>', first, second);
    return path
      .replace(/^<name>\//, '<stage>/')
      .replace('<name>', '<unit>')
      .replace(String(first), '{k}')
      .replace(String(second), '{a}');
  });
}

test('docs/run-directory.md lists exactly the paths that the code builds', () => {
  expect(documentedPaths().sort()).toEqual(builtPaths().sort());
});
