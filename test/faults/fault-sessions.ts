import { afterAll, beforeAll } from 'vitest';

import type { ScriptedBehaviour } from '../fixtures/scripted-suite/make-scripted-suite.ts';
import { FaultWorld } from './fault-world.ts';
import { FaultedSession, type FaultedOptions } from './faulted-session.ts';

/** A server and a worker for one test file, and the sessions that its tests start; all of them go at its end. */
export function useFaultWorld(options: { lanes: number }): {
  world: () => FaultWorld;
  start: (options: FaultedOptions) => Promise<FaultedSession>;
} {
  let current: FaultWorld | undefined;
  const sessions: FaultedSession[] = [];
  beforeAll(async () => {
    current = await FaultWorld.start(options);
  });
  afterAll(async () => {
    await current?.close();
    for (const session of sessions) await session.remove();
  });
  const world = () => {
    if (current === undefined) throw new Error('the world is there only while tests run');
    return current;
  };
  return {
    world,
    start: async (wanted) => {
      const session = await FaultedSession.start(world(), wanted);
      sessions.push(session);
      return session;
    },
  };
}

type Five = [FaultedSession, FaultedSession, FaultedSession, FaultedSession, FaultedSession];

/** Five sessions, the only beta of each running and waiting for `go`; a lane for each is needed. */
export async function startFiveWaiting(
  start: (options: FaultedOptions) => Promise<FaultedSession>,
  behaviour: ScriptedBehaviour = {},
): Promise<Five> {
  const one = async () =>
    await start({
      repeats: 1,
      stages: 'beta_wer',
      prepare: (suite) => suite.script('beta', { waitFor: 'go', ...behaviour }, 1),
    });
  const five: Five = [await one(), await one(), await one(), await one(), await one()];
  for (const session of five) await session.untilWaiting('beta');
  return five;
}
