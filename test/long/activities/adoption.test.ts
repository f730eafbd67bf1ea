import { writeFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import {
  launchFiles,
  launchIdentitySchema,
  readLaunchDocument,
} from '../../../src/host/process/launch-files.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { readActiveRuns } from '../../../src/host/run-directory/logs/launches.ts';
import { until } from '../../fixtures/until.ts';
import { runs } from '../../host/process/scratch-launch.ts';
import { NAMESPACE, failureOf, measured, outcomeOf, repeatWorld } from '../../activities/repeat-world.ts';

const steps = `echo $$ >> "$WORLD/pids"; await "$WORLD/go"; ${measured()}exit 0`;

/** A worker that was killed with its pytest running. */
async function killedWorker(gpus = 1) {
  const world = await repeatWorld({ gpus });
  world.gpus(0);
  world.steps(steps);
  const worker = world.otherWorker();
  await until(() => world.read('pids') !== '' && worker.said().includes('running'));
  await worker.kill();
  const launchDir = runPaths.launch(world.runDir, NAMESPACE, 1, 1);
  const identity = await readLaunchDocument(launchFiles.identity(launchDir), launchIdentitySchema);
  if (identity.kind !== 'read') throw new Error('no identity');
  return { world, launchDir, identity: identity.document };
}

describe('after the death of a worker', () => {
  it('adopts the run that goes on', async () => {
    const { world } = await killedWorker();
    const next = world.start();
    await until(() => next.beats.some(({ state }) => state === 'running'));
    world.put('go', '');
    expect(outcomeOf(await next.result)).toMatchObject({ kind: 'complete', lane: 'host-a/gpu0' });
    expect([world.pids('pids').length, world.observation('nova_speed')]).toMatchObject([
      1,
      { attempts: 1, gpu_indices: [0], gpu_uuids: ['GPU-0'] },
    ]);
  });

  it('keeps the lane of the run that goes on from others', async () => {
    const { world } = await killedWorker();
    const other = world.start({ repeat: 2 });
    await until(() => other.beats.some(({ text }) => text.includes('GPU 0: leased to')));
    world.put('go', '');
    expect(outcomeOf(await other.result)).toMatchObject({ kind: 'complete' });
  });

  it('collects a run that has ended meanwhile', async () => {
    const { world, identity } = await killedWorker();
    world.put('go', '');
    await until(() => !runs(identity.supervisor.pid));
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', launches: 1 });
    expect(await world.attempts()).toMatchObject([{ n: 1, notes: ['collected after its end'] }]);
  });

  it('counts a lost run as infra, ends what is left of it, and launches anew', async () => {
    const { world, identity } = await killedWorker();
    process.kill(identity.supervisor.pid, 'SIGKILL');
    await until(() => !runs(identity.supervisor.pid));
    expect(failureOf(await world.run())).toMatch(/^InfraFailure: .*crashed \(supervisor \(pid \d+\) died/);
    expect(world.pids('pids').map(runs)).toEqual([false]);
    world.put('go', '');
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', launches: 2 });
  });

  it('launches anew where a launch was asked for but never began', async () => {
    const { world } = await killedWorker(0);
    world.put('go', '');
    await world.run();
    await world.purge('purge-1');
    world.makeFolder(runPaths.launch(world.runDir, NAMESPACE, 1, 2));
    writeFileSync(
      launchFiles.request(runPaths.launch(world.runDir, NAMESPACE, 1, 2)),
      JSON.stringify({ schema: 'calib.launch-request/1', launch_id: 'never', token: 't' }),
    );
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', launches: 1 });
    expect((await world.attempts()).map(({ n }) => n)).toEqual([3]);
  });

  it('ends a run without a worker that is purged, and its supervisor', async () => {
    const { world, identity } = await killedWorker();
    await world.purge('purge-1');
    expect([...world.pids('pids'), identity.supervisor.pid].map(runs)).toEqual([false, false]);
    world.put('go', '');
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', launches: 1 });
    expect((await world.attempts()).map(({ n }) => n)).toEqual([2]);
  });

  it('takes a supervisor that somebody else has ended for a crash', async () => {
    const { world, identity } = await killedWorker();
    process.kill(identity.supervisor.pid, 'SIGTERM');
    await until(() => !runs(identity.supervisor.pid));
    expect(failureOf(await world.run())).toMatch(/^InfraFailure: .*crashed \(SIGTERM\)$/);
  });

  it('shows the GPUs of a run that goes on without a worker', async () => {
    const { world, identity } = await killedWorker();
    const active = await readActiveRuns(world.runDir, Date.now());
    expect(active).toMatchObject([{ namespace: NAMESPACE, k: 1, attempt: 1, gpus: [0] }]);
    process.kill(identity.supervisor.pid, 'SIGTERM');
    await until(() => !runs(identity.supervisor.pid));
  });

  it('ends orphans of another repeat of the session before a launch', async () => {
    const { world, identity } = await killedWorker();
    process.kill(identity.supervisor.pid, 'SIGKILL');
    await until(() => !runs(identity.supervisor.pid));
    world.put('go', '');
    const [orphan = 0] = world.pids('pids');
    world.remove('go');
    world.steps(`${measured()}exit 0`);
    expect(outcomeOf(await world.run({ repeat: 2 }))).toMatchObject({ kind: 'complete' });
    expect([runs(orphan), world.runLog()]).toEqual([
      false,
      expect.stringContaining(`ended orphan of test_nova_ci run 1: pid ${orphan}`),
    ]);
  });

  it('leaves a repeat alone that another worker is working on', async () => {
    const world = await repeatWorld({ gpus: 1 });
    world.gpus(0, 0);
    world.steps(steps);
    const other = world.otherWorker({ repeat: 2 });
    await until(() => world.read('pids') !== '' && other.said().includes('running'));
    world.steps(`${measured()}exit 0`);
    expect(outcomeOf(await world.run({ repeat: 1 }))).toMatchObject({ kind: 'complete' });
    expect(world.pids('pids').map(runs)).toEqual([true]);
    world.put('go', '');
    await other.gone;
    expect(other.said()).toContain('returned complete');
  });
});
