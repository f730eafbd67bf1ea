import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeEach, describe, expect, test } from 'vitest';

import { openSession } from '../../src/activities/open-session.ts';
import { stagesOfPlan } from '../../src/host/discovery/stages-of-plan.ts';
import { syncSession } from '../../src/activities/sync-session.ts';
import type { StageDefinition, StageMetric } from '../../src/domain/stages/stage.ts';
import { renderStagesYaml } from '../../src/domain/stages/stages-yaml.ts';
import { listDiscarded } from '../../src/host/run-directory/discard-repeat.ts';
import { runPaths } from '../../src/host/run-directory/paths.ts';
import { readPlan } from '../../src/host/run-directory/plan-file.ts';
import { readRunDirectory } from '../../src/host/run-directory/stages-copy.ts';
import { writeText } from '../fixtures/write-text.ts';
import { NAMESPACE, sha256 } from '../host/run-directory/run-directory-fixture.ts';
import {
  type DirectoryWorld,
  commitNova,
  contentsBelow,
  directoryWorld,
  sessionPlan,
  stages,
} from './directory-world.ts';

let world: DirectoryWorld;

beforeEach(async () => {
  world = directoryWorld();
  await openSession(await sessionPlan(world));
});

/** Writes the catalog's `stages.yaml` with one stage changed. */
function correct(key: string, change: (stage: StageDefinition) => Partial<StageDefinition>): string {
  const text = renderStagesYaml(
    stages.map((stage) => (stage.key === key ? { ...stage, ...change(stage) } : stage)),
  );
  writeText(world.stagesYaml, text);
  return text;
}

const withMetric =
  (metric: string, change: Partial<StageMetric>) =>
  ({ metrics }: StageDefinition): Partial<StageDefinition> => {
    const present = metrics[metric];
    if (present === undefined) throw new Error(`no metric ${metric}`);
    return { metrics: { ...metrics, [metric]: { ...present, ...change } } };
  };

const correctPath = (): string =>
  correct('nova_speed', withMetric('throughput_qps', { json_path: 'speed.qps' }));

async function symbolsOf(stage: string): Promise<string> {
  const { cells } = await syncSession(world.runDir);
  return (cells[stage] ?? []).map(({ symbol }) => symbol).join('');
}

test('finds nothing to say about a session whose catalog did not change', async () => {
  await commitNova(world, 1);
  const before = contentsBelow(world.runDir);

  const { notes, cells, provenance } = await syncSession(world.runDir);

  expect(notes).toEqual([]);
  expect(cells['nova_speed']?.map(({ symbol }) => symbol)).toEqual(['✓', '—', '—']);
  expect(provenance.mismatches).toEqual([]);
  expect(contentsBelow(world.runDir)).toEqual(before);
});

describe('a corrected stages.yaml', () => {
  test('is taken over; the earlier one is kept and the change recorded', async () => {
    const first = readFileSync(world.stagesYaml, 'utf8');
    const second = correctPath();

    const { notes } = await syncSession(world.runDir);

    const change =
      'nova_speed.throughput_qps is read from test_nova0/nova_results.json::speed.qps instead of ' +
      'test_nova0/nova_results.json::summary.throughput_qps';
    expect(notes).toEqual([
      'stages.yaml was corrected in the catalog and is used from now on (the earlier one is stages.yaml.1)',
      change,
    ]);
    expect(readFileSync(runPaths.stagesYaml(world.runDir), 'utf8')).toBe(second);
    expect(readFileSync(`${runPaths.stagesYaml(world.runDir)}.1`, 'utf8')).toBe(first);
    expect(await readPlan(world.runDir)).toMatchObject({
      stages_yaml_sha256: sha256(second),
      stages_yaml_history: [{ kept: 'stages.yaml.1', changes: [change] }],
    });
    expect(readFileSync(runPaths.runLog(world.runDir), 'utf8')).toContain(change);
    expect((await readRunDirectory(world.runDir)).stages[1]?.metrics['throughput_qps']?.json_path).toBe(
      'speed.qps',
    );
  });

  test('is taken over once', async () => {
    correctPath();
    await syncSession(world.runDir);
    const first = contentsBelow(world.runDir);

    expect((await syncSession(world.runDir)).notes).toEqual([]);
    expect(contentsBelow(world.runDir)).toEqual(first);
  });

  test('is put in place by the next call when a crash came right before that', async () => {
    const first = readFileSync(world.stagesYaml, 'utf8');
    const second = correctPath();
    await syncSession(world.runDir);
    writeFileSync(runPaths.stagesYaml(world.runDir), first);

    await syncSession(world.runDir);

    expect(readFileSync(runPaths.stagesYaml(world.runDir), 'utf8')).toBe(second);
    expect(Object.keys(contentsBelow(world.runDir)).filter((name) => name.startsWith('stages'))).toEqual([
      'stages.yaml',
      'stages.yaml.1',
    ]);
  });

  test('leaves repeats whose artifacts say the same under it', async () => {
    await commitNova(world, 1);
    correct('nova_speed', withMetric('throughput_qps', { json_file: './test_nova0/nova_results.json' }));

    expect(await symbolsOf('nova_speed')).toBe('✓——');
    expect(await listDiscarded(world.runDir)).toEqual([]);
  });

  test.each([
    ['other numbers', { json_path: 'summary.latency_mean_s' }, false],
    ['nothing any more', { json_file: './test_nova0/nova_results.json' }, true],
  ])('sets repeats aside whose artifacts say %s: one session, one source', async (_what, change, removed) => {
    await commitNova(world, 1);
    if (removed) rmSync(runPaths.baseTemp(world.runDir, NAMESPACE, 1), { recursive: true });
    correct('nova_speed', withMetric('throughput_qps', change));

    const { notes, cells } = await syncSession(world.runDir);

    expect(cells['nova_accuracy']?.[0]?.symbol).toBe('—');
    expect(notes.at(-1)).toBe(
      `discarded: ${NAMESPACE} repeat 1: nova_speed: the corrected stages.yaml reads other values than were recorded`,
    );
    expect(await listDiscarded(world.runDir)).toMatchObject([{ namespace: NAMESPACE, repeat: 1 }]);
  });

  test('sets repeats aside whose artifacts are on another host of the pool, and says so', async () => {
    await commitNova(world, 1, { host: 'h20-2' });
    rmSync(runPaths.baseTemp(world.runDir, NAMESPACE, 1), { recursive: true });
    correct('nova_speed', withMetric('throughput_qps', { json_file: './test_nova0/nova_results.json' }));

    expect((await syncSession(world.runDir)).notes.at(-1)).toBe(
      `discarded: ${NAMESPACE} repeat 1: nova_speed: its results are on host h20-2, so the corrected stages.yaml cannot read them here`,
    );
  });

  test('sets repeats of another scope aside, and tells the session the new one', async () => {
    await commitNova(world, 1);
    correct('nova_accuracy', () => ({ expected_samples: 20 }));

    const { notes, expected_samples } = await syncSession(world.runDir);

    expect(notes.slice(1)).toEqual([
      'nova_accuracy: expected_samples is 20 instead of 5',
      `discarded: ${NAMESPACE} repeat 1: under the corrected stages.yaml: nova_accuracy: sample scope mismatch (total 5 != expected 20)`,
    ]);
    expect(expected_samples).toEqual({ nova_accuracy: 20, nova_speed: null, chart_accuracy: null });
  });

  test('leaves the repeat that halted to be read again', async () => {
    await commitNova(world, 1, { metrics: { accuracy: 0.5, throughput_qps: null, latency_mean_s: 2 } });
    correctPath();

    expect(await symbolsOf('nova_speed')).toBe('✗——');
    expect(await listDiscarded(world.runDir)).toEqual([]);
  });

  test('may say more about stages that are not planned, and other words', async () => {
    writeText(
      world.stagesYaml,
      renderStagesYaml([
        ...stages.map((stage) => ({ ...stage, title: `${stage.title}!`, last_discovered_at: 'later' })),
        ...stages.map((stage) => ({ ...stage, key: `${stage.key}_more` })),
      ]),
    );

    expect((await syncSession(world.runDir)).notes).toEqual([
      expect.stringContaining('stages.yaml was corrected') as string,
      'no planned stage changed',
    ]);
  });

  test('may lie in the checkout: correcting it moves no tree', async () => {
    const catalog = join(world.root, 'calibration');
    const inside = join(catalog, 'models', 'nova-v1', 'stages.yaml');
    const runDir = join(world.root, '.tune-runs', '20260424T050000Z_inside');
    writeText(inside, readFileSync(world.stagesYaml, 'utf8'));
    world.git('add', '-A');
    world.git('commit', '-q', '-m', 'catalog');
    const overrides = { run_dir: runDir, session_id: '20260424T050000Z_inside', catalog_dir: catalog };
    await openSession(await sessionPlan(world, overrides));
    writeText(inside, correctPath());

    expect((await syncSession(runDir)).notes).toHaveLength(2);
  });
});

describe('a sync that is refused changes nothing', () => {
  async function refusal(): Promise<{ message: string; remedy: string }> {
    const before = contentsBelow(world.runDir);
    const error: unknown = await syncSession(world.runDir).catch((caught: unknown) => caught);
    expect(contentsBelow(world.runDir)).toEqual(before);
    return error as { message: string; remedy: string };
  }

  test.each<[string, string, (stage: StageDefinition) => Partial<StageDefinition>, RegExp]>([
    ['a stage less', 'nova_speed', () => ({ key: 'renamed' }), /: nova_speed is missing$/],
    [
      'another test',
      'nova_speed',
      () => ({ test: 'tests/b.py' }),
      /nova_speed: test was .*, is tests\/b\.py$/,
    ],
    ['another environment', 'nova_speed', () => ({ extra_env: { A: '1' } }), /nova_speed: extra_env was/],
    ['other GPUs', 'nova_speed', () => ({ gpus: 4 }), /nova_speed: gpus was absent, is 4$/],
    [
      'a test file that changed',
      'nova_speed',
      () => ({ test_file_sha256: 'b'.repeat(64) }),
      /nova_speed: test_file_sha256 was/,
    ],
    [
      'another metric',
      'nova_accuracy',
      ({ metrics }) => ({ metrics: { f1: metrics['accuracy'] as StageMetric } }),
      /nova_accuracy: its metrics were accuracy, are f1$/,
    ],
    [
      'another literal',
      'nova_accuracy',
      withMetric('accuracy', { source: 'OTHER_MIN' }),
      /nova_accuracy\.accuracy: source was NOVA_MIN_ACCURACY, is OTHER_MIN$/,
    ],
    [
      'another direction',
      'nova_accuracy',
      withMetric('accuracy', { worst: 'max' }),
      /nova_accuracy\.accuracy: worst was min, is max$/,
    ],
    [
      'a metric that can never be read',
      'nova_accuracy',
      withMetric('accuracy', { status: 'NEEDS_CONFIG', json_path: null }),
      /stages\.yaml: nova_accuracy\.accuracy: NEEDS_CONFIG/,
    ],
  ])('%s', async (_what, key, change, message) => {
    correct(key, change);

    expect(await refusal()).toMatchObject({
      code: 'refused',
      message: expect.stringMatching(message) as string,
    });
  });

  test('a stages.yaml that is not valid is named', async () => {
    writeText(world.stagesYaml, 'nova_accuracy: [');

    expect((await refusal()).message).toContain(world.stagesYaml);
  });

  test('a copy that somebody edited beside a corrected catalog', async () => {
    correctPath();
    writeFileSync(runPaths.stagesYaml(world.runDir), renderStagesYaml(stages.slice(0, 2)));

    expect((await refusal()).message).toMatch(/is not the file that plan\.json records: it was edited$/);
  });

  test('a corrected test file: that is another work tree, which a fresh session measures', async () => {
    world.write('tests/ci/test_nova_ci.py', 'A = 2\n');

    expect(await refusal()).toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/it differs from the commit in tests\/ci\/test_nova_ci\.py$/) as string,
      remedy: expect.stringContaining('a corrected test file is measured by a fresh session') as string,
    });
  });

  test('another commit', async () => {
    world.git('commit', '-q', '--allow-empty', '-m', 'second');

    expect((await refusal()).message).toMatch(/^HEAD moved: the session observes/);
  });

  test('a directory that is gone', async () => {
    rmSync(world.runDir, { recursive: true });

    expect(await refusal()).toMatchObject({
      code: 'refused',
      message: `run directory ${world.runDir} is gone`,
    });
  });
});

test('puts an edited copy back as the plan records it where the catalog has that', async () => {
  const recorded = readFileSync(world.stagesYaml, 'utf8');
  writeFileSync(runPaths.stagesYaml(world.runDir), 'edited: {}');

  const { notes } = await syncSession(world.runDir);

  expect(notes).toEqual(["the session's stages.yaml was put back as plan.json records it"]);
  expect(readFileSync(runPaths.stagesYaml(world.runDir), 'utf8')).toBe(recorded);
  expect(readFileSync(`${runPaths.stagesYaml(world.runDir)}.1`, 'utf8')).toBe('edited: {}');
});

describe("the model's config, edited while the session was halted", () => {
  test.each([
    [
      'pytest_extra_args: {test_nova_ci.py: ["-k", "fast"]}\n',
      'pytest_extra_args of test_nova_ci.py was [] when the session started, is ["-k","fast"]',
    ],
    [
      'timeout_s_by_test: {test_nova_ci.py: 60}\n',
      'timeout_s_by_test of test_nova_ci.py was not set when the session started, is 60',
    ],
  ])('refuses another launch by the name of its key: %j', async (more, difference) => {
    const file = join(world.catalog, 'models/nova-v1/config.yaml');
    const { units = [] } = await readPlan(world.runDir);
    const gpus = Object.fromEntries(
      units.map((unit) => [unit.test.slice(unit.test.lastIndexOf('/') + 1), unit.gpus]),
    );
    const asPlanned = `name: nova-v1\ngpus_per_test: ${JSON.stringify(gpus)}\n`;
    writeText(file, asPlanned);
    expect((await syncSession(world.runDir)).notes).toEqual([]);

    writeText(file, `${asPlanned}${more}`);
    const before = contentsBelow(world.runDir);
    await expect(syncSession(world.runDir)).rejects.toMatchObject({
      code: 'refused',
      message: `${file}: ${difference}`,
    });
    expect(contentsBelow(world.runDir)).toEqual(before);
  });
});

test('discovers again where the catalog has no stages.yaml: the corrected config is what it says', async () => {
  const bare = directoryWorld();
  rmSync(bare.stagesYaml);
  const config = (accuracy: string) =>
    writeText(
      join(bare.catalog, 'models/nova-v1/config.yaml'),
      `name: nova-v1
test_globs: [tests/ci/test_nova_ci.py]
stage_base_strip_prefix: test_
stage_base_strip_suffix: _ci
metric_sources:
  test_nova_ci.py:
    json_file: nova.json
    sample_counts: {total: n, ok: n}
    paths: {accuracy: ${accuracy}, throughput_qps: q, latency_mean_s: l}
`,
    );
  config('summary.acuracy');
  const found = await stagesOfPlan({ catalog_dir: bare.catalog, model: 'nova-v1' }, bare.root);
  const keys = ['nova_accuracy', 'nova_speed'];
  const plan = await sessionPlan({ ...bare, stagesYaml: world.stagesYaml });
  await openSession({
    ...plan,
    stages_yaml: '',
    stages_yaml_sha256: found.sha256,
    stages_from: 'discovery',
    stages: plan.stages.filter(({ key }) => keys.includes(key)),
    units: plan.units.filter(({ namespace }) => namespace === NAMESPACE),
  });

  expect((await syncSession(bare.runDir)).notes).toEqual([]);
  config('summary.accuracy');
  const { notes } = await syncSession(bare.runDir);
  expect(notes.join('\n')).toContain("the model's config was corrected");
  expect(notes.join('\n')).toContain('nova_accuracy');
  const { stages: read } = await readRunDirectory(bare.runDir);
  expect(read[0]?.metrics['accuracy']?.json_path).toBe('summary.accuracy');
});
