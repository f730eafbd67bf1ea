import { type ChildProcess, spawn } from 'node:child_process';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { endClosedSessions } from '../../src/activities/repeat/end-repeat.ts';
import { sessionMark } from '../../src/activities/repeat/claim-repeat.ts';
import { acquireHostLock } from '../../src/host/lock/host-lock.ts';
import { formatRepeatMark, repeatMarkVariable } from '../../src/host/process/repeat-mark.ts';
import { runs } from '../host/process/scratch-launch.ts';

const place = process.pid;
const session = { session_id: `closed-${place}`, run_dir: '/runs/closed' };
const elsewhere = { ...session, run_dir: '/runs/of-another-checkout' };
const children: ChildProcess[] = [];

beforeEach(() => {
  vi.stubEnv('CALIB_LEASE_SCOPE', `end-closed-sessions-${place}`);
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A process that looks like pytest of a session's first repeat. */
async function leftBy(of: typeof session): Promise<number> {
  const mark = { session: sessionMark(of), namespace: 'test_beta_ci', repeat: 1, attempt: 1, token: 'token' };
  const env = { PATH: process.env['PATH'], [repeatMarkVariable]: formatRepeatMark(mark) };
  const child = spawn('sleep', ['60'], { env, stdio: 'ignore' });
  children.push(child);
  await new Promise((resolve) => child.once('spawn', resolve));
  return child.pid ?? 0;
}

const isClosed = (id: string) => Promise.resolve(id === session.session_id ? session : null);

describe('endClosedSessions', () => {
  it('ends what a closed session left, and says so', async () => {
    const pid = await leftBy(session);
    const lines = await endClosedSessions(isClosed);
    expect([runs(pid), lines]).toEqual([
      false,
      [`ended pid ${pid} of test_beta_ci run 1 of closed session ${session.session_id} (sleep 60)`],
    ]);
  });

  it('leaves a session alone that is open, or unknown to the server', async () => {
    const pid = await leftBy({ ...session, session_id: `open-${place}` });
    expect([await endClosedSessions(isClosed), runs(pid)]).toEqual([[], true]);
  });

  it("ends what is left of another host's session in this host's directory of it", async () => {
    const pid = await leftBy({ ...session, run_dir: `/runs/of-the-pool/${session.session_id}` });
    const lines = await endClosedSessions(isClosed, '/runs/of-the-pool');
    expect([runs(pid), lines.length]).toEqual([false, 1]);
  });

  it('leaves the directory of another worker of the pool on this machine alone', async () => {
    const pid = await leftBy({ ...session, run_dir: `/runs/of-the-other/${session.session_id}` });
    expect([await endClosedSessions(isClosed, '/runs/of-the-pool'), runs(pid)]).toEqual([[], true]);
  });

  it('leaves another checkout alone whose session has the same id', async () => {
    const pid = await leftBy(elsewhere);
    expect([await endClosedSessions(isClosed), runs(pid)]).toEqual([[], true]);
  });

  it('leaves a repeat alone that a worker of this host has in hand', async () => {
    const pid = await leftBy(session);
    const claim = await acquireHostLock({
      resources: [`repeat/${sessionMark(session)}/test_beta_ci/1`],
      holder: 'another worker',
    });
    expect([claim.kind, await endClosedSessions(isClosed), runs(pid)]).toEqual(['held', [], true]);
  });
});
