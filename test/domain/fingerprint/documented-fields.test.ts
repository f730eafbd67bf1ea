import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { fingerprintFields } from '../../../src/domain/fingerprint/environment.ts';

const page = readFileSync(fileURLToPath(new URL('../../../docs/environment.md', import.meta.url)), 'utf8');

test('docs/environment.md has the table of fields as the code has it', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows).toEqual(
    fingerprintFields.map(({ name, class: kind, means }) => `| \`${name}\` | ${kind} | ${means} |`),
  );
});
