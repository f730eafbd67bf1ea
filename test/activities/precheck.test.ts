import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { openSession } from '../../src/activities/open-session.ts';
import { precheck } from '../../src/activities/precheck.ts';
import type { SessionPlan } from '../../src/domain/session/session-plan.ts';
import { runPaths } from '../../src/host/run-directory/paths.ts';
import { readPrecheck } from '../../src/host/run-directory/report/report-facts.ts';
import { makeRequirements } from '../domain/precheck/requirements-fixture.ts';
import { gitIdentity } from '../fixtures/git-identity.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { writeText } from '../fixtures/write-text.ts';
import { putVenv } from '../host/precheck/precheck-world.ts';
import { directoryWorld, sessionPlan } from './directory-world.ts';

const pins = [{ package: 'torch', match: 'release' as const }];

/** A session's plan and its opened directory, on a checkout that pins torch and a venv that has it. */
async function opened(
  overrides: Partial<SessionPlan> = {},
  installed = '2.11.0+cu130',
): Promise<SessionPlan> {
  const world = directoryWorld();
  world.write('pyproject.toml', '[project]\nname = "nova"\ndependencies = ["torch==2.11.0"]\n');
  world.git('add', '-A');
  world.git('commit', '-qm', 'second');
  const venv_python = putVenv(join(temporaryFolder(), 'venv'), [{ name: 'torch', version: installed }]);
  const requirements = makeRequirements({ pins });
  const gate = { skip: false, skip_version_check: false, requirements };
  const plan = await sessionPlan(world, { venv_python, precheck: gate, ...overrides });
  await openSession(plan);
  return plan;
}
const precheckJson = (plan: SessionPlan) => join(plan.run_dir, 'precheck.json');
const recorded = (plan: SessionPlan): unknown => JSON.parse(readFileSync(precheckJson(plan), 'utf8'));

describe('the environment gate of a session', () => {
  test('passes, and leaves its record and its lines', async () => {
    const plan = await opened();
    expect(await precheck(plan)).toEqual({ ok: true, errors: [], warnings: [] });
    expect(recorded(plan)).toMatchObject({
      ok: true,
      session_id: plan.session_id,
      pins: { torch: '2.11.0' },
    });
    expect(readFileSync(join(plan.run_dir, 'run.log'), 'utf8')).toContain(
      'torch: 2.11.0+cu130 (pin 2.11.0) [ok]',
    );
  });

  test('says what the repeats that are to be run will need of the disk, from an earlier session', async () => {
    const plan = await opened({ repeats: 4 });
    const { units } = plan;
    const earlier = join(dirname(plan.run_dir), '20200101T000000Z_earlier');
    writeText(runPaths.plan(earlier), JSON.stringify({ model: plan.model, stages: ['stage'], repeats: 1 }));
    for (const { namespace } of units) {
      const results = join(runPaths.baseTemp(earlier, namespace, 1), 'results.json');
      writeText(results, 'x'.repeat(3 * 1024 * 1024));
      writeText(runPaths.commitMarker(earlier, namespace, 1), '{}');
    }
    await precheck(plan);
    const log = readFileSync(join(plan.run_dir, 'run.log'), 'utf8');
    const said = /about (\d+) MiB needed for (\d+) repeats of (\d+) units?, as earlier sessions took/.exec(
      log,
    );
    expect(said?.slice(2).map(Number)).toEqual([4 * units.length, units.length]);
    expect(Number(said?.[1])).toBeGreaterThanOrEqual(12 * units.length);
    expect(Number(said?.[1])).toBeLessThanOrEqual(13 * units.length);
  });

  test('gives the report its versions', async () => {
    const plan = await opened();
    await precheck(plan);
    expect(await readPrecheck(plan.run_dir)).toMatchObject({ torch: '2.11.0+cu130', gpu_summary: null });
  });

  test('answers with every gap and the command that closes it', async () => {
    const plan = await opened({}, '2.10.0');
    const verdict = await precheck(plan);
    expect(verdict.ok).toBe(false);
    expect(verdict.errors).toEqual([
      expect.stringMatching(
        /^torch 2\.10\.0 is installed, pyproject\.toml pins 2\.11\.0: .* → cd .* && uv pip install/,
      ),
    ]);
    expect(recorded(plan)).toMatchObject({ ok: false, errors: verdict.errors });
  });

  test('takes a mismatch for a warning where the version check is skipped', async () => {
    const requirements = makeRequirements({ pins });
    const plan = await opened(
      { precheck: { skip: false, skip_version_check: true, requirements } },
      '2.10.0',
    );
    const verdict = await precheck(plan);
    expect([verdict.ok, verdict.warnings.length]).toEqual([true, 1]);
  });

  test('makes the two empty slice folders that a run may make (gate 3)', async () => {
    const home = temporaryFolder();
    const environment = [{ name: 'OMNI_CI_HOME', value: home, source: 'config' as const }];
    const requirements = makeRequirements({ environment });
    const gate = { skip: false, skip_version_check: false, requirements };
    const plan = await opened({ environment: { OMNI_CI_HOME: home }, precheck: gate });
    expect([(await precheck(plan)).ok, readdirSync(home).sort()]).toEqual([
      true,
      ['.cache', '.torchinductor'],
    ]);
  });

  test('leaves no record after an early stop (§9)', async () => {
    const plan = await opened({ venv_python: '/nowhere/python' });
    expect([(await precheck(plan)).ok, existsSync(precheckJson(plan))]).toEqual([false, false]);
  });

  test('checks what an older plan says, and warns about what it does not say', async () => {
    const plan = await opened({ precheck: { skip: false, skip_version_check: false } });
    const verdict = await precheck({ ...plan, units: plan.units.map((unit) => ({ ...unit, gpus: 0 })) });
    expect([verdict.ok, verdict.warnings.length]).toEqual([true, 1]);
  });

  test('twice equals once', async () => {
    const plan = await opened();
    const first = await precheck(plan);
    expect(await precheck(plan)).toEqual(first);
  });
});

describe('a skipped gate', () => {
  const skip = { skip: true, skip_version_check: false };

  test('leaves a stub without versions and pins', async () => {
    const plan = await opened({ precheck: skip });
    expect(await precheck(plan)).toEqual({ ok: true, errors: [], warnings: ['precheck skipped'] });
    expect(recorded(plan)).toMatchObject({ versions: {}, pins: {}, skipped: true });
  });

  test('is refused while ASR stages are selected', async () => {
    const plan = await opened({ precheck: skip });
    const units = plan.units.map((unit) => ({ ...unit, test: 'tests/test_qwen3_asr_ci.py' }));
    const verdict = await precheck({ ...plan, units });
    expect([verdict.ok, verdict.errors[0]]).toEqual([
      false,
      expect.stringContaining('--skip-precheck is refused while ASR stages are selected'),
    ]);
  });
});

describe('a checkout that moved since the start', () => {
  test.each([
    ['another commit', 'HEAD moved: the session observes'],
    ['another work tree', 'the work tree is no longer the one'],
  ])('is an answer of its own before anything else is looked at: %s', async (kind, text) => {
    const plan = await opened();
    const git = (...args: string[]) =>
      execFileSync('git', [...gitIdentity, ...args], { cwd: plan.repo_root });
    writeText(join(plan.repo_root, 'new.txt'), 'x');
    git('add', '-A');
    if (kind === 'another commit') git('commit', '-qm', 'third');
    const verdict = await precheck(plan);
    expect(verdict).toMatchObject({ ok: false, moved: expect.stringContaining(text) });
    expect(existsSync(precheckJson(plan))).toBe(false);
  });
});
