import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { ApplyInput } from '../../src/activities/activity-types.ts';
import { applyThresholds, writeReport } from '../../src/activities/report-and-apply.ts';
import { createActivities } from '../../src/activities/create-activities.ts';
import { readApplied, undoApply } from '../../src/host/apply/run-apply.ts';
import { checkApplied } from '../../src/host/apply/check-applied.ts';
import { runPaths } from '../../src/host/run-directory/paths.ts';
import { APPLIED, applyWorld, type ApplyWorld, TEST_FILE, TEST_SOURCE } from '../host/apply/apply-world.ts';

async function readyWorld(): Promise<ApplyWorld> {
  const world = await applyWorld();
  expect(await writeReport(world.runDir)).toMatchObject({ kind: 'written' });
  return world;
}

function inputFor(world: ApplyWorld, changes: Partial<ApplyInput> = {}): ApplyInput {
  return { run_dir: world.runDir, mode: 'full', decide: {}, command_id: 'c1', ...changes };
}

const read = (path: string) => readFileSync(path, 'utf8');

function reportSection(world: ApplyWorld): string {
  return /^## Applied changes\n[^]*?(?=^## Provenance)/m.exec(read(runPaths.report(world.runDir)))?.[0] ?? '';
}

const KEEP_ALL = {
  'nova_accuracy.accuracy': 'keep',
  'nova_speed.throughput_qps': 'keep',
  'nova_speed.latency_mean_s': 'keep',
};

describe('applyThresholds', () => {
  test('edits the files, checks them, and says what it did', async () => {
    const world = await readyWorld();
    const outcome = await applyThresholds(inputFor(world));
    expect(world.read(TEST_FILE)).toBe(APPLIED.speed(APPLIED.accuracy(TEST_SOURCE)));
    expect(outcome).toEqual({
      kind: 'applied',
      edits: 3,
      summary: [
        'full: 3 literals in 1 file changed',
        `${TEST_FILE}:5 NOVA_MIN_ACCURACY = 0.56 (was 0.50), tightens (+12.0%)`,
        `${TEST_FILE}:7 _NOVA_P95[8]['throughput_qps'] = 4.3849 (was 4.2), tightens (+4.4%)`,
        `${TEST_FILE}:7 _NOVA_P95[8]['latency_mean_s'] = 2.1814 (was 2.5), tightens (-12.7%)`,
        'check: passed',
        'discovery ran again on the files as they are now',
        'every stage has the sources it was calibrated with',
        'a fresh plan says equal for all 3 changed thresholds',
      ],
    });
  });

  test('puts table, list and check into both reports, before the provenance', async () => {
    const world = await readyWorld();
    await applyThresholds(inputFor(world, { decide: { 'nova_accuracy.accuracy': '0.58!' } }));
    const { applied_at: at } = (await readApplied(world.runDir)) ?? {};
    expect(reportSection(world)).toBe(
      [
        '## Applied changes',
        '',
        '| Stage | Metric | Old | New | Direction |',
        '|-------|--------|-----|-----|-----------|',
        '| nova_accuracy | NOVA_MIN_ACCURACY | 0.5 | 0.58 | tightens (+16.0%, custom, stricter than observed) |',
        "| nova_speed | _NOVA_P95[8]['throughput_qps'] | 4.2 | 4.3849 | tightens (+4.4%) |",
        "| nova_speed | _NOVA_P95[8]['latency_mean_s'] | 2.5 | 2.1814 | tightens (-12.7%) |",
        '',
        `- \`${TEST_FILE}:NOVA_MIN_ACCURACY = 0.58\``,
        `- \`${TEST_FILE}:_NOVA_P95[8]['throughput_qps'] = 4.3849\``,
        `- \`${TEST_FILE}:_NOVA_P95[8]['latency_mean_s'] = 2.1814\``,
        '',
        `Check after applying (${at}): passed`,
        '',
        '- discovery ran again on the files as they are now',
        '- every stage has the sources it was calibrated with',
        '- a fresh plan says equal for all 3 changed thresholds',
        '',
        '',
      ].join('\n'),
    );
    expect(read(runPaths.htmlReport(world.runDir))).toContain('<h2>Applied changes</h2>');
  });

  test('writing the report again keeps the section', async () => {
    const world = await readyWorld();
    await applyThresholds(inputFor(world));
    const before = reportSection(world);
    rmSync(runPaths.report(world.runDir));
    await writeReport(world.runDir);
    expect(reportSection(world)).toBe(before);
  });

  test('leaves the catalog alone, and looks at the stages as they are now', async () => {
    const world = await readyWorld();
    const before = world.catalogStages();
    await applyThresholds(inputFor(world));
    expect(world.catalogStages()).toBe(before);
    const applied = await readApplied(world.runDir);
    expect(applied?.check).toMatchObject({ ok: true, stages_yaml: null });
    expect(applied?.check?.lines).toContain('every stage has the sources it was calibrated with');
  });

  test('twice equals once', async () => {
    const world = await readyWorld();
    const first = await applyThresholds(inputFor(world));
    const after = world.contents();
    expect(await applyThresholds(inputFor(world))).toMatchObject({ ...first, summary: expect.any(Array) });
    expect(world.contents()).toEqual(after);
  });

  test('is logged', async () => {
    const world = await readyWorld();
    await applyThresholds(inputFor(world));
    expect(read(runPaths.runLog(world.runDir))).toMatch(/^\S+Z full: 3 literals in 1 file changed$/m);
  });

  test('with everything kept edits nothing and adds no section', async () => {
    const world = await readyWorld();
    expect(await applyThresholds(inputFor(world, { mode: 'smart', decide: KEEP_ALL }))).toEqual({
      kind: 'applied',
      edits: 0,
      summary: ['smart: every threshold stays as it is, no file edited'],
    });
    expect(world.read(TEST_FILE)).toBe(TEST_SOURCE);
    expect(reportSection(world)).toBe('');
  });

  test('in mode report touches no file', async () => {
    const world = await readyWorld();
    const report = read(runPaths.report(world.runDir));
    expect(await applyThresholds(inputFor(world, { mode: 'report' }))).toEqual({
      kind: 'applied',
      edits: 0,
      summary: ['report only: no file edited'],
    });
    expect(await readApplied(world.runDir)).toBeNull();
    expect(read(runPaths.report(world.runDir))).toBe(report);
  });

  test('in mode report refuses decisions, which it would not carry out', async () => {
    const world = await readyWorld();
    const decide = { 'nova_accuracy.accuracy': 'apply' };
    expect(await applyThresholds(inputFor(world, { mode: 'report', decide }))).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('nova_accuracy.accuracy'),
    });
  });

  test('refuses what no retry cures, instead of failing', async () => {
    const world = await readyWorld();
    rmSync(world.catalog, { recursive: true });
    expect(await applyThresholds(inputFor(world))).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/is not a catalog$/),
    });
    expect(world.read(TEST_FILE)).toBe(TEST_SOURCE);
  });

  test('is what a worker runs', async () => {
    const world = await readyWorld();
    const activities = createActivities({
      hostname: 'h',
      gpus: [],
      lanes: 1,
      isSessionOpen: async () => true,
    });
    expect(await activities.applyThresholds(inputFor(world))).toMatchObject({ kind: 'applied', edits: 3 });
  });
});

describe('the check after an apply', () => {
  async function checkLines(world: ApplyWorld): Promise<string[]> {
    const outcome = await applyThresholds(inputFor(world));
    if (outcome.kind === 'refused') {
      throw new Error(outcome.reason);
    }
    return outcome.summary.slice(outcome.summary.findIndex((line) => line.startsWith('check: ')));
  }

  test('tells a source that discovery finds no more', async () => {
    const world = await readyWorld();
    world.changeConfig((yaml) => `${yaml}    fixed_constants: [MAX_SAMPLES]\n`.replace('_ci\n', '_other\n'));
    expect(await checkLines(world)).toEqual([
      'check: NOT passed',
      expect.stringContaining('discovery ran again'),
      'stage nova_accuracy is not discovered any more',
      'stage nova_speed is not discovered any more',
      'a fresh plan says equal for all 3 changed thresholds',
    ]);
  });

  test('tells a catalog with which discovery finds nothing', async () => {
    const world = await readyWorld();
    world.changeConfig((yaml) => yaml.replace('tests/ci/test_nova_ci.py', 'tests/none/*.py'));
    expect(await checkLines(world)).toEqual([
      'check: NOT passed',
      expect.stringMatching(/^discovery could not run again: .*matches no file/),
      'a fresh plan says equal for all 3 changed thresholds',
    ]);
  });

  test('tells a literal that somebody changed meanwhile', async () => {
    const world = await readyWorld();
    await applyThresholds(inputFor(world));
    const document = await readApplied(world.runDir);
    if (document === null) {
      throw new Error('nothing was applied');
    }
    writeFileSync(join(world.root, TEST_FILE), world.read(TEST_FILE).replace('0.56', '0.55'));
    const { check } = await checkApplied({ runDir: world.runDir, document, now: new Date() });
    expect(check).toMatchObject({
      ok: false,
      lines: expect.arrayContaining(['nova_accuracy.accuracy should read 0.56, but reads 0.55']),
    });
  });

  test('of a catalog without a stages.yaml discovers, and leaves the catalog without it', async () => {
    const world = await readyWorld();
    const file = join(world.catalog, 'models/nova-v1/stages.yaml');
    rmSync(file);
    await applyThresholds(inputFor(world));
    expect((await readApplied(world.runDir))?.check).toMatchObject({
      ok: true,
      lines: expect.arrayContaining(['discovery ran again on the files as they are now']),
    });
    expect(existsSync(file)).toBe(false);
  });

  test('after an undo finds the old literals, and the report says so', async () => {
    const world = await readyWorld();
    const stages = world.catalogStages();
    await applyThresholds(inputFor(world));
    const undone = await undoApply({ runDir: world.runDir, now: new Date('2026-04-25T00:00:00Z') });
    if (undone.kind === 'refused') {
      throw new Error(undone.reason);
    }
    const now = new Date('2026-04-25T00:00:01Z');
    const { undone: record } = await checkApplied({ runDir: world.runDir, document: undone.document, now });
    expect(record?.check).toMatchObject({ ok: true });
    expect(record?.check?.lines.at(-1)).toBe(
      'a fresh plan says the old literal for all 3 changed thresholds',
    );
    await writeReport(world.runDir);
    expect(reportSection(world)).toContain('> **Undone** at 2026-04-25T00:00:00Z');
    expect(world.catalogStages()).toBe(stages);
  });

  test('after an undo of an apply that rewrote the catalog puts its stages.yaml back', async () => {
    const world = await readyWorld();
    await applyThresholds(inputFor(world));
    const file = join(world.catalog, 'models/nova-v1/stages.yaml');
    const before = world.catalogStages();
    const after = `${before}# hashes of the applied files\n`;
    for (const [side, text] of Object.entries({ before, after })) {
      const folder = join(runPaths.applyFolder(world.runDir), side);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'stages.yaml'), text);
    }
    writeFileSync(file, after);
    const undone = await undoApply({ runDir: world.runDir, now: new Date() });
    if (undone.kind === 'refused') {
      throw new Error(undone.reason);
    }
    const check = { ok: true, at: '2026-04-25T00:00:00Z', stages_yaml: file, lines: [] };
    await checkApplied({ runDir: world.runDir, document: { ...undone.document, check }, now: new Date() });
    expect(world.catalogStages()).toBe(before);
  });
});
