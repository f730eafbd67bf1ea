import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { type EmbeddedUp, startUp } from '../../e2e/embedded-up.ts';
import { type ScriptedSuite, makeScriptedSuite } from '../../fixtures/scripted-suite/make-scripted-suite.ts';
import { expectComplete, startWaiting } from './waiting-session.ts';

describe('the worker is killed in the middle of two repeats, and started again on the same database', () => {
  let up: EmbeddedUp;
  let adopted: ScriptedSuite;
  let endedAlone: ScriptedSuite;
  let sessions: { adopted: string; endedAlone: string };

  beforeAll(async () => {
    [up, adopted, endedAlone] = await Promise.all([
      startUp({ args: ['--lanes', '2'] }),
      makeScriptedSuite(),
      makeScriptedSuite(),
    ]);
    sessions = {
      adopted: await startWaiting(up, adopted, 'adopted'),
      endedAlone: await startWaiting(up, endedAlone, 'ended-alone'),
    };
    await up.kill();
  });

  afterAll(async () => {
    await up.abortAll();
    await up.close();
    await adopted.remove();
    await endedAlone.remove();
  });

  it('pytest and the server go on without it', async () => {
    expect(await adopted.processes()).not.toEqual([]);
    expect(await up.serverPid()).not.toBeNull();
    await endedAlone.release('go');
    await vi.waitFor(async () => expect(await endedAlone.processes()).toEqual([]), { timeout: 20_000 });
  });

  it('the next one adopts the pytest that is still running, and launches nothing twice', async () => {
    await up.again();
    await adopted.release('go');
    await expectComplete(up, adopted, sessions.adopted);
  });

  it('a pytest that ended meanwhile is recorded from what its supervisor left, not run again', async () => {
    await expectComplete(up, endedAlone, sessions.endedAlone);
  });
});
