import { expect, test } from 'vitest';

import { publishedFiles } from '../../../src/domain/publish/publish.ts';
import { makeApplied } from './applied-fixture.ts';

test('a publish is the edited files, the catalog’s stages and the report, each once', () => {
  const applied = makeApplied();
  expect(publishedFiles(applied, 'models/nova-v1/stages.yaml')).toEqual([
    { path: 'tests/ci/test_nova_ci.py', kind: 'thresholds' },
    { path: 'models/nova-v1/stages.yaml', kind: 'stages' },
    { path: 'docs/calibration/20260423T050000Z_nova-report.md', kind: 'report' },
  ]);
  expect(publishedFiles(applied, null, 'models/nova-v1/config.yaml').map(({ kind }) => kind)).toEqual([
    'thresholds',
    'config',
    'report',
  ]);
  expect(publishedFiles(applied, null).map(({ kind }) => kind)).toEqual(['thresholds', 'report']);
});
