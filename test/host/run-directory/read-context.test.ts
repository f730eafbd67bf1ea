import { describe, expect, test } from 'vitest';

import { readContext, readTableKey } from '../../../src/host/run-directory/read-context.ts';
import { makeStage, speedMetrics } from '../../domain/audit/snapshot-fixture.ts';

const TEST = 'tests/ci/test_nova_ci.py';

/** A commit with these files. */
function commit(files: Record<string, string>) {
  return async (path: string) => await Promise.resolve(files[path] ?? null);
}

async function concurrencyOf(files: Record<string, string>): Promise<string | null | undefined> {
  const bindings = await readContext(commit(files), TEST);
  return bindings?.find(({ keyword }) => keyword === 'max_concurrency')?.literal;
}

const uses = 'run(max_concurrency=LIMIT)\n';

describe('the conditions of a test whose constants are imported', () => {
  test.each<[string, string, Record<string, string>]>([
    ['from the root', 'from tests.ci.limits import LIMIT', { 'tests/ci/limits.py': 'LIMIT = 16\n' }],
    ['under another name', 'from limits import MOST as LIMIT', { 'tests/ci/limits.py': 'MOST = 16\n' }],
    ['relatively', 'from ..shared import LIMIT', { 'tests/shared.py': 'LIMIT: int = 16\n' }],
    ['from the package itself', 'from . import LIMIT', { 'tests/ci/__init__.py': 'LIMIT = 16\n' }],
    ['from a package', 'from nova.limits import LIMIT', { 'src/nova/limits/__init__.py': 'LIMIT = 16\n' }],
    [
      'handed on',
      'from tests.limits import LIMIT',
      { 'tests/limits.py': 'from tests.base import LIMIT\n', 'tests/base.py': 'LIMIT = 16\n' },
    ],
  ])('%s, are those of the module', async (_title, statement, files) => {
    expect(await concurrencyOf({ [TEST]: `${statement}\n${uses}`, ...files })).toBe('16');
  });

  test.each<[string, Record<string, string>]>([
    ['the module is not in the commit', {}],
    ['the module computes it', { 'limits.py': 'LIMIT = 4 * 4\n' }],
    ['the module assigns it conditionally', { 'limits.py': 'if FAST:\n    LIMIT = 16\n' }],
    ['two modules could be meant', { 'limits.py': 'LIMIT = 16\n', 'tests/ci/limits.py': 'LIMIT = 8\n' }],
    [
      'the modules import each other',
      { 'limits.py': 'from limits2 import LIMIT\n', 'limits2.py': 'from limits import LIMIT\n' },
    ],
    ['the module does not parse', { 'limits.py': 'LIMIT = = 16\n' }],
  ])('are not known where %s', async (_title, files) => {
    expect(await concurrencyOf({ [TEST]: `from limits import LIMIT\n${uses}`, ...files })).toBeNull();
  });

  test('are not known where the test binds the name again', async () => {
    const source = `from limits import LIMIT\nif FAST:\n    LIMIT = 2\n${uses}`;
    expect(await concurrencyOf({ [TEST]: source, 'limits.py': 'LIMIT = 16\n' })).toBeNull();
  });

  test('there is nothing to know of a file that the commit lacks', async () => {
    expect(await readContext(commit({}), TEST)).toBeNull();
  });
});

describe('the key of a stage’s table of thresholds', () => {
  const stage = makeStage({ test: TEST, metrics: speedMetrics() });
  const table = (...keys: string[]) =>
    `_NOVA_P95 = {\n${keys.map((key) => `    ${key}: {"throughput_qps": 4.2, "latency_mean_s": 2.5},\n`).join('')}}\n`;

  test('is its only one, or the one that CONCURRENCY names', async () => {
    expect(await readTableKey(commit({ [TEST]: table('32') }), stage)).toBe(32);
    expect(await readTableKey(commit({ [TEST]: `CONCURRENCY = 8\n${table('8', '32')}` }), stage)).toBe(8);
  });

  test('is not known where several could be meant, or a metric stands elsewhere', async () => {
    expect(await readTableKey(commit({ [TEST]: table('8', '32') }), stage)).toBeNull();
    expect(await readTableKey(commit({}), stage)).toBeNull();
  });

  test('does not exist for bare constants', async () => {
    expect(await readTableKey(commit({ [TEST]: table('32') }), makeStage({ test: TEST }))).toBeNull();
  });
});
