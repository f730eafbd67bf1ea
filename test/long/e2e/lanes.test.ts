import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { usableCpus } from '../../../src/host/process/cpu-affinity.ts';
import { type ScriptedSuite, makeScriptedSuite } from '../../fixtures/scripted-suite/make-scripted-suite.ts';
import { type EmbeddedUp, startUp } from '../../e2e/embedded-up.ts';

let up: EmbeddedUp;
let suite: ScriptedSuite;

beforeAll(async () => {
  up = await startUp({ args: ['--lanes', '2'] });
  suite = await makeScriptedSuite();
  const cpu = (await usableCpus())?.[0] ?? 0;
  await mkdir(join(suite.catalog, 'hosts'), { recursive: true });
  await writeFile(
    join(suite.catalog, 'hosts/laned.yaml'),
    `name: laned
lanes:
  - {gpus: [], cpus: "${cpu}"}
  - {gpus: [], name: other, cache_root: ${join(suite.dir, 'caches')}}
`,
  );
});

afterAll(async () => {
  await up.close();
  await suite.remove();
});

const options = (...more: string[]): string[] => [
  ...suite.options.map((option) => (option === '--no-host' ? '--host=laned' : option)),
  ...more,
];

it('runs a repeat on each lane of the host profile, and says which it was in status, watch and report', async () => {
  await suite.script('alpha', { waitFor: 'go' }, 1);
  await suite.script('beta', { waitFor: 'go' }, 1);
  const session = await up.startDetached(...options('--repeats', '2', '--label', 'lanes'));
  await vi.waitFor(
    async () => expect([await suite.isWaiting('alpha'), await suite.isWaiting('beta')]).toEqual([true, true]),
    { timeout: 40_000, interval: 100 },
  );
  const status = JSON.parse((await up.calib('query', session, 'status')).stdout) as {
    active: { lane: string }[];
    lanes: { name: string; state: string }[];
  };
  expect(status.active.map(({ lane }) => lane).toSorted()).toEqual(['lane0', 'other']);
  expect(status.lanes.map(({ name, state }) => [name, state])).toEqual([
    ['lane0', 'taken'],
    ['other', 'taken'],
  ]);
  await suite.release('go');
  await up.untilPhase(session, 'awaiting_decision');
  const report = await readFile(join(suite.repo, '.tune-runs', session, 'report.md'), 'utf8');
  expect(report).toMatch(/- Lanes: \S+\/lane0 \(CPUs \d+\) × 2, \S+\/other × 2\n/);
  expect(report).toContain(`| ${hostname()}/other |`);
});

it('refuses lanes that the host does not declare', async () => {
  const { exitCode, stderr } = await up.calib('start', '--detach', ...options('--lanes', '3'));
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--lanes 3: this host has lane0')]);
});

it('takes what an earlier session took as the longest first', async () => {
  await suite.script('beta', { takes: 1 });
  const first = await up.startDetached(...options('--repeats', '1', '--label', 'slow'));
  await up.untilPhase(first, 'awaiting_decision');
  const second = await up.startDetached(
    ...options('--repeats', '1', '--label', 'next', '--lanes', 'other,lane0'),
  );
  const plan = JSON.parse((await up.calib('query', second, 'plan')).stdout) as {
    lanes: number;
    known_durations: Record<string, number>;
  };
  expect(plan.lanes).toBe(2);
  const [alpha, beta] = ['test_alpha_ci', 'test_beta_ci'].map((name) => plan.known_durations[name] ?? 0);
  expect(beta).toBeGreaterThan(alpha ?? Number.POSITIVE_INFINITY);
  await up.untilPhase(second, 'awaiting_decision');
});
