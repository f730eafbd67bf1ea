import { join } from 'node:path';

import { expect, vi } from 'vitest';

import type { EmbeddedUp } from '../../e2e/embedded-up.ts';
import type { ScriptedSuite } from '../../fixtures/scripted-suite/make-scripted-suite.ts';

/** A session of two repeats whose first launch of alpha waits for `go`; resolves when it does. */
export async function startWaiting(up: EmbeddedUp, suite: ScriptedSuite, label: string): Promise<string> {
  await suite.script('alpha', { waitFor: 'go' }, 1);
  const session = await up.startDetached(...suite.options, '--repeats', '2', '--label', label);
  await vi.waitFor(async () => expect(await suite.isWaiting('alpha')).toBe(true), { timeout: 40_000 });
  return session;
}

/** Every cell is ✓, every repeat was launched exactly once, the directory audits clean, and no process is left. */
export async function expectComplete(up: EmbeddedUp, suite: ScriptedSuite, session: string): Promise<void> {
  const { symbols } = await up.untilPhase(session, 'awaiting_decision');
  expect(symbols).toEqual({ alpha_accuracy: '✓✓', alpha_speed: '✓✓', beta_wer: '✓✓' });
  expect([await suite.launches('alpha'), await suite.launches('beta')]).toEqual([2, 2]);
  const runDir = join(suite.repo, '.tune-runs', session);
  expect(await up.calib('strict-audit', '--run-dir', runDir)).toMatchObject({ exitCode: 0 });
  await vi.waitFor(async () => expect(await suite.processes()).toEqual([]), { timeout: 10_000 });
}
