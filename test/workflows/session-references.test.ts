import { randomUUID } from 'node:crypto';

import type { Connection } from '@temporalio/client';
import { describe, expect, test, vi } from 'vitest';

import { listSessions } from '../../src/cli/commands/list/list.ts';
import { startSession } from '../../src/cli/commands/start/start-session.ts';
import { resolveSession } from '../../src/cli/session/resolve-session.ts';
import type { SessionClient } from '../../src/cli/session/session-client.ts';
import { terminateSession, whyUnanswering } from '../../src/cli/session/terminate-session.ts';
import type { SessionPlan } from '../../src/domain/session/session-plan.ts';
import { sampleSessionPlan } from '../domain/session/sample-session-plan.ts';
import { scriptedSession } from '../server/scripted-session.ts';
import { endings, heldRepeat } from '../server/stand-in-activities.ts';
import { useServer } from '../server/test-place.ts';

const place = useServer();

/** What the command line works with, on the server of the tests. */
function sessionClient(): SessionClient {
  const { client, namespace } = place();
  const connection = client.connection as Connection;
  const settings = { namespace } as SessionClient['settings'];
  return { client, connection, settings, close: () => Promise.resolve() };
}

/** The same, as if workers polled the queue that sessions have outside of tests. */
function polledClient(): SessionClient {
  const client = sessionClient();
  const { connection } = client;
  const describeTaskQueue = { value: () => Promise.resolve({ pollers: [{}] }) };
  const workflowService = {
    value: Object.create(connection.workflowService, { describeTaskQueue }) as unknown,
  };
  return { ...client, connection: Object.create(connection, { workflowService }) as Connection };
}

const scopeOf = (path: string, any = false) => ({
  any,
  repoRoot: () => Promise.resolve({ path, source: 'flag' as const, warnings: [] }),
});

/** A checkout of its own: the server of the tests knows many sessions. */
const ownCheckout = () => `/srv/${randomUUID()}`;
const at =
  (repo_root: string) =>
  (plan: SessionPlan): SessionPlan => ({ ...plan, repo_root });

describe('latest', () => {
  test('is the newest session of this checkout, also where a newer one of another exists', async () => {
    const [mine, other] = [ownCheckout(), ownCheckout()];
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const own = scriptedSession(place(), { id: `a-${randomUUID()}`, change: at(mine) });
    await own.run(async (session) => {
      await session.update('abort');
      await session.result();
    });
    const foreign = scriptedSession(place(), { id: `b-${randomUUID()}`, change: at(other) });
    await foreign.run(async (session) => {
      await session.update('abort');
      await session.result();
    });
    const { session_id: id } = own.plan;
    await vi.waitFor(async () => {
      expect(await resolveSession(sessionClient(), 'latest', scopeOf(mine))).toBe(id);
      expect(await resolveSession(sessionClient(), 'latest', scopeOf(other))).toBe(foreign.plan.session_id);
      await expect(resolveSession(sessionClient(), 'latest', scopeOf(mine, true))).resolves.not.toBe(id);
    }, 15_000);
    expect(said.mock.calls.map(([text]) => String(text)).join('')).toContain(`session: ${id}\n`);
    said.mockRestore();
    const nowhere = resolveSession(sessionClient(), 'latest', scopeOf(ownCheckout()));
    await expect(nowhere).rejects.toThrow(/no session of checkout/);
  });
});

test('a directory that was carried on is listed with the state of each of its runs', async () => {
  const id = `carried-${randomUUID()}`;
  const first = scriptedSession(place(), { id, repeats: 1 });
  await first.run(async (session) => {
    await session.update('abort', { reason: 'enough' });
    await session.result();
  });
  const again = scriptedSession(place(), { id, repeats: 1 });
  const listed = await again.run(async (session) => {
    await session.untilPhase('awaiting_decision');
    return await vi.waitFor(async () => {
      const found = (await listSessions(polledClient(), true)).filter(({ session: each }) => each === id);
      expect(found).toHaveLength(2);
      return found;
    }, 15_000);
  });
  expect(listed.map(({ state }) => state)).toEqual(['awaiting_decision', 'aborted']);
});

test('a fresh session whose id is taken takes the next suffix', async () => {
  const plan = { ...sampleSessionPlan({ id: `taken-${randomUUID()}` }), run_dir: `/srv/runs/taken` };
  const first = await startSession(sessionClient(), plan);
  const second = await startSession(sessionClient(), plan);
  expect([first.session, second.session, second.run_dir]).toEqual([
    plan.session_id,
    `${plan.session_id}-2`,
    `/srv/runs/${plan.session_id}-2`,
  ]);
  for (const { session } of [first, second]) await place().client.workflow.getHandle(session).terminate();
});

test('a session that cannot answer says why and is ended from outside', async () => {
  const plan = { ...sampleSessionPlan({ id: `wedged-${randomUUID()}` }), run_dir: '/srv/runs/wedged' };
  await place().client.workflow.start('calibrate', {
    workflowId: plan.session_id,
    taskQueue: `nobody-${randomUUID()}`,
    args: [{ plan }],
  });
  const client = sessionClient();
  expect(await whyUnanswering(client, plan.session_id)).toMatch(/no worker polls/);
  const lines = await terminateSession(client, plan.session_id, 'wedged');
  expect(lines[0]).toContain(`terminated: ${plan.session_id}`);
  expect((await client.client.workflow.getHandle(plan.session_id).describe()).status.name).toBe('TERMINATED');
});

test('a session that runs is not taken for one that cannot answer', async () => {
  const { plan, run } = scriptedSession(place(), {}, (given) => ({
    repeats: { 'test_alpha_ci#1': [heldRepeat(endings.partial(given)).script] },
  }));
  await run(async (session) => {
    await session.until(({ active }) => active.length === 1);
    const { client } = sessionClient();
    const { raw } = await client.workflow.getHandle(plan.session_id).describe();
    expect(raw.pendingWorkflowTask?.attempt ?? 0).toBeLessThan(3);
    await session.update('abort');
    await session.result();
  });
});
