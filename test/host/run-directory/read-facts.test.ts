import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { isRefusal } from '../../../src/domain/apply/apply-plan-document.ts';
import { readApplyPlan, readCurrentLiterals } from '../../../src/host/run-directory/literals.ts';
import { readActiveRuns } from '../../../src/host/run-directory/logs/launches.ts';
import {
  readCommitRange,
  readRepoRoot,
  readReportFacts,
} from '../../../src/host/run-directory/report/report-facts.ts';
import { logEvidenceDocument, readLogEvidence } from '../../../src/host/run-directory/logs/log-evidence.ts';
import { readPlan } from '../../../src/host/run-directory/plan-file.ts';
import { readRunDirectory } from '../../../src/host/run-directory/stages-copy.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { readBootId, readProcessIdentity } from '../../../src/host/process/identity.ts';
import { writeLaunchLane } from '../../../src/host/process/launch-files.ts';
import { writeJson, writeText } from '../../fixtures/write-text.ts';
import { NAMESPACE, runWorld, stages, TEST_FILE, TEST_SOURCE } from './run-directory-fixture.ts';

const now = '2026-04-23T06:00:00Z';

describe('facts of a report', () => {
  test('bindings are those of the session commit, not of the work tree', async () => {
    const { runDir, root, write } = runWorld();
    write(TEST_FILE, TEST_SOURCE.replace('MAX_SAMPLES = 5', 'MAX_SAMPLES = 7'));
    const snapshot = await readRunDirectory(runDir);
    const { facts, warnings } = await readReportFacts({ snapshot, repoRoot: root, now });
    expect(warnings).toEqual([]);
    expect(facts.bindings[TEST_FILE]?.map(({ keyword, literal }) => [keyword, literal])).toEqual([
      ['max_samples', '5'],
      ['max_tokens', '32'],
      ['max_concurrency', '8'],
    ]);
  });

  test('precheck and current literals are collected', async () => {
    const { runDir, root } = runWorld();
    const snapshot = await readRunDirectory(runDir);
    const { facts } = await readReportFacts({ snapshot, repoRoot: root, now });
    expect(facts.precheck).toMatchObject({
      sglang: '0.5.8',
      gpu_summary: '2× NVIDIA H20',
      driver: '570.124.06',
    });
    expect(facts.thresholds.map(({ metric_key: key, value }) => [key, value])).toEqual([
      ['accuracy', 0.5],
      ['throughput_qps', 4.2],
      ['latency_mean_s', 2.5],
    ]);
  });

  test('without a checkout the test file is unknown and a warning says so', async () => {
    const { runDir } = runWorld();
    const snapshot = await readRunDirectory(runDir);
    const { facts, warnings } = await readReportFacts({ snapshot, repoRoot: null, now });
    expect(facts.bindings[TEST_FILE]).toBeNull();
    expect(warnings).toEqual([`${TEST_FILE} cannot be read at the session commit: no checkout is known`]);
  });

  test('a commit that the checkout does not have is a warning', async () => {
    const { runDir, root } = runWorld({ plan: { calibration_git_sha: 'f'.repeat(40) } });
    const snapshot = await readRunDirectory(runDir);
    const { warnings } = await readReportFacts({ snapshot, repoRoot: root, now });
    expect(warnings[0]).toMatch(/cannot be read at f{40}/);
  });

  test('a missing or damaged precheck.json is no obstacle', async () => {
    const { runDir, root } = runWorld();
    writeFileSync(runPaths.precheck(runDir), '{');
    const snapshot = await readRunDirectory(runDir);
    const { facts } = await readReportFacts({ snapshot, repoRoot: root, now });
    expect(facts.precheck).toBeNull();
  });
});

describe('literals as they stand', () => {
  test('a dictionary’s entry is found under the test’s concurrency', async () => {
    const { root } = runWorld();
    const { literals, concurrency } = await readCurrentLiterals({ repoRoot: root, stages });
    expect(literals['nova_speed.throughput_qps']).toMatchObject({
      kind: 'found',
      text: '4.2',
      line: 7,
      column: 27,
      concurrencyUsed: 8,
    });
    expect(concurrency).toEqual({ nova_accuracy: 8, nova_speed: 8 });
  });

  test('an absent file is an unknown literal with the reason', async () => {
    const { root } = runWorld();
    rmSync(join(root, TEST_FILE));
    const { literals, files } = await readCurrentLiterals({ repoRoot: root, stages });
    expect(literals['nova_accuracy.accuracy']).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining(`cannot read ${TEST_FILE}`) as string,
    });
    expect(files[0]?.sha256).toBeNull();
  });
});

describe('the apply plan of a directory', () => {
  test('reads literals of the checkout and writes nothing', async () => {
    const { runDir, root, git } = runWorld();
    const document = await readApplyPlan({ snapshot: await readRunDirectory(runDir), repoRoot: root });
    expect(isRefusal(document)).toBe(false);
    const metrics = isRefusal(document) ? [] : document.stages.flatMap((stage) => stage.metrics);
    expect(
      metrics.map(({ metric_key: key, current_text: old, write_text: next, direction }) => [
        key,
        old,
        next,
        direction,
      ]),
    ).toEqual([
      ['accuracy', '0.50', '0.56', 'tightens'],
      ['throughput_qps', '4.2', '4.3849', 'tightens'],
      ['latency_mean_s', '2.5', '2.1814', 'tightens'],
    ]);
    expect(git('status', '--porcelain')).toBe('');
  });

  test('is refused after HEAD has moved', async () => {
    const { runDir, root, git } = runWorld();
    git('commit', '-q', '--allow-empty', '-m', 'second');
    const document = await readApplyPlan({ snapshot: await readRunDirectory(runDir), repoRoot: root });
    expect(document).toMatchObject({ error: 'head_moved' });
  });
});

describe('the checkout of a directory', () => {
  test('is what the operator says', async () => {
    const { runDir } = runWorld();
    const plan = await readPlan(runDir);
    expect(await readRepoRoot({ runDir, plan, given: '/elsewhere' })).toBe('/elsewhere');
  });

  test('is the planned one', async () => {
    const { runDir, root } = runWorld();
    const plan = await readPlan(runDir);
    expect(await readRepoRoot({ runDir: '/nowhere', plan, given: undefined })).toBe(root);
  });

  test('is the work tree around a directory of the original tool', async () => {
    const { runDir, root } = runWorld({ legacy: true });
    const plan = await readPlan(runDir);
    expect(await readRepoRoot({ runDir, plan, given: undefined })).toBe(root);
  });

  test('is unknown when nothing points to one', async () => {
    const { runDir } = runWorld({ legacy: true, plan: { stages_yaml: '/nowhere/stages.yaml' } });
    const plan = await readPlan(runDir);
    expect(await readRepoRoot({ runDir: '/', plan, given: undefined })).toBeNull();
  });
});

test('a range of commits is told by git, and null for what is no commit', async () => {
  const { root, sha, git, write } = runWorld();
  write('engine.py', 'x = 1\n');
  git('add', '-A');
  git('commit', '-q', '-m', 'Cache the encoder');
  const after = git('rev-parse', 'HEAD');
  const range = await readCommitRange({ repoRoot: root, before: sha, after });
  expect(range.log).toMatch(/^[0-9a-f]+ Cache the encoder$/);
  expect(range.stat).toContain('engine.py');
  const option = join(root, 'written-by-git');
  expect(await readCommitRange({ repoRoot: root, before: `--output=${option}`, after })).toEqual({
    log: null,
    stat: null,
    absent: [],
  });
  expect(existsSync(option)).toBe(false);
});

test('a commit of another clone is named as absent', async () => {
  const { root, sha } = runWorld();
  const foreign = 'e'.repeat(40);
  expect(await readCommitRange({ repoRoot: root, before: foreign, after: sha })).toEqual({
    log: null,
    stat: null,
    absent: [foreign],
  });
});

test('evidence is counted per log and the poorest log decides', async () => {
  const { runDir } = runWorld();
  for (const [repeat, lines] of [
    [1, 3],
    [2, 1],
    [3, 2],
  ] as const) {
    writeText(
      runPaths.log(runDir, NAMESPACE, repeat),
      'Decode batch, cuda graph: True\nother\n'.repeat(lines),
    );
  }
  const patterns = [{ name: 'CUDA graphs', pattern: '(?i)CUDA graph: true', min_count: 2 }];
  expect(await readLogEvidence({ snapshot: await readRunDirectory(runDir), patterns })).toEqual([
    {
      name: 'CUDA graphs',
      fewest: 1,
      min_count: 2,
      logs: 3,
      lacking: [{ namespace: NAMESPACE, repeat: 2, count: 1 }],
    },
  ]);
});

test('the logs of an original directory are found by their observations', async () => {
  const { runDir } = runWorld({ legacy: true });
  writeText(runPaths.log(runDir, NAMESPACE, 1), 'cuda graph: True\n');
  const patterns = [{ name: 'CUDA graphs', pattern: 'cuda graph: True', min_count: 1 }];
  const [evidence] = await readLogEvidence({ snapshot: await readRunDirectory(runDir), patterns });
  expect(evidence).toMatchObject({
    logs: 1,
    fewest: 1,
    lacking: [{ repeat: 2, count: null }, { repeat: 3 }],
  });
});

test('what the host that has the log has counted stands in for the log, if it is whole', async () => {
  const { runDir } = runWorld();
  const patterns = [{ name: 'CUDA graphs', pattern: 'cuda graph: True', min_count: 2 }];
  writeText(runPaths.log(runDir, NAMESPACE, 1), 'cuda graph: True\n'.repeat(3));
  writeText(runPaths.evidence(runDir, NAMESPACE, 2), logEvidenceDocument(patterns, [2]));
  writeText(runPaths.evidence(runDir, NAMESPACE, 3), '{"schema": "calib.log-evidence/1"');
  const [evidence] = await readLogEvidence({ snapshot: await readRunDirectory(runDir), patterns });
  expect(evidence).toMatchObject({ logs: 2, fewest: 2, lacking: [{ repeat: 3, count: null }] });
});

test('the patterns of the plan are in the facts of its report', async () => {
  const evidence = [{ name: 'CUDA graphs', pattern: 'graph', min_count: 1 }];
  const { runDir, root } = runWorld({ plan: { evidence } });
  const { facts } = await readReportFacts({ snapshot: await readRunDirectory(runDir), repoRoot: root, now });
  expect(facts.evidence).toMatchObject([{ name: 'CUDA graphs', logs: 0 }]);
});

describe('running processes of a directory', () => {
  const identityOf = (child: { pid: number; start_ticks: number }) => ({
    schema: 'calib.launch/1',
    token: 't',
    boot_id: readBootId(),
    supervisor: child,
    child,
    started_at: '2026-04-23T05:59:00Z',
    command: ['python', '-m', 'pytest'],
  });

  test('a launch whose process lives is active, with its log', async () => {
    const { runDir } = runWorld();
    const self = readProcessIdentity(process.pid);
    const folder = runPaths.launch(runDir, NAMESPACE, 2, 1);
    writeJson(
      join(folder, 'identity.json'),
      identityOf({ pid: process.pid, start_ticks: self?.start_ticks ?? 0 }),
    );
    writeText(runPaths.attemptLog(runDir, NAMESPACE, 2, 1), 'collecting\n');
    const [active] = await readActiveRuns(runDir, Date.now());
    expect(active).toMatchObject({ namespace: NAMESPACE, k: 2, attempt: 1, log_bytes: 11, gpus: null });
  });

  test.each([
    ['loading weights\n', true],
    ['INFO: Uvicorn running on http://127.0.0.1\n', false],
  ])('a launch on GPUs for long whose log says %j starts slowly: %s', async (log, slow) => {
    const { runDir } = runWorld();
    const self = readProcessIdentity(process.pid);
    const folder = runPaths.launch(runDir, NAMESPACE, 2, 1);
    writeJson(
      join(folder, 'identity.json'),
      identityOf({ pid: process.pid, start_ticks: self?.start_ticks ?? 0 }),
    );
    writeLaunchLane(folder, {
      lane: 'h/gpu0',
      gpus: [0],
      gpu_uuids: [],
      gate_s: 0,
      launched_at: '2026-04-23T05:59:00Z',
      notes: [],
    });
    writeText(runPaths.attemptLog(runDir, NAMESPACE, 2, 1), log);
    const [active] = await readActiveRuns(runDir, Date.parse('2026-04-23T06:01:00Z'));
    expect(active?.starting_since).toBe(slow ? '2026-04-23T05:59:00Z' : undefined);
  });

  test('a launch whose process is gone, or whose id a stranger has now, is not', async () => {
    const { runDir } = runWorld();
    const folder = runPaths.launch(runDir, NAMESPACE, 2, 1);
    writeJson(join(folder, 'identity.json'), identityOf({ pid: process.pid, start_ticks: 1 }));
    expect(await readActiveRuns(runDir, Date.now())).toEqual([]);
  });
});
