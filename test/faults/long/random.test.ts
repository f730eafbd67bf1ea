import { afterEach, describe, expect, it } from 'vitest';

import { FaultWorld } from '../fault-world.ts';
import { FaultedSession } from '../faulted-session.ts';
import { launchesOnDisk } from '../launches-on-disk.ts';
import { type Fault, FaultInjector, faultsOf } from '../random-faults.ts';

/** `CALIB_FAULT_SEED=17` replays one run, with `CALIB_FAULT_RUNS=5` those of 17 to 21; without a seed 10 from one that is printed. */
const given = process.env['CALIB_FAULT_SEED'];
const first = given === undefined ? Date.now() % 1_000_000 : Number(given);
const count = Number(process.env['CALIB_FAULT_RUNS'] ?? (given === undefined ? 10 : 1));
const seeds = Array.from({ length: count }, (_, index) => first + index);

const REPEATS = 3;

let world: FaultWorld;
let session: FaultedSession;

afterEach(async () => {
  await world.close();
  await session.remove();
});

describe('faults and moments from a seed', () => {
  it.each(seeds)(
    'seed %i: every repeat is recorded once, and only what was killed is launched again',
    async (seed) => {
      const faults = faultsOf(seed);
      world = await FaultWorld.start({ lanes: 1 + (seed % 2) });
      session = await FaultedSession.start(world, {
        repeats: REPEATS,
        prepare: async (suite) => {
          await suite.script('alpha', { takes: 0.8 });
          await suite.script('beta', { takes: 0.8 });
        },
      });
      const injector = new FaultInjector(world, session);
      for (const fault of faults) await injector.inject(fault);
      await world.until(
        session.id,
        ({ phase, purges }) => phase.kind === 'awaiting_decision' && purges.length === 0,
      );
      await session.expectOneStory();
      await session.expectRecordedOnce(['alpha', 'beta']);
      await session.expectNothingLeft();
      await expectLaunchesAccountedFor(seed, faults, injector);
    },
  );
});

/** Launches of the suite = one a repeat + one a purge + those that were killed, each of which a fault has aimed at. */
async function expectLaunchesAccountedFor(
  seed: number,
  faults: readonly Fault[],
  injector: FaultInjector,
): Promise<void> {
  const launches = (await launchesOnDisk(session.runDir)).filter(({ begun }) => begun);
  const broken = launches.filter(({ exit }) => exit === null || exit.exit_code === null);
  const counted = (await session.suite.launches('alpha')) + (await session.suite.launches('beta'));
  const text = faults.map(({ kind, after, nth }) => `${kind} after ${after} ${nth}`).join(', ');
  process.stdout.write(
    `seed ${seed}: ${text}; purged ${injector.purged}, launches ${launches.length} (${counted} came to their test), of them killed ${broken.length}\n`,
  );
  for (const { folder, identity } of broken) {
    expect(injector.aimedAt(folder, identity?.child.pid), `${folder} ended without a fault`).toBe(true);
  }
  expect(launches.length - broken.length).toBe(2 * REPEATS + injector.purged);
  // A pytest that was killed before it came to its test has not counted itself.
  expect(counted).toBeLessThanOrEqual(launches.length);
  expect(counted).toBeGreaterThanOrEqual(launches.length - broken.length);
}
