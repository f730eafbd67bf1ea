import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { environmentFacts, type EnvironmentFacts } from '../../src/domain/fingerprint/environment.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { runCalib } from './run-calib.ts';

/** A run directory with an `environment.json`. */
function recorded(name: string, facts: Partial<EnvironmentFacts>): string {
  const dir = join(temporaryFolder({}), name);
  mkdirSync(dir);
  const head = { schema: 'calib.environment/1', captured_at: '2026-04-23T05:00:00Z' };
  const identity_sha256 = name.repeat(64).slice(0, 64);
  writeFileSync(
    join(dir, 'environment.json'),
    JSON.stringify({ ...head, identity_sha256, ...environmentFacts(facts) }),
  );
  return dir;
}

const one = { driver: '590.10', gpu_models: ['NVIDIA H20'], packages: { torch: '2.11.0+cu130' } };

describe('calib compare-env', () => {
  it('exits 0 when what decides numbers is equal, and shows the rest', async () => {
    const [a, b] = [
      recorded('a', { ...one, hostname: 'h20-1' }),
      recorded('b', { ...one, hostname: 'h20-2' }),
    ];
    const run = await runCalib(['compare-env', a, b]);
    expect([run.exitCode, run.stdout.split('\n')]).toEqual([
      0,
      [
        `A: ${a}/environment.json (aaaaaaaaaaaa)`,
        `B: ${b}/environment.json (bbbbbbbbbbbb)`,
        'identity: equal',
        'context:',
        '  hostname: h20-1 → h20-2',
      ],
    ]);
  });

  it('exits 1 when something differs that decides numbers, and says what first', async () => {
    const [a, b] = [recorded('a', { ...one, kernel: '5.15' }), recorded('b', { ...one, driver: '595.20' })];
    const run = await runCalib(['compare-env', a, b]);
    expect(run.exitCode).toBe(1);
    expect(run.stdout.split('\n').slice(2)).toEqual([
      'identity differs:',
      '  driver: 590.10 → 595.20',
      'context:',
      '  equal',
      'only A knows, not compared: kernel',
    ]);
  });

  it('answers with one JSON document', async () => {
    const [a, b] = [recorded('a', one), recorded('b', { ...one, driver: '595.20' })];
    const run = await runCalib(['compare-env', '--json', a, b]);
    expect([run.exitCode, JSON.parse(run.stdout)]).toMatchObject([
      1,
      {
        a: { file: `${a}/environment.json` },
        equal: false,
        differences: [{ field: 'driver', class: 'identity', key: null, a: '590.10', b: '595.20' }],
        unknown: [],
      },
    ]);
  });

  it('compares with the precheck.json of an older directory, as far as that goes', async () => {
    const old = temporaryFolder({
      'precheck.json': '{"versions": {"torch": "2.10.0"}, "gpu_summary": "2× NVIDIA H20"}',
    });
    const run = await runCalib(['compare-env', old, recorded('b', one)]);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain('packages.torch: 2.10.0 → 2.11.0+cu130');
    expect(run.stdout).toContain('only B knows, not compared: driver');
  });

  it.each([
    ['a directory without a record', {}, 'holds neither environment.json nor precheck.json'],
    ['a damaged record', { 'environment.json': '{' }, 'environment.json: not JSON'],
    [
      'a record that says nothing',
      { 'precheck.json': '{"versions": {}, "skipped": true}' },
      'nothing that decides numbers is recorded in both',
    ],
  ])('exits 2 on %s', async (_what, files: Record<string, string>, message) => {
    const run = await runCalib(['compare-env', temporaryFolder(files), recorded('b', one)]);
    expect([run.exitCode, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(message);
  });

  it('exits 2 on a place that does not exist, and on a missing one', async () => {
    const runs = await Promise.all([
      runCalib(['compare-env', '/nowhere', '/nowhere']),
      runCalib(['compare-env', '/nowhere']),
    ]);
    expect(runs).toMatchObject([
      { exitCode: 2, stderr: expect.stringContaining('/nowhere does not exist') as string },
      { exitCode: 2 },
    ]);
  });
});

it('calib start takes --force-environment only with --resume', async () => {
  const run = await runCalib(['start', '--model', 'tts', '--no-host', '--force-environment']);
  expect(run.exitCode).toBe(2);
  expect(run.stderr).toContain('--force-environment is for a run directory that is continued');
});
