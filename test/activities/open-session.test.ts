import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { openSession } from '../../src/activities/open-session.ts';
import { auditStrict } from '../../src/domain/audit/strict-audit.ts';
import type { SessionPlan } from '../../src/domain/session/session-plan.ts';
import type { DiskAudit } from '../../src/domain/session/matrix.ts';
import { renderStagesYaml } from '../../src/domain/stages/stages-yaml.ts';
import { parseModelConfig } from '../../src/domain/catalog/model-config.ts';
import { stagesOfCommit } from '../../src/host/discovery/stages-of-commit.ts';
import { listDiscarded } from '../../src/host/run-directory/discard-repeat.ts';
import { runPaths } from '../../src/host/run-directory/paths.ts';
import { readPlan } from '../../src/host/run-directory/plan-file.ts';
import { readRunDirectory } from '../../src/host/run-directory/stages-copy.ts';
import { writeJson, writeText } from '../fixtures/write-text.ts';
import { NAMESPACE } from '../host/run-directory/run-directory-fixture.ts';
import {
  type DirectoryWorld,
  OTHER_NAMESPACE,
  SESSION,
  commitNova,
  contentsBelow,
  directoryWorld,
  legacyPlan,
  sessionPlan,
  stages,
  writeLegacyDirectory,
  writeLegacyRecord,
} from './directory-world.ts';

const resume = async (world: DirectoryWorld, overrides: Partial<SessionPlan> = {}): Promise<DiskAudit> =>
  await openSession(await sessionPlan(world, { resume: true, ...overrides }));

function symbols({ cells }: DiskAudit): Record<string, string> {
  return Object.fromEntries(
    Object.entries(cells).map(([stage, row]) => [stage, row.map(({ symbol }) => symbol).join('')]),
  );
}

const ALL_VALID = { nova_accuracy: '✓✓✓', nova_speed: '✓✓✓', chart_accuracy: '✓✓✓' };
const NOVA_LACKS_2 = { nova_accuracy: '✓—✓', nova_speed: '✓—✓', chart_accuracy: '✓✓✓' };

function legacyWorld(): DirectoryWorld {
  const world = directoryWorld();
  writeLegacyDirectory(world);
  return world;
}

describe('a session whose stages are discovered at its commit', () => {
  /** The stages are what the config yields in the checkout. */
  async function discovered(): Promise<{ world: DirectoryWorld; plan: SessionPlan; text: string }> {
    const world = directoryWorld();
    const yaml = 'name: nova-v1\ntest_globs: ["tests/ci/*_ci.py"]\nstage_base_strip_prefix: test_\n';
    const file = join(world.catalog, 'models', 'nova-v1', 'config.yaml');
    writeText(file, yaml);
    const kept = await sessionPlan(world);
    rmSync(world.stagesYaml);
    const { value: config } = parseModelConfig({ file, yaml, directoryName: 'nova-v1' });
    const { stages: known, text, sha256 } = await stagesOfCommit({ repoRoot: world.root, config });
    const stages = known.map(({ key }) => ({
      key,
      title: key,
      group: 'x',
      metrics: [],
      expected_samples: null,
    }));
    const found = { stages_yaml: '', stages_yaml_sha256: sha256, stages_from: 'discovery' as const };
    return { world, plan: { ...kept, stages, ...found }, text };
  }

  test('keeps what was discovered in its run directory, and the catalog stays without it', async () => {
    const { world, plan, text } = await discovered();
    await openSession(plan);
    expect(readFileSync(runPaths.stagesYaml(world.runDir), 'utf8')).toBe(text);
    expect(existsSync(world.stagesYaml)).toBe(false);
  });

  test('is refused when the checkout changed while it was being started', async () => {
    const { world, plan } = await discovered();
    world.write('tests/ci/test_nova_ci.py', 'NOVA_MIN_ACCURACY = 0.1\n');
    await expect(openSession(plan)).rejects.toThrow('changed while the session was being started');
  });
});

describe('a fresh session', () => {
  test('gets a directory with plan, stages and log that only its owner can read', async () => {
    const world = directoryWorld();

    const audit = await openSession(await sessionPlan(world));

    expect(symbols(audit)).toEqual({ nova_accuracy: '———', nova_speed: '———', chart_accuracy: '———' });
    expect(Object.keys(contentsBelow(world.runDir))).toEqual(['plan.json', 'run.log', 'stages.yaml']);
    expect(statSync(world.runDir).mode & 0o777).toBe(0o700);
    for (const name of ['plan.json', 'run.log', 'stages.yaml']) {
      expect(statSync(join(world.runDir, name)).mode & 0o777).toBe(0o600);
    }
  });

  test('opened twice is opened once', async () => {
    const world = directoryWorld();
    await openSession(await sessionPlan(world));
    const first = contentsBelow(world.runDir);

    await openSession(await sessionPlan(world));

    expect(contentsBelow(world.runDir)).toEqual(first);
  });

  test('of a dirty tree keeps the difference, untracked files included', async () => {
    const world = directoryWorld();
    world.write('tests/ci/conftest.py', 'SEED = 1\n');

    await openSession(await sessionPlan(world));

    expect(readFileSync(runPaths.workspaceDiff(world.runDir), 'utf8')).toContain('+SEED = 1');
    expect((await readPlan(world.runDir)).dirty).toBe(true);
  });

  test('is refused where git would list its directory, with two ways to have it ignored', async () => {
    const world = directoryWorld();
    const runDir = join(world.root, 'runs', SESSION);

    await expect(openSession(await sessionPlan(world, { run_dir: runDir }))).rejects.toMatchObject({
      message: expect.stringContaining('git does not ignore it') as string,
      remedy: expect.stringMatching(/\.gitignore .*\.git\/info\/exclude.*--run-root/) as string,
    });
    expect(contentsBelow(join(world.root, 'runs'))).toEqual({});
  });

  test('does not start with other stages than were planned', async () => {
    const world = directoryWorld();
    const plan = await sessionPlan(world);
    writeText(world.stagesYaml, renderStagesYaml(stages.slice(0, 1)));

    await expect(openSession(plan)).rejects.toThrow(
      /stages\.yaml changed while the session was being started/,
    );
  });
});

describe('a directory of the original tool', () => {
  test('is continued with every valid repeat kept', async () => {
    const world = legacyWorld();

    expect(symbols(await resume(world))).toEqual(ALL_VALID);
    expect(await listDiscarded(world.runDir)).toEqual([]);
  });

  test('keeps every file as it was; only plan.json and run.log gain something', async () => {
    const world = legacyWorld();
    const { 'plan.json': _plan, 'run.log': _log, ...before } = contentsBelow(world.runDir);

    await resume(world);

    expect(contentsBelow(world.runDir)).toMatchObject(before);
    expect(readFileSync(runPaths.runLog(world.runDir), 'utf8')).toMatch(
      /^run log: run\.log\n.*resumed on commit/,
    );
    expect(await readPlan(world.runDir)).toMatchObject({
      ...legacyPlan(world),
      session_id: SESSION,
      last_resume_git_sha: world.sha,
    });
  });

  test('is then complete for every reader, and its records are vouched for', async () => {
    const world = legacyWorld();
    await resume(world);

    const audit = auditStrict(await readRunDirectory(world.runDir));
    expect(audit).toMatchObject({ strict_complete: true, git_provenance: { ok: true } });

    const path = runPaths.observation(world.runDir, 'nova_speed', 1);
    writeFileSync(path, readFileSync(path, 'utf8').replace('4.3849', '9.3849'));
    expect(auditStrict(await readRunDirectory(world.runDir)).stages[1]?.cells).toEqual(['✗', '✓', '✓']);
  });

  test.each([
    ['another commit', { git_sha: '0'.repeat(40) }, 'nova_speed: recorded on another commit'],
    ['no commit', { git_sha: '' }, 'nova_speed: recorded without a commit'],
    ['a partial result', { sample_counts: { total: 5, ok: 4 } }, 'nova_speed: partial samples (4/5)'],
    [
      'a missing metric',
      { metrics: { throughput_qps: null, latency_mean_s: 2 } },
      'nova_speed: metrics missing: throughput_qps',
    ],
    ['another invocation', { duration_s: 99.5 }, 'stages were recorded by different invocations'],
  ])('sets a repeat with %s aside, the whole unit of it', async (_what, overrides, reason) => {
    const world = legacyWorld();
    writeLegacyRecord(world, 'nova_speed', 2, overrides);

    expect(symbols(await resume(world))).toEqual(NOVA_LACKS_2);
    expect(await listDiscarded(world.runDir)).toMatchObject([
      { namespace: NAMESPACE, repeat: 2, n: 1, reason, requested_by: 'calib' },
    ]);
    expect(Object.keys(contentsBelow(join(world.runDir, '_discarded', NAMESPACE, 'run2.1')))).toEqual([
      `_pytest/${NAMESPACE}/basetemp_run2/test_nova0/nova_results.json`,
      `_pytest/${NAMESPACE}/run2.log`,
      'nova_accuracy/run2.json',
      'nova_accuracy/run2.log',
      'nova_speed/run2.json',
      'nova_speed/run2.log',
      'reason.json',
    ]);
  });

  test('sets corrupt and half-missing repeats aside', async () => {
    const world = legacyWorld();
    writeFileSync(runPaths.observation(world.runDir, 'nova_accuracy', 1), '{"status": "o');
    rmSync(runPaths.observation(world.runDir, 'nova_speed', 3));

    expect(symbols(await resume(world))).toEqual({
      nova_accuracy: '—✓—',
      nova_speed: '—✓—',
      chart_accuracy: '✓✓✓',
    });
    expect((await listDiscarded(world.runDir)).map(({ reason }) => reason)).toEqual([
      'nova_accuracy: corrupt json',
      'nova_speed: missing file',
    ]);
  });

  test('sets artifacts without a record aside: no observation may come out of them', async () => {
    const world = legacyWorld();
    rmSync(runPaths.observation(world.runDir, 'chart_accuracy', 3));
    rmSync(runPaths.stageLog(world.runDir, 'chart_accuracy', 3));

    expect(symbols(await resume(world))['chart_accuracy']).toBe('✓✓—');
    expect(await listDiscarded(world.runDir)).toMatchObject([
      { namespace: OTHER_NAMESPACE, repeat: 3, reason: 'left by an interrupted run without a record' },
    ]);
  });

  test('opened twice is opened once: nothing more is discarded', async () => {
    const world = legacyWorld();
    writeLegacyRecord(world, 'nova_speed', 2, { git_sha: '0'.repeat(40) });
    await resume(world);
    const { 'plan.json': _plan, 'run.log': _log, ...first } = contentsBelow(world.runDir);

    expect(symbols(await resume(world))).toEqual(NOVA_LACKS_2);
    const { 'plan.json': _plan2, 'run.log': _log2, ...second } = contentsBelow(world.runDir);
    expect(second).toEqual(first);
  });

  test('is taken over whole although a crash came before its plan was written', async () => {
    const world = legacyWorld();
    await resume(world);
    writeJson(runPaths.plan(world.runDir), legacyPlan(world));

    expect(symbols(await resume(world))).toEqual(ALL_VALID);
    expect(await listDiscarded(world.runDir)).toEqual([]);
  });

  test('keeps the difference that it recorded, and today’s beside it', async () => {
    const world = legacyWorld();
    writeText(runPaths.workspaceDiff(world.runDir), 'of v0.6.0');
    world.write('tests/ci/conftest.py', 'SEED = 1\n');

    await resume(world);

    expect(readFileSync(runPaths.workspaceDiff(world.runDir), 'utf8')).toBe('of v0.6.0');
    expect(readFileSync(`${runPaths.workspaceDiff(world.runDir)}.1`, 'utf8')).toContain('+SEED = 1');
  });
});

describe('a directory of calib', () => {
  async function interrupted(): Promise<DirectoryWorld> {
    const world = directoryWorld();
    await openSession(await sessionPlan(world));
    return world;
  }

  test('keeps committed repeats; drafts without a launch and foreign records are discarded', async () => {
    const world = await interrupted();
    await commitNova(world, 1);
    await commitNova(world, 2);
    rmSync(runPaths.commitMarker(world.runDir, NAMESPACE, 2));
    await commitNova(world, 3, { tree_fingerprint: '0'.repeat(64) });

    expect(symbols(await resume(world))).toEqual({
      nova_accuracy: '✓——',
      nova_speed: '✓——',
      chart_accuracy: '———',
    });
    expect((await listDiscarded(world.runDir)).map(({ reason }) => reason)).toEqual([
      expect.stringContaining('uncommitted') as string,
      expect.stringContaining('recorded on another work tree') as string,
    ]);
  });

  test('leaves the drafts of a launch whose recording broke off to be recorded again: a crash loses no GPU time', async () => {
    const world = await interrupted();
    await commitNova(world, 1);
    rmSync(runPaths.commitMarker(world.runDir, NAMESPACE, 1));
    mkdirSync(runPaths.launch(world.runDir, NAMESPACE, 1, 1), { recursive: true });

    await resume(world);

    expect(await listDiscarded(world.runDir)).toEqual([]);
  });

  test('sets failed attempts aside, so that the session that continues has its whole budget', async () => {
    const world = await interrupted();
    writeJson(runPaths.attempts(world.runDir, NAMESPACE, 1), {
      schema: 'calib.attempts/1',
      namespace: NAMESPACE,
      repeat: 1,
      attempts: [],
    });

    await resume(world);

    expect(await listDiscarded(world.runDir)).toMatchObject([{ namespace: NAMESPACE, repeat: 1 }]);
  });

  test('is refused when its copy of stages.yaml was edited', async () => {
    const world = await interrupted();
    writeFileSync(runPaths.stagesYaml(world.runDir), renderStagesYaml(stages.slice(0, 2)));

    await expect(resume(world)).rejects.toThrow(/stages\.yaml is not the file that plan\.json records/);
  });

  test('is refused under the id of another session', async () => {
    const world = await interrupted();

    await expect(resume(world, { session_id: '20260101T000000Z_other' })).rejects.toThrow(
      `${world.runDir} is of session ${SESSION}, not of 20260101T000000Z_other`,
    );
  });
});

describe('a resume that is refused touches nothing', () => {
  test.each([
    ['commit', { git_sha: '1'.repeat(40) }, /^HEAD is 1{40}, the session observes/],
    ['model', { model: 'other' }, /^the session calibrates model nova-v1, not other/],
  ])('another %s', async (_what, overrides, message) => {
    const world = legacyWorld();
    const before = contentsBelow(world.runDir);

    await expect(resume(world, overrides)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(message) as string,
    });
    expect(contentsBelow(world.runDir)).toEqual(before);
  });

  test('other stages than the session’s', async () => {
    const world = directoryWorld();
    await openSession(await sessionPlan(world));
    writeText(world.stagesYaml, renderStagesYaml(stages).replace('NOVA Accuracy', 'Nova'));
    const before = contentsBelow(world.runDir);

    await expect(resume(world)).rejects.toThrow(/^stages\.yaml has changed since the session started/);
    expect(contentsBelow(world.runDir)).toEqual(before);
  });

  test('no plan', async () => {
    const world = directoryWorld();
    mkdirSync(world.runDir, { recursive: true });

    await expect(resume(world)).rejects.toMatchObject({
      code: 'refused',
      message: `nothing to resume: no plan.json in ${world.runDir}`,
    });
  });

  test('a corrupt plan, which is named', async () => {
    const world = legacyWorld();
    const whole = readFileSync(runPaths.plan(world.runDir), 'utf8');
    writeFileSync(runPaths.plan(world.runDir), whole.slice(0, 100));

    await expect(resume(world)).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining(`corrupt ${runPaths.plan(world.runDir)}`) as string,
    });
  });

  test('a directory that git would list', async () => {
    const world = legacyWorld();
    world.write('.gitignore', '');
    const before = contentsBelow(world.runDir);

    await expect(resume(world)).rejects.toThrow(/git does not ignore it/);
    expect(contentsBelow(world.runDir)).toEqual(before);
  });
});
