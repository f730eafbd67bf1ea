import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { keepRepeat } from '../../../src/activities/repeat/keep-repeat.ts';
import type { RunRepeatInput } from '../../../src/activities/activity-types.ts';
import { discardFolders } from '../../../src/host/run-directory/discard-repeat.ts';
import { readCommittedRepeat } from '../../../src/host/run-directory/read-repeat.ts';
import { readPlan } from '../../../src/host/run-directory/plan-file.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { writeJson, writeText } from '../../fixtures/write-text.ts';
import { until } from '../../fixtures/until.ts';
import { runs } from '../../host/process/scratch-launch.ts';
import {
  NAMESPACE,
  type RepeatWorldOptions,
  failureOf,
  measured,
  novaStages,
  outcomeOf,
  repeatWorld,
} from '../../activities/repeat-world.ts';

const mirrorOf = { hostname: 'host-home', run_dir: '/srv/runs/session' };
const good = `${measured()}exit 0`;

async function mirrorWorld(options: RepeatWorldOptions = {}) {
  const world = await repeatWorld({ mirrorOf, ...options });
  world.steps(good);
  return {
    ...world,
    dispatch: (dispatch: number, more: Partial<RunRepeatInput> = {}) => world.run({ dispatch, ...more }),
    setAside: async () => {
      const folders = await discardFolders(world.runDir, NAMESPACE);
      return folders.map(({ reason }) => [reason?.requested_by, reason?.reason]);
    },
  };
}

describe('a repeat on another host of a pool brings its records along', () => {
  it('byte for byte, with the lines of its run', async () => {
    const world = await mirrorWorld();
    const { kind, record } = outcomeOf(await world.dispatch(1));
    expect(kind).toBe('complete');
    expect(record).toMatchObject({ host: 'host-a', run_dir: world.runDir, namespace: NAMESPACE, repeat: 1 });
    expect(Object.keys(record?.files ?? {}).sort()).toEqual([
      '_pytest/test_nova_ci/run1.attempts.json',
      '_pytest/test_nova_ci/run1.commit.json',
      'nova_accuracy/run1.json',
      'nova_accuracy/run1.log',
      'nova_speed/run1.json',
      'nova_speed/run1.log',
    ]);
    for (const [path, text] of Object.entries(record?.files ?? {})) {
      expect(text).toBe(readFileSync(join(world.runDir, path), 'utf8'));
    }
    expect(record?.log_lines).toEqual(world.milestones());
  });

  it('that the home host takes into its run directory, where the repeat is valid', async () => {
    const world = await mirrorWorld();
    const { record } = outcomeOf(await world.dispatch(1));
    if (record === undefined) throw new Error('no record');
    const { mirror_of: _, ...plan } = await readPlan(world.runDir);
    const home = join(world.root, '.tune-runs', 'home');
    writeJson(runPaths.plan(home), plan);
    writeText(runPaths.stagesYaml(home), readFileSync(runPaths.stagesYaml(world.runDir), 'utf8'));
    await keepRepeat({ run_dir: home, record }, {});
    const { git_sha: commit = '', session_id, tree_fingerprint } = plan;
    const place = { runDir: home, namespace: NAMESPACE, repeat: 1 };
    const facts = { commit, session_id, tree_fingerprint, markers: 'required' as const };
    expect(await readCommittedRepeat({ ...place, stages: novaStages, ...facts })).toMatchObject({
      kind: 'valid',
      observations: { nova_speed: { host: 'host-a', metrics: { throughput_qps: 4.2 } } },
    });
  });

  it("not in the session's own run directory", async () => {
    const world = await repeatWorld();
    world.steps(good);
    expect(outcomeOf(await world.run({ dispatch: 1 }))).not.toHaveProperty('record');
  });

  it('with its attempts only where none yielded observations', async () => {
    const world = await mirrorWorld();
    world.steps('exit 3');
    const { kind, record } = outcomeOf(await world.dispatch(1));
    expect([kind, Object.keys(record?.files ?? {})]).toEqual([
      'halt',
      ['_pytest/test_nova_ci/run1.attempts.json'],
    ]);
  });

  it('also where it is incomplete, or halts', async () => {
    const world = await mirrorWorld();
    world.steps(`${measured({ accuracy: 0.56, throughput_qps: 4.2, total_samples: 5, completed: 4 })}exit 0`);
    const incomplete = outcomeOf(await world.dispatch(1));
    world.steps(`${measured({ accuracy: 0.56, total_samples: 5, completed: 5 })}exit 0`);
    const halted = outcomeOf(await world.dispatch(2));
    expect([incomplete.kind, halted.kind]).toEqual(['incomplete', 'halt']);
    for (const { record } of [incomplete, halted]) {
      expect(record?.files).toHaveProperty(['_pytest/test_nova_ci/run1.commit.json']);
    }
  });

  it('and nothing where it left nothing', async () => {
    const world = await mirrorWorld();
    world.git('commit', '-q', '--allow-empty', '-m', 'another');
    const outcome = outcomeOf(await world.dispatch(1));
    expect([outcome.kind, outcome.record]).toEqual(['halt', undefined]);
  });
});

describe('a dispatch', () => {
  it('that is given twice returns what is there, record included', async () => {
    const world = await mirrorWorld();
    const first = outcomeOf(await world.dispatch(1));
    const second = outcomeOf(await world.dispatch(1));
    expect(second).toMatchObject({ kind: 'complete', launches: 0 });
    expect(second.record?.files).toEqual(first.record?.files);
  });

  it('sets what an earlier one left aside, and counts its attempts from where the session is', async () => {
    const world = await mirrorWorld();
    await world.dispatch(1);
    const { record } = outcomeOf(await world.dispatch(7, { first_attempt: 5 }));
    expect(JSON.parse(record?.files['_pytest/test_nova_ci/run1.commit.json'] ?? '')).toMatchObject({
      attempt: 5,
    });
    expect((await world.attempts()).map(({ n }) => n)).toEqual([5]);
    expect(await world.setAside()).toEqual([
      ['session', 'the session dispatched this repeat again (dispatch 7)'],
    ]);
  });

  it('adopts its own run that goes on', async () => {
    const world = await mirrorWorld();
    world.steps(`echo $$ >> "$WORLD/pids"; await "$WORLD/go"; ${good}`);
    const worker = world.otherWorker({ dispatch: 3 });
    await until(() => world.read('pids') !== '' && worker.said().includes('running'));
    await worker.kill();
    const next = world.start({ dispatch: 3 });
    await until(() => next.beats.some(({ state }) => state === 'running'));
    world.put('go', '');
    expect(outcomeOf(await next.result)).toMatchObject({ kind: 'complete' });
    expect([world.pids('pids').length, await world.setAside()]).toEqual([1, []]);
  });

  it('ends the run of an earlier one that goes on', async () => {
    const world = await mirrorWorld();
    world.steps('echo $$ >> "$WORLD/pids"; await "$WORLD/never"; exit 0');
    const worker = world.otherWorker({ dispatch: 3 });
    await until(() => world.read('pids') !== '' && worker.said().includes('running'));
    await worker.kill();
    world.steps(good);
    expect(outcomeOf(await world.dispatch(4))).toMatchObject({ kind: 'complete', launches: 1 });
    expect([world.pids('pids').map(runs), (await world.attempts()).map(({ n }) => n)]).toEqual([
      [false],
      [2],
    ]);
  });

  it('begins with the whole budget of its pass', async () => {
    const world = await mirrorWorld({ policies: { attempts_per_pass: 2 } });
    world.steps('kill -9 $$');
    expect(failureOf(await world.dispatch(1))).toMatch(/^InfraFailure/);
    expect(failureOf(await world.dispatch(2))).toMatch(/^InfraFailure/);
    expect(outcomeOf(await world.dispatch(2))).toMatchObject({ kind: 'exhausted', launches: 2 });
  });

  it('keeps its number while it launches again in place', async () => {
    const world = await mirrorWorld();
    world.steps(`${measured({ accuracy: 0.56, throughput_qps: 4.2, total_samples: 5, completed: 4 })}exit 0`);
    await world.dispatch(1);
    world.steps(good);
    expect(outcomeOf(await world.dispatch(1))).toMatchObject({ kind: 'complete', launches: 2 });
    expect(outcomeOf(await world.dispatch(1))).toMatchObject({ kind: 'complete', launches: 0 });
  });
});

describe('a dispatch that is to read artifacts again', () => {
  const misread = novaStages.map((stage) => ({
    ...stage,
    metrics: Object.fromEntries(
      Object.entries(stage.metrics).map(([key, metric]) => [key, { ...metric, json_path: `wrong.${key}` }]),
    ),
  }));

  async function halted() {
    const world = await mirrorWorld({ stages: misread });
    expect(outcomeOf(await world.dispatch(1)).kind).toBe('halt');
    world.writeStages(novaStages);
    return world;
  }

  it('finds them, although it has another number', async () => {
    const world = await halted();
    const outcome = outcomeOf(await world.dispatch(2, { reextract: true, first_attempt: 2 }));
    expect(outcome).toMatchObject({ kind: 'complete', launches: 0 });
    expect(outcome.record?.files).toHaveProperty(['nova_speed/run1.json']);
  });

  it('launches anew where another host has launched since', async () => {
    const world = await halted();
    const outcome = outcomeOf(await world.dispatch(2, { reextract: true, first_attempt: 3 }));
    expect(outcome).toMatchObject({ kind: 'complete', launches: 1 });
    expect((await world.attempts()).map(({ n }) => n)).toEqual([3]);
  });
});

describe('a repeat that is purged or given up', () => {
  it('leaves the number of its dispatch in place', async () => {
    const world = await mirrorWorld();
    await world.dispatch(6);
    await world.purge('purge-1');
    expect(JSON.parse(readFileSync(runPaths.dispatch(world.runDir, NAMESPACE, 1), 'utf8'))).toEqual({
      schema: 'calib.dispatch/1',
      dispatch: 6,
    });
  });
});
