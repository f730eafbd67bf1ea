import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { parseStagesYaml, renderStagesYaml } from '../../../src/domain/stages/stages-yaml.ts';
import { readApplied, runApply, undoApply } from '../../../src/host/apply/run-apply.ts';
import { prepareApply } from '../../../src/host/apply/prepare-apply.ts';
import { replacementFiles, type ReplacementFiles } from '../../../src/host/apply/journal.ts';
import { launchFiles } from '../../../src/host/process/launch-files.ts';
import { readProcessIdentity } from '../../../src/host/process/identity.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { writeJson } from '../../fixtures/write-text.ts';
import { NAMESPACE, sha256 } from '../run-directory/run-directory-fixture.ts';
import {
  APPLIED,
  applyWorld,
  type ApplyWorld,
  atHead,
  LIMITS_FILE,
  LIMITS_SOURCE,
  TEST_FILE,
  TEST_SOURCE,
} from './apply-world.ts';

const now = new Date('2026-04-23T07:00:00Z');

function apply(world: ApplyWorld, changes: Partial<Parameters<typeof runApply>[0]> = {}) {
  return runApply({ runDir: world.runDir, mode: 'full', decide: {}, commandId: 'c1', now, ...changes });
}

async function refusal(world: ApplyWorld, changes: Parameters<typeof apply>[1] = {}): Promise<string> {
  const before = world.contents();
  const result = await apply(world, changes);
  expect(world.contents()).toEqual(before);
  return result.kind === 'refused' ? result.reason : 'applied';
}

describe('an apply', () => {
  test('writes the worst of N into the literals and nothing else', async () => {
    const world = await applyWorld();
    expect(await apply(world)).toMatchObject({ kind: 'applied', document: { edits: 3 } });
    expect(world.read(TEST_FILE)).toBe(APPLIED.speed(APPLIED.accuracy(TEST_SOURCE)));
  });

  test('edits several files together and keeps their line ends', async () => {
    const world = await applyWorld({ split: true });
    const [test] = world.contents();
    await apply(world);
    expect(world.contents()).toEqual([APPLIED.accuracy(test ?? ''), APPLIED.speed(LIMITS_SOURCE)]);
  });

  test('smart asks about loosening speed before anything is written', async () => {
    const world = await applyWorld();
    world.write(TEST_FILE, TEST_SOURCE.replace('4.2,', '4.4,'));
    world.git('commit', '-qam', 'stricter');
    const moved = await atHead(world);
    expect(await refusal(moved, { mode: 'smart' })).toBe(
      [
        '1 decision is missing (decide STAGE.METRIC=keep, apply or a number):',
        '  nova_speed.throughput_qps: runs 4.3849, 4.5, 4.41; current 4.4, proposed 4.3849 (loosens)',
      ].join('\n'),
    );
    const decide = { 'nova_speed.throughput_qps': 'keep' };
    expect(await apply(moved, { mode: 'smart', decide })).toMatchObject({ document: { edits: 2, decide } });
  });

  test('records every token, file and hash in applied.json', async () => {
    const world = await applyWorld({ split: true });
    const before = world.contents();
    await apply(world, { decide: { 'nova_accuracy.accuracy': '0.5_7!' } });
    expect(await readApplied(world.runDir)).toMatchObject({
      schema: 'calib.applied/1',
      session_id: 'session',
      model: 'nova-v1',
      calibration_git_sha: world.sha,
      mode: 'full',
      decide: { 'nova_accuracy.accuracy': '0.5_7!' },
      command_id: 'c1',
      applied_at: '2026-04-23T07:00:00Z',
      edits: 3,
      changes: [
        {
          stage_key: 'nova_accuracy',
          metric_key: 'accuracy',
          source: 'NOVA_MIN_ACCURACY',
          concurrency: null,
          file: TEST_FILE,
          line: 5,
          column: 21,
          old_text: '0.50',
          new_text: '0.5_7',
          old_value: 0.5,
          new_value: 0.57,
          worst: 'min',
          worst_raw: 0.56,
          per_run_raw: [0.56, 0.58, 0.6],
          custom: true,
          stricter_than_observed: true,
        },
        {
          metric_key: 'throughput_qps',
          concurrency: 8,
          file: LIMITS_FILE,
          line: 2,
          column: 27,
          custom: false,
        },
        { metric_key: 'latency_mean_s', old_text: '2.5', new_text: '2.1814' },
      ],
      files: [TEST_FILE, LIMITS_FILE].map((file, index) => ({
        file,
        sha256_before: sha256(before[index] ?? ''),
        sha256_after: sha256(world.read(file)),
      })),
      check: null,
      undone: null,
    });
  });

  test('leaves nothing in the checkout but the edits', async () => {
    const world = await applyWorld({ split: true });
    await apply(world);
    const changed = world.git('ls-files', '--modified', '--others', '--exclude-standard');
    expect(changed.split('\n')).toEqual([LIMITS_FILE, TEST_FILE]);
  });

  test('keeps mode bits', async () => {
    const world = await applyWorld();
    chmodSync(join(world.root, TEST_FILE), 0o754);
    const moved = await atHead(world);
    await apply(moved);
    expect(statSync(join(world.root, TEST_FILE)).mode & 0o7777).toBe(0o754);
  });

  test.runIf(process.getuid?.() === 0)('keeps the owner', async () => {
    const world = await applyWorld();
    chownSync(join(world.root, TEST_FILE), 4321, 1234);
    await apply(world);
    expect(statSync(join(world.root, TEST_FILE))).toMatchObject({ uid: 4321, gid: 1234 });
  });

  test('replaces the file behind a link within the repository and leaves the link', async () => {
    const world = await applyWorld();
    const file = join(world.root, TEST_FILE);
    mkdirSync(join(world.root, 'real'));
    renameSync(file, join(world.root, 'real/x.py'));
    symlinkSync('../../real/x.py', file);
    const moved = await atHead(world);
    await apply(moved);
    expect(readFileSync(join(world.root, 'real/x.py'), 'utf8')).toContain('NOVA_MIN_ACCURACY = 0.56');
    expect(world.git('status', '--porcelain', '--', TEST_FILE)).toContain('T');
  });

  test('does not mind a catalog that was corrected in the checkout', async () => {
    const world = await applyWorld();
    const catalog = join(world.root, 'ci');
    cpSync(world.catalog, catalog, { recursive: true });
    world.changePlan({ catalog_dir: catalog });
    expect(await apply(world)).toMatchObject({ kind: 'applied' });
  });

  test('that has nothing to change records that', async () => {
    const world = await applyWorld();
    const keep = Object.fromEntries(
      ['nova_accuracy.accuracy', 'nova_speed.throughput_qps', 'nova_speed.latency_mean_s'].map((id) => [
        id,
        'keep',
      ]),
    );
    expect(await apply(world, { decide: keep })).toMatchObject({
      document: { edits: 0, changes: [], files: [] },
    });
    expect(await readApplied(world.runDir)).toMatchObject({ decide: keep });
    expect(await undoApply({ runDir: world.runDir, now })).toMatchObject({ kind: 'undone' });
  });
});

describe('is done once', () => {
  test('the same command again finds its own work', async () => {
    const world = await applyWorld();
    const first = await apply(world);
    const after = world.contents();
    expect(await apply(world, { now: new Date('2026-04-24T07:00:00Z') })).toEqual(first);
    expect(world.contents()).toEqual(after);
  });

  test('another command is refused', async () => {
    const world = await applyWorld();
    await apply(world);
    expect(await refusal(world, { commandId: 'c2' })).toBe(
      "the session's thresholds were applied (full) at 2026-04-23T07:00:00Z: a session is applied once",
    );
  });

  test('also after an undo', async () => {
    const world = await applyWorld();
    await apply(world);
    await undoApply({ runDir: world.runDir, now });
    expect(await refusal(world, { commandId: 'c2' })).toMatch(/and undone at .*: a session is applied once$/);
  });
});

describe('is refused with the reason, and nothing is written', () => {
  test('when a repeat is missing', async () => {
    const world = await applyWorld();
    rmSync(runPaths.observation(world.runDir, 'nova_speed', 2));
    expect(await refusal(world)).toMatch(
      /^strict audit incomplete \(0\/2 stages strict-ready\)\nnova_accuracy: ✓✗✓/,
    );
  });

  test('when HEAD moved', async () => {
    const world = await applyWorld();
    world.git('commit', '-q', '--allow-empty', '-m', 'second');
    expect(await refusal(world)).toMatch(/^HEAD is [0-9a-f]{40}, but the session observed /);
  });

  test('when a threshold file was edited since the session started', async () => {
    const world = await applyWorld({ split: true });
    world.write(LIMITS_FILE, LIMITS_SOURCE.replace('seconds', 'SECONDS'));
    expect(await refusal(world)).toBe(
      `${LIMITS_FILE} was edited since the session started: restore it, or calibrate again`,
    );
  });

  test('when the plan recorded no hash, by the one of stages.yaml', async () => {
    const world = await applyWorld();
    world.changePlan({ file_sha256: {} });
    expect(await refusal(world)).toBe(
      `${TEST_FILE} was edited since the session started: restore it, or calibrate again`,
    );
  });

  test('when anything else in the work tree differs', async () => {
    const world = await applyWorld();
    world.write('conftest.py', 'x = 1\n');
    expect(await refusal(world)).toMatch(
      /^the work tree is no longer the one that the session observes: .*conftest\.py; restore it first$/,
    );
  });

  test('while a pytest of the session is alive', async () => {
    const world = await applyWorld();
    const self = readProcessIdentity(process.pid);
    const folder = runPaths.launch(world.runDir, NAMESPACE, 2, 1);
    writeJson(launchFiles.identity(folder), {
      schema: 'calib.launch/1',
      token: 't',
      boot_id: self?.boot_id,
      supervisor: { pid: self?.pid, start_ticks: self?.start_ticks },
      child: { pid: self?.pid, start_ticks: self?.start_ticks },
      started_at: '2026-04-23T06:00:00Z',
      command: ['pytest'],
    });
    expect(await refusal(world)).toBe(`pytest of ${NAMESPACE} repeat 2 is still running`);
  });

  test('when the report is not written', async () => {
    const world = await applyWorld();
    rmSync(runPaths.report(world.runDir));
    expect(await refusal(world)).toMatch(
      /report\.md is not written: thresholds are applied after the report$/,
    );
  });

  test('when the directory was not made by calib', async () => {
    const world = await applyWorld();
    world.changePlan({ catalog_dir: undefined });
    expect(await refusal(world)).toMatch(/names no checkout or no catalog/);
  });

  test('when a symbol does not belong to the stage by the config', async () => {
    const world = await applyWorld();
    world.changeConfig((yaml) => `${yaml}    ignored_constants: [_NOVA_P95]\n`);
    expect(await refusal(world)).toBe(
      [
        "nova_speed.throughput_qps must not be written: _NOVA_P95 is in the config's ignored_constants",
        "nova_speed.latency_mean_s must not be written: _NOVA_P95 is in the config's ignored_constants",
      ].join('\n'),
    );
  });

  test('when a link leads out of the repository', async () => {
    const world = await applyWorld();
    const outside = join(world.catalog, 'outside.py');
    renameSync(join(world.root, TEST_FILE), outside);
    symlinkSync(outside, join(world.root, TEST_FILE));
    const moved = await atHead(world);
    expect(await refusal(moved)).toBe(`${TEST_FILE} leads out of the repository, to ${outside}`);
  });

  test('when a literal is shared with a constant that is not in the plan', async () => {
    const world = await applyWorld();
    world.write(TEST_FILE, TEST_SOURCE.replace('NOVA_MIN_ACCURACY =', 'OTHER = NOVA_MIN_ACCURACY ='));
    const moved = await atHead(world);
    expect(await refusal(moved)).toMatch(/NOVA_MIN_ACCURACY shares its literal with OTHER \(line 5\)/);
  });

  test('when a decision is unknown', async () => {
    const world = await applyWorld();
    expect(await refusal(world, { decide: { 'nova_accuracy.acuracy': 'keep' } })).toMatch(
      /did you mean nova_accuracy\.accuracy\?$/,
    );
  });

  test('when the owner or mode of a file cannot be kept', async () => {
    const world = await applyWorld({ split: true });
    const before = world.contents();
    const files: ReplacementFiles = {
      ...replacementFiles,
      likeOriginal: async (_draft, original) => {
        if (original.endsWith(LIMITS_FILE)) {
          throw Object.assign(new Error('EPERM: operation not permitted, chown'), { code: 'EPERM' });
        }
      },
    };
    const options = { runDir: world.runDir, mode: 'full', decide: {}, commandId: 'c1', now } as const;
    expect(await runApply(options, files)).toEqual({
      kind: 'refused',
      reason: `cannot write ${join(world.root, LIMITS_FILE)}: EPERM: operation not permitted, chown`,
    });
    expect(world.contents()).toEqual(before);
    expect(world.git('status', '--porcelain')).toBe('');
    expect(await apply(world)).toMatchObject({ kind: 'applied' });
  });

  test('a literal that cannot be read is skipped with a warning, the rest is applied', async () => {
    const world = await applyWorld();
    world.write(TEST_FILE, TEST_SOURCE.replace('= 0.50 ', '= 0.25 * 2 '));
    const moved = await atHead(world);
    expect(await apply(moved)).toMatchObject({
      document: {
        edits: 2,
        warnings: [
          'nova_accuracy.accuracy is skipped: NOVA_MIN_ACCURACY is `0.25 * 2`, not a numeric literal',
        ],
      },
    });
  });
});

test('a literal of a stage that was not observed is written with a warning', async () => {
  const world = await applyWorld();
  const file = runPaths.stagesYaml(world.runDir);
  const stages = parseStagesYaml(readFileSync(file, 'utf8'), file);
  const other = stages
    .filter(({ group }) => group === 'accuracy')
    .map((stage) => ({ ...stage, key: 'nova_b_accuracy' }));
  writeFileSync(file, renderStagesYaml([...stages, ...other]));
  expect(await apply(world)).toMatchObject({
    document: { warnings: [expect.stringMatching(/^nova_accuracy\.accuracy: .* stage nova_b_accuracy too/)] },
  });
});

describe('the dry run', () => {
  test('gives the new contents and writes nothing at all', async () => {
    const world = await applyWorld();
    const names = readdirSync(world.runDir);
    const prepared = await prepareApply({ runDir: world.runDir, mode: 'full', decide: {} });
    expect(prepared).toMatchObject({ kind: 'prepared', edits: 3, files: [{ file: TEST_FILE }] });
    const [file] = prepared.kind === 'prepared' ? prepared.files : [];
    expect(Buffer.from(file?.after ?? []).toString()).toBe(APPLIED.speed(APPLIED.accuracy(TEST_SOURCE)));
    expect(world.read(TEST_FILE)).toBe(TEST_SOURCE);
    expect(readdirSync(world.runDir)).toEqual(names);
  });

  test('hands open questions on', async () => {
    const world = await applyWorld();
    world.write(TEST_FILE, TEST_SOURCE.replace('4.2,', '4.4,'));
    const moved = await atHead(world);
    expect(await prepareApply({ runDir: moved.runDir, mode: 'smart', decide: {} })).toMatchObject({
      kind: 'refused',
      questions: [{ id: 'nova_speed.throughput_qps', per_run_raw: [4.3849, 4.5, 4.41] }],
    });
  });
});

describe('an undo', () => {
  test('restores the bytes of every file and is recorded', async () => {
    const world = await applyWorld({ split: true });
    const before = world.contents();
    await apply(world);
    const undone = await undoApply({ runDir: world.runDir, now: new Date('2026-04-23T08:00:00Z') });
    expect(undone).toMatchObject({ kind: 'undone', again: false });
    expect(world.contents()).toEqual(before);
    expect(await readApplied(world.runDir)).toMatchObject({
      edits: 3,
      undone: { at: '2026-04-23T08:00:00Z', check: null },
    });
    expect(world.git('status', '--porcelain')).toBe('');
  });

  test('twice equals once', async () => {
    const world = await applyWorld();
    await apply(world);
    await undoApply({ runDir: world.runDir, now });
    writeFileSync(join(world.root, TEST_FILE), 'edited afterwards\n');
    expect(await undoApply({ runDir: world.runDir, now })).toMatchObject({ kind: 'undone', again: true });
    expect(world.read(TEST_FILE)).toBe('edited afterwards\n');
  });

  test('is refused when one file was edited since, and none is restored', async () => {
    const world = await applyWorld({ split: true });
    await apply(world);
    world.write(LIMITS_FILE, `${world.read(LIMITS_FILE)}# mine\r\n`);
    const after = world.contents();
    expect(await undoApply({ runDir: world.runDir, now })).toEqual({
      kind: 'refused',
      reason: `${join(world.root, LIMITS_FILE)} was edited since thresholds were applied: nothing is restored`,
    });
    expect(world.contents()).toEqual(after);
  });

  test('without an apply is refused', async () => {
    const world = await applyWorld();
    expect(await undoApply({ runDir: world.runDir, now })).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/^nothing was applied/),
    });
    expect(existsSync(runPaths.applyFolder(world.runDir))).toBe(false);
  });

  test('never restores from a copy that was tampered with', async () => {
    const world = await applyWorld();
    await apply(world);
    const after = world.contents();
    writeFileSync(join(runPaths.applyFolder(world.runDir), 'before/0.py'), 'something else\n');
    await expect(undoApply({ runDir: world.runDir, now })).rejects.toThrow(
      /was changed since it was written/,
    );
    expect(world.contents()).toEqual(after);
  });
});
