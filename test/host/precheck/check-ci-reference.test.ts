import { chmodSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { captureEnvironment } from '../../../src/host/fingerprint/environment.ts';
import { checkCiReference } from '../../../src/host/precheck/check-ci-reference.ts';
import { makeRequirements } from '../../domain/precheck/requirements-fixture.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeText } from '../../fixtures/write-text.ts';

const at = new Date('2026-04-23T05:00:00Z');

async function world(change: (facts: Record<string, unknown>) => Record<string, unknown>) {
  const repoRoot = temporaryFolder();
  const base = makeRequirements();
  const requirements = { ...base, gpus: { ...base.gpus, needed: 0 } };
  const request = {
    model: 'nova',
    requirements,
    repoRoot,
    venvPython: '/usr/bin/python3',
    venvSource: 'flag',
    session: null,
    runFolder: repoRoot,
    skipVersionCheck: false,
    allowedGpus: null,
    env: { PATH: process.env['PATH'] },
    now: at,
  };
  const plan = { repo_root: repoRoot, venv_python: request.venvPython, git_sha: '' };
  const recorded = await captureEnvironment({
    ...request,
    plan: { ...plan, tree_fingerprint: '', stages_yaml_sha256: '', calib_version: '' },
  });
  const text = JSON.stringify({ ...recorded, ...change({ ...recorded }) });
  writeText(join(repoRoot, 'ci/environment.json'), text);
  writeText(join(repoRoot, 'ci/print'), '#!/bin/sh\ncat ci/environment.json\n');
  writeText(join(repoRoot, 'ci/fail'), '#!/bin/sh\necho no such run >&2\nexit 4\n');
  for (const program of ['print', 'fail']) chmodSync(join(repoRoot, 'ci', program), 0o755);
  const check = async (reference: { file?: string; command?: string[] }) =>
    (await checkCiReference(request, { ...reference, may_differ: [] })).result;
  const measured = async (reference: { file?: string; command?: string[] }) =>
    (await checkCiReference(request, { ...reference, may_differ: [] })).ci;
  return { check, measured };
}

describe('the environment that CI recorded', () => {
  test.each([{ file: 'ci/environment.json' }, { command: ['./ci/print'] }])(
    'of %j is that of the machine that recorded it',
    async (reference) => {
      const { check } = await world((facts) => facts);
      expect(await check(reference)).toMatchObject({ mark: '✓', errors: [] });
    },
  );

  test('is another one where a field that decides numbers differs', async () => {
    const { check } = await world((facts) => ({ ...facts, cpu_count: 4096 }));
    const { errors } = await check({ file: 'ci/environment.json' });
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^unlike CI \(ci\/environment\.json\), cpu_count: 4096 → \d+$/),
    ]);
  });

  test.each([
    [{ file: 'ci/none.json' }, 'does not exist'],
    [{ file: 'ci/fail' }, 'not JSON'],
    [{ command: ['./ci/fail'] }, 'it ended with code 4: no such run'],
    [{ command: ['./ci/none'] }, 'could not be started'],
    [{ command: ['true'] }, 'not JSON'],
  ])('of %j is a gap with its reason', async (reference, reason) => {
    const { check } = await world((facts) => facts);
    expect((await check(reference)).errors[0]?.message).toContain(reason);
  });

  test('may say what was measured in it', async () => {
    const metrics = { 'mmsu_speed.throughput_qps': [89.6, 90.1] };
    const { check, measured } = await world((facts) => ({ ...facts, metrics }));
    expect(await measured({ file: 'ci/environment.json' })).toEqual({
      source: 'ci/environment.json',
      metrics,
    });
    expect((await check({ command: ['./ci/print'] })).mark).toBe('✓');
  });

  test.each([{ a: [1] }, { 'a.b': [] }, { 'a.b': ['fast'] }, ['a.b']])(
    'with %j for measurements is a gap',
    async (metrics) => {
      const { check } = await world((facts) => ({ ...facts, metrics }));
      expect((await check({ file: 'ci/environment.json' })).errors[0]?.message).toContain('metrics');
    },
  );
});
