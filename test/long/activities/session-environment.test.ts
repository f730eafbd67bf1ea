import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { openSession } from '../../../src/activities/open-session.ts';
import { precheck } from '../../../src/activities/precheck.ts';
import type { SessionPlan } from '../../../src/domain/session/session-plan.ts';
import { readEnvironment } from '../../../src/host/fingerprint/environment-file.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { readPlan } from '../../../src/host/run-directory/plan-file.ts';
import { makeRequirements } from '../../domain/precheck/requirements-fixture.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeJson } from '../../fixtures/write-text.ts';
import { putVenv } from '../../host/precheck/precheck-world.ts';
import {
  contentsBelow,
  directoryWorld,
  sessionPlan,
  writeLegacyDirectory,
  type DirectoryWorld,
} from '../../activities/directory-world.ts';

const pins = [{ package: 'torch', match: 'release' as const }];

/** A checkout that pins torch. */
function pinnedWorld(): DirectoryWorld {
  const world = directoryWorld();
  world.write('pyproject.toml', '[project]\nname = "nova"\ndependencies = ["torch==2.11.0"]\n');
  world.git('add', '-A');
  world.git('commit', '-qm', 'second');
  return { ...world, sha: world.git('rev-parse', 'HEAD') };
}

/** The plan of a session there, in a venv with that torch and numpy. */
async function planWith(
  world: DirectoryWorld,
  versions: { torch?: string; numpy?: string },
  overrides: Partial<SessionPlan> = {},
): Promise<SessionPlan> {
  const { torch = '2.11.0+cu130', numpy = '1.26.4' } = versions;
  const venv_python = putVenv(join(temporaryFolder(), 'venv'), [
    { name: 'torch', version: torch },
    { name: 'numpy', version: numpy },
  ]);
  const requirements = makeRequirements({ pins });
  const gate = { skip: false, skip_version_check: false, requirements };
  return await sessionPlan(world, { venv_python, precheck: gate, ...overrides });
}

/** A session that went through its gate with numpy 1.26.4 and was then interrupted. */
async function interrupted(): Promise<DirectoryWorld> {
  const world = pinnedWorld();
  const plan = await planWith(world, {});
  await openSession(plan);
  expect(await precheck(plan)).toMatchObject({ ok: true });
  return world;
}

const resumed = { resume: true };
const forced = { resume: true, force_environment: true };

describe('environment.json of a session', () => {
  test('is written once the gate is open, and named in run.log', async () => {
    const world = await interrupted();
    const environment = await readEnvironment(world.runDir);
    expect(environment).toMatchObject({
      packages: { torch: '2.11.0+cu130' },
      git_sha: world.sha,
      calib_version: '0.1.0',
    });
    expect(readFileSync(runPaths.runLog(world.runDir), 'utf8')).toContain(
      `environment ${environment?.identity_sha256.slice(0, 12)}, recorded in environment.json`,
    );
  });

  test('is written for a skipped gate too', async () => {
    const world = pinnedWorld();
    const plan = await planWith(world, {}, { precheck: { skip: true, skip_version_check: false } });
    await openSession(plan);
    await precheck(plan);
    expect(await readEnvironment(world.runDir)).toMatchObject({ distributions: { numpy: '1.26.4' } });
  });

  test('is not written while the gate is closed: nothing is measured there', async () => {
    const world = pinnedWorld();
    const plan = await planWith(world, { torch: '2.10.0' });
    await openSession(plan);
    expect(await precheck(plan)).toMatchObject({ ok: false });
    expect(existsSync(runPaths.environment(world.runDir))).toBe(false);

    const mended = await planWith(world, {}, resumed);
    await openSession(mended);
    expect(await precheck(mended)).toMatchObject({ ok: true });
  });

  test('written twice is written once', async () => {
    const world = await interrupted();
    const first = readFileSync(runPaths.environment(world.runDir), 'utf8');
    await precheck(await planWith(world, {}));
    expect(readFileSync(runPaths.environment(world.runDir), 'utf8')).toBe(first);
    expect(readdirSync(world.runDir).filter((name) => name.startsWith('environment.json.'))).toEqual([]);
  });
});

describe('a resume', () => {
  test('in the same environment is continued', async () => {
    const world = await interrupted();
    const plan = await planWith(world, {}, resumed);
    await openSession(plan);
    expect(await precheck(plan)).toEqual({ ok: true, errors: [], warnings: [] });
    expect((await readPlan(world.runDir)).forced_environments).toBeUndefined();
  });

  test('in another one is refused with what differs and what to do, and touches nothing', async () => {
    const world = await interrupted();
    const before = contentsBelow(world.runDir);
    await expect(openSession(await planWith(world, { numpy: '2.0.1' }, resumed))).rejects.toMatchObject({
      code: 'refused',
      message:
        `the environment is not the one of ${runPaths.environment(world.runDir)}: ` +
        'installed distributions: numpy: 1.26.4 → 2.0.1',
      remedy: expect.stringMatching(/--force-environment.*calib compare-env/) as string,
    });
    expect(contentsBelow(world.runDir)).toEqual(before);
  });

  test('that is forced is recorded in the plan once, and the other environment beside the first', async () => {
    const world = await interrupted();
    const first = readFileSync(runPaths.environment(world.runDir), 'utf8');
    const plan = await planWith(world, { numpy: '2.0.1' }, forced);
    await openSession(plan);
    await openSession(plan);
    const verdict = await precheck(plan);

    expect([verdict.ok, verdict.warnings]).toEqual([
      true,
      [expect.stringContaining('forced: the environment')],
    ]);
    expect((await readPlan(world.runDir)).forced_environments).toEqual([
      {
        at: expect.stringMatching(/Z$/) as string,
        identity_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        differences: ['installed distributions: numpy: 1.26.4 → 2.0.1'],
      },
    ]);
    expect(readFileSync(runPaths.environment(world.runDir), 'utf8')).toBe(first);
    expect(JSON.parse(readFileSync(`${runPaths.environment(world.runDir)}.1`, 'utf8'))).toMatchObject({
      distributions: { numpy: '2.0.1' },
    });
  });

  test('is not let through by the gate when the environment changed after the directory was opened', async () => {
    const world = await interrupted();
    await openSession(await planWith(world, {}, resumed));
    const verdict = await precheck(await planWith(world, { numpy: '2.0.1' }, resumed));
    expect([verdict.ok, verdict.errors]).toEqual([
      false,
      [expect.stringMatching(/^the environment is not the one of .*numpy: 1\.26\.4 → 2\.0\.1 → restore/)],
    ]);
  });

  test('where something can no longer be read goes on, with a warning', async () => {
    const world = await interrupted();
    const plan = { ...(await planWith(world, {}, resumed)), venv_python: '/nowhere/python' };
    await openSession(plan);
    expect(readFileSync(runPaths.runLog(world.runDir), 'utf8')).toMatch(
      /warning: cannot be read here, .*: python, packages, distributions_sha256/,
    );
  });
});

describe('a directory without environment.json', () => {
  function legacyWorld(precheckJson: object): DirectoryWorld {
    const world = pinnedWorld();
    writeLegacyDirectory(world);
    writeJson(runPaths.precheck(world.runDir), { timestamp: '2026-04-23T04:59:00Z', ...precheckJson });
    return world;
  }

  test('is continued where the little that it says agrees, and gets one', async () => {
    const versions = { sglang: '0.5.12.post1', torch: '2.11.0' };
    const world = legacyWorld({ versions, gpu_summary: '2× NVIDIA H20' });
    const plan = await planWith(world, {}, resumed);
    await openSession(plan);
    await precheck(plan);
    expect(await readEnvironment(world.runDir)).toMatchObject({ distributions: { numpy: '1.26.4' } });
  });

  test('is refused where it says something else', async () => {
    const world = legacyWorld({ versions: { torch: '2.10.0+cu126' }, gpu_summary: '2× NVIDIA H20' });
    await expect(openSession(await planWith(world, {}, resumed))).rejects.toThrow(
      'precheck.json: packages.torch: 2.10.0+cu126 → 2.11.0+cu130',
    );
  });

  test('is continued with another version when forced', async () => {
    const world = legacyWorld({ versions: { torch: '2.10.0' } });
    await openSession(await planWith(world, {}, forced));
    expect(await readPlan(world.runDir)).toMatchObject({
      forced_environments: [{ differences: ['packages.torch: 2.10.0 → 2.11.0+cu130'] }],
    });
  });

  test('is not refused for what it does not say', async () => {
    const world = legacyWorld({});
    await openSession(await planWith(world, {}, resumed));
    expect((await readPlan(world.runDir)).last_resume_git_sha).toBe(world.sha);
  });
});
