import { describe, expect, it } from 'vitest';

import { onTerminal } from '../../fixtures/terminal/on-terminal.ts';
import type { EmbeddedUp } from '../../e2e/embedded-up.ts';
import { withScriptedWorld } from '../../e2e/scripted-world.ts';
import type { ScriptedSuite } from '../../fixtures/scripted-suite/make-scripted-suite.ts';

let up: EmbeddedUp;
let suite: ScriptedSuite;

withScriptedWorld((world) => {
  ({ up, suite } = world);
});

/** Types the answer to a question; `latest` is the newest session of the checkout in which the command runs. */
const answer = (question: string, keys: string, ...args: string[]) =>
  onTerminal([[question, keys]], args, { env: up.env, cwd: suite.repo });

describe('on a terminal, what ends the latest session', () => {
  it('names the session, asks, and does nothing without a yes', async () => {
    const session = await up.startDetached(...suite.options, '--stages', 'beta', '--repeats', '1');
    await up.untilPhase(session, 'awaiting_decision');
    const refused = [
      await answer(`abort ${session}?`, 'n', 'signal', 'latest', 'abort'),
      await answer(`apply ${session}?`, 'n', 'signal', 'latest', 'apply', '--mode', 'report'),
      await answer('End the session with its report only?', 'n', 'apply', 'latest', '--mode', 'report'),
    ];
    for (const run of refused) {
      expect(run.exitCode, run.text).toBe(1);
      expect(run.text).toContain(`session: ${session}\n`);
      expect(run.text).toContain('nothing was sent: the session goes on');
    }
    expect(await up.state(session)).toMatchObject({ phase: { kind: 'awaiting_decision' } });
    const done = await answer(`abort ${session}?`, 'y', 'signal', 'latest', 'abort');
    expect(done.exitCode, done.text).toBe(0);
    await up.untilPhase(session, 'aborted');
  });

  it('sends it without a question where --yes is given', async () => {
    const session = await up.startDetached(...suite.options, '--stages', 'beta', '--repeats', '1');
    await up.untilPhase(session, 'awaiting_decision');
    const args = ['apply', 'latest', '--mode', 'report', '--yes'];
    const run = await onTerminal([], args, { env: up.env, cwd: suite.repo });
    expect(run.exitCode, run.text).toBe(0);
    expect(run.text).toContain(`session: ${session}\n`);
    await up.untilPhase(session, 'completed');
  });
});
