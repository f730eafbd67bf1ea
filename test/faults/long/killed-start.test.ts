import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { isEnd } from '../../../src/domain/session/session-state.ts';
import { type ScriptedSuite, makeScriptedSuite } from '../../fixtures/scripted-suite/make-scripted-suite.ts';
import { FaultWorld, waitUntil } from '../fault-world.ts';

/** Milliseconds after which `calib start` is killed, over all of its life; null: as soon as its session is there. */
const killedAfterMs = [50, 200, 350, 500, 650, 800, 950, 1100, 1300, null, null] as const;

let world: FaultWorld;
let suite: ScriptedSuite;

beforeAll(async () => {
  world = await FaultWorld.start({ lanes: 3 });
  suite = await makeScriptedSuite();
});

afterAll(async () => {
  await world.close();
  await suite.remove();
});

const startArgs = (label: string) => [
  'start',
  '--detach',
  ...suite.options,
  '--repeats',
  '1',
  '--stages',
  'beta_wer',
  '--label',
  label,
];

async function sessionsOf(label: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { workflowId } of world.client.workflow.list()) {
    if (workflowId.endsWith(`_${label}`)) found.push(workflowId);
  }
  return found;
}

async function directoriesOf(label: string): Promise<string[]> {
  const names = await readdir(join(suite.repo, '.tune-runs')).catch((): string[] => []);
  return names.filter((name) => name.endsWith(`_${label}`));
}

/** Starts and kills; gives the session that came of it, if any. */
async function killed(label: string, afterMs: number | null): Promise<string | null> {
  const command = world.begin(...startArgs(label));
  if (afterMs === null) {
    await waitUntil(async () => (await sessionsOf(label)).length > 0, `session ${label}`, { intervalMs: 5 });
  } else await sleep(afterMs);
  command.kill('SIGKILL');
  await command;
  // A request that the server had before may become a session only now.
  await sleep(500);
  const sessions = await sessionsOf(label);
  expect(sessions.length, 'sessions of one command').toBeLessThanOrEqual(1);
  return sessions[0] ?? null;
}

describe('calib start is killed', () => {
  it.each(
    killedAfterMs.map((ms, index) => [ms === null ? 'its session is there' : `${ms} ms`, ms, index] as const),
  )('after %s: one session or none, and the command can be repeated', async (_name, afterMs, index) => {
    const label = `killed${index}`;
    const first = await killed(label, afterMs);
    // What was never started has written nothing.
    if (first === null) expect(await directoriesOf(label)).toEqual([]);
    const again = await world.calib(...startArgs(label));
    expect(again.exitCode, again.stderr).toBe(0);
    const named = `session ${first ?? ''} of the same model, commit and label goes on`;
    expect(again.stderr.includes(named), again.stderr).toBe(first !== null);
    const sessions = await sessionsOf(label);
    expect(sessions).toHaveLength(first === null ? 1 : 2);
    for (const session of sessions) {
      await world.until(session, ({ phase }) => phase.kind === 'awaiting_decision');
      await world.calib('signal', session, 'abort');
      await waitUntil(async () => isEnd((await world.state(session)).phase), `${session} has ended`);
    }
    expect((await directoriesOf(label)).sort()).toEqual(sessions.sort());
  });
});
