import { beforeAll, describe, expect, it } from 'vitest';

import { startFiveWaiting, useFaultWorld } from './fault-sessions.ts';
import { waitUntil } from './fault-world.ts';
import type { FaultedSession } from './faulted-session.ts';
import { killPart, livingParts } from './launches-on-disk.ts';

const { world, start } = useFaultWorld({ lanes: 5 });
/** Where the only beta of a session stands when worker and server are killed, and what becomes of it afterwards. */
let running: FaultedSession;
let endsMeanwhile: FaultedSession;
let resultLost: FaultedSession;
let pytestDies: FaultedSession;
let allDies: FaultedSession;

beforeAll(async () => {
  [running, endsMeanwhile, resultLost, pytestDies, allDies] = await startFiveWaiting(start);
  // Nobody hears of a result any more; the worker goes on until it is killed.
  await world().signalServer('SIGSTOP');
  await resultLost.suite.release('go');
  await resultLost.untilCommitted('beta', 1);
  const dying = [await pytestDies.livingLaunch(), await allDies.livingLaunch()] as const;
  await Promise.all([world().killWorker(), world().killServer()]);
  killPart(dying[0], 'child');
  killPart(dying[1], 'supervisor');
  killPart(dying[1], 'child');
  await endsMeanwhile.suite.release('go');
  const areGone = async () => {
    const [ended] = await endsMeanwhile.launches();
    return [...dying, ...(ended === undefined ? [] : [ended])].every(
      (launch) => livingParts(launch).length === 0,
    );
  };
  await waitUntil(areGone, 'what was to end has ended');
  await world().startServer();
  await world().startWorker();
  await running.suite.release('go');
}, 180_000);

describe('worker and server are killed, and started again on the same file', () => {
  it('a pytest that lived on is adopted', async () => {
    expect(await running.expectWhole({ beta: 1 })).toMatchObject({ launches: 1 });
  });

  it('a pytest that ended meanwhile is recorded from what its supervisor left', async () => {
    expect(await endsMeanwhile.expectWhole({ beta: 1 })).toMatchObject({ launches: 1 });
  });

  it('a repeat that was committed, its result lost on the way, is taken from the disk', async () => {
    await resultLost.expectWhole({ beta: 1 });
  });

  it('a pytest that died with them costs one launch more', async () => {
    expect(await pytestDies.expectWhole({ beta: 2 })).toMatchObject({ launches: 2, pass: 1 });
  });

  it('a pytest and a supervisor that died with them, as in a power cut, cost one launch more', async () => {
    expect(await allDies.expectWhole({ beta: 2 })).toMatchObject({ launches: 2, pass: 1 });
  });
});
