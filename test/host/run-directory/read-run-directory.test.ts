import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { auditStrict } from '../../../src/domain/audit/strict-audit.ts';
import { CalibError } from '../../../src/domain/calib-error.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { readRunDirectory } from '../../../src/host/run-directory/stages-copy.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeText } from '../../fixtures/write-text.ts';
import { NAMESPACE, runWorld, writeRepeat } from './run-directory-fixture.ts';

async function symbols(runDir: string): Promise<Record<string, string>> {
  const audit = auditStrict(await readRunDirectory(runDir));
  return Object.fromEntries(audit.stages.map((stage) => [stage.stage_key, stage.cells.join('')]));
}

describe('reading a run directory', () => {
  test('a finished session is read whole, its records committed', async () => {
    const { runDir, sha } = runWorld();
    const snapshot = await readRunDirectory(runDir);
    expect(snapshot.plan.calibration_git_sha).toBe(sha);
    expect(snapshot.stages.map((stage) => stage.key)).toEqual(['nova_accuracy', 'nova_speed']);
    expect(snapshot.cells['nova_speed']?.[2]).toMatchObject({
      kind: 'recorded',
      integrity: 'committed',
      observation: { metrics: { throughput_qps: 4.41, latency_mean_s: 2.1 } },
    });
  });

  test('a directory of the original tool is read with the stages.yaml that its plan names', async () => {
    const { runDir } = runWorld({ legacy: true });
    const snapshot = await readRunDirectory(runDir);
    expect(snapshot.cells['nova_accuracy']?.[0]).toMatchObject({ kind: 'recorded', integrity: 'legacy' });
    expect(auditStrict(snapshot)).toMatchObject({ strict_complete: true, git_provenance: { ok: true } });
  });

  test('the session’s own stages.yaml outranks the catalog’s', async () => {
    const { runDir } = runWorld({ plan: { stages_yaml: '/nowhere/stages.yaml' } });
    expect((await readRunDirectory(runDir)).stages).toHaveLength(2);
  });

  test('a missing file is a missing cell', async () => {
    const { runDir } = runWorld();
    rmSync(runPaths.observation(runDir, 'nova_speed', 2));
    expect(await symbols(runDir)).toEqual({ nova_accuracy: '✓✗✓', nova_speed: '✓—✓' });
  });

  test('a half-written file is a corrupt cell, not an error', async () => {
    const { runDir } = runWorld();
    truncateSync(runPaths.observation(runDir, 'nova_speed', 1), 40);
    expect(await symbols(runDir)).toEqual({ nova_accuracy: '✗✓✓', nova_speed: '✗✓✓' });
  });

  test('a folder in a record’s place is a corrupt cell', async () => {
    const { runDir } = runWorld();
    rmSync(runPaths.observation(runDir, 'nova_speed', 1));
    writeText(join(runPaths.observation(runDir, 'nova_speed', 1), 'x'), '');
    expect((await symbols(runDir))['nova_speed']).toBe('✗✓✓');
  });

  test('a record of another shape is corrupt and says which key is wrong', async () => {
    const { runDir } = runWorld();
    writeFileSync(runPaths.observation(runDir, 'nova_speed', 1), '{"status":"ok","metrics":{"a":"x"}}');
    const [cell] = (await readRunDirectory(runDir)).cells['nova_speed'] ?? [];
    expect(cell).toEqual({ kind: 'corrupt', error: 'metrics.a: not a number' });
  });

  test('a NaN that Python wrote is read, named, and no matter of provenance', async () => {
    const { runDir } = runWorld({ legacy: true });
    const text =
      '{"status":"ok","metrics":{"accuracy":NaN},"sample_counts":{"total":5,"ok":5},"git_sha":"SHA"}';
    const snapshot = await readRunDirectory(runDir);
    writeFileSync(
      runPaths.observation(runDir, 'nova_accuracy', 1),
      text.replace('SHA', snapshot.plan.calibration_git_sha ?? ''),
    );
    const audit = auditStrict(await readRunDirectory(runDir));
    expect(audit.stages[0]?.reasons[0]).toBe('metrics not finite: accuracy');
    expect(audit.git_provenance.ok).toBe(true);
  });

  test('without its commit marker a record counts as not run', async () => {
    const { runDir } = runWorld();
    rmSync(runPaths.commitMarker(runDir, NAMESPACE, 3));
    expect(await symbols(runDir)).toEqual({ nova_accuracy: '✓✓—', nova_speed: '✓✓—' });
  });

  test('a record that was edited after its commit is ✗ and breaks provenance', async () => {
    const { runDir } = runWorld();
    const path = runPaths.observation(runDir, 'nova_accuracy', 2);
    writeFileSync(
      path,
      '{"status":"ok","namespace":"test_nova_ci","metrics":{"accuracy":1},"sample_counts":{"total":5,"ok":5}}',
    );
    expect((await symbols(runDir))['nova_accuracy']).toBe('✓✗✓');
    expect(auditStrict(await readRunDirectory(runDir)).git_provenance.ok).toBe(false);
  });

  test('a record in the original tool’s form does not slip into a directory of calib’s', async () => {
    const { runDir, sha } = runWorld();
    const forged = `{"status":"ok","metrics":{"accuracy":1},"sample_counts":{"total":5,"ok":5},"git_sha":"${sha}"}`;
    writeFileSync(runPaths.observation(runDir, 'nova_accuracy', 2), forged);
    rmSync(runPaths.commitMarker(runDir, NAMESPACE, 3));
    writeFileSync(runPaths.observation(runDir, 'nova_accuracy', 3), forged);
    expect((await symbols(runDir))['nova_accuracy']).toBe('✓✗—');
    expect(auditStrict(await readRunDirectory(runDir)).git_provenance.ok).toBe(false);
  });

  test('a repeat that is recorded again is committed again', async () => {
    const world = runWorld();
    writeRepeat(world, 2, { nova_speed: { sample_counts: { total: 5, ok: 3 } } });
    expect(await symbols(world.runDir)).toEqual({ nova_accuracy: '✓✗✓', nova_speed: '✓△✓' });
  });
});

describe('what cannot be read is one clear error', () => {
  test('no plan', async () => {
    const folder = temporaryFolder();
    await expect(readRunDirectory(folder)).rejects.toMatchObject({
      code: 'not-ready',
      message: `no plan.json in ${folder}`,
    });
  });

  test.each([
    ['{"model": "x"', /^corrupt .*plan\.json: not JSON/],
    ['{"model": "x", "stages": [], "repeats": 0}', /^corrupt .*plan\.json: repeats: /],
    ['[]', /^corrupt .*plan\.json: document: /],
  ])('a corrupt plan %s names file and key', async (text, message) => {
    const { runDir } = runWorld();
    writeFileSync(runPaths.plan(runDir), text);
    const error = await readRunDirectory(runDir).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CalibError);
    expect(error).toMatchObject({ code: 'invalid-input', message: expect.stringMatching(message) as string });
  });

  test('a planned stage that stages.yaml does not have', async () => {
    const { runDir } = runWorld({ plan: { stages: ['nova_accuracy', 'gone'] } });
    await expect(readRunDirectory(runDir)).rejects.toThrow(
      /stage gone of .*plan\.json is not in .*stages\.yaml/,
    );
  });

  test('stage definitions that were edited after the session took them over', async () => {
    const { runDir } = runWorld({ plan: { stages_yaml_sha256: 'a'.repeat(64) } });
    await expect(readRunDirectory(runDir)).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringMatching(/stages\.yaml is not the file that plan\.json records/) as string,
    });
  });

  test('no stages.yaml at all', async () => {
    const { runDir } = runWorld({ plan: { stages_yaml: '/nowhere/stages.yaml' } });
    rmSync(runPaths.stagesYaml(runDir));
    await expect(readRunDirectory(runDir)).rejects.toThrow(
      /no stage definitions: none of .*\/nowhere\/stages\.yaml/,
    );
  });
});
