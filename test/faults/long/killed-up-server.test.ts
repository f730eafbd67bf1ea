import { describe, expect, it, vi } from 'vitest';

import type { EmbeddedUp } from '../../e2e/embedded-up.ts';
import { withScriptedWorld } from '../../e2e/scripted-world.ts';
import type { ScriptedSuite } from '../../fixtures/scripted-suite/make-scripted-suite.ts';
import { expectComplete, startWaiting } from './waiting-session.ts';

let up: EmbeddedUp;
let suite: ScriptedSuite;

withScriptedWorld((world) => {
  ({ up, suite } = world);
});

describe('what stops in the middle of a repeat is continued', () => {
  it('worker and server killed together: the session goes on from the database', async () => {
    const session = await startWaiting(up, suite, 'server-too');
    await up.kill();
    process.kill((await up.serverPid()) ?? 0, 'SIGKILL');
    await vi.waitFor(async () => expect(await up.serverPid()).toBeNull(), { timeout: 10_000 });
    await up.again();
    await suite.release('go');
    await expectComplete(up, suite, session);
  });

  it('its server killed: up says so and exits 1, and the next one goes on from the database', async () => {
    const session = await startWaiting(up, suite, 'server-alone');
    process.kill((await up.serverPid()) ?? 0, 'SIGKILL');
    expect(await up.ended()).toBe(1);
    expect(await suite.processes()).not.toEqual([]);
    await up.again();
    await suite.release('go');
    await expectComplete(up, suite, session);
  });

  it('stopped by Ctrl-C: pytest goes on, and the next worker takes it over', async () => {
    const session = await startWaiting(up, suite, 'drained');
    expect(await up.interrupt()).toBe(0);
    expect(await up.serverPid()).toBeNull();
    expect(await suite.processes()).not.toEqual([]);
    await up.again();
    await suite.release('go');
    await expectComplete(up, suite, session);
  });
});

describe('pytest itself goes away', () => {
  it.each(['SIGKILL', 'SIGSEGV'] as const)(
    'by %s: an infra failure, tried again within the budget',
    async (signal) => {
      await suite.script('beta', { end: { when: 'before-results', signal } }, 1);
      const args = [...suite.options, '--stages', 'beta', '--repeats', '1', '--label', signal];
      const session = await up.startDetached(...args);
      const { symbols } = await up.untilPhase(session, 'awaiting_decision');
      expect(symbols).toEqual({ beta_wer: '✓' });
      expect(await suite.launches('beta')).toBe(2);
    },
  );
});
