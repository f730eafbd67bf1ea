import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { endProcesses, readGroupManifests } from '../../../src/host/process/end-processes.ts';
import type { LaunchIdentity } from '../../../src/host/process/launch-files.ts';
import { launchSupervised } from '../../../src/host/process/launch.ts';
import { readBootId, readProcessStat } from '../../../src/host/process/identity.ts';
import { formatRepeatMark, repeatMarkVariable } from '../../../src/host/process/repeat-mark.ts';
import { until } from '../../fixtures/until.ts';
import { killStandIn, runs, scratchLaunch, standIn } from './scratch-launch.ts';

const mark = {
  session: `s-${process.pid}`,
  namespace: 'test_tts_ci',
  repeat: 1,
  attempt: 1,
  token: 'secret',
};
const markedEnvironment = { PATH: process.env['PATH'] ?? '', [repeatMarkVariable]: formatRepeatMark(mark) };
let scratch: ReturnType<typeof scratchLaunch>;
let noteHere: string;

beforeEach(() => {
  scratch = scratchLaunch();
  noteHere = `note=${scratch.path('pids')}`;
});
afterEach(() => scratch.clean());

async function launchMarked(steps: string[], processes = 1): Promise<LaunchIdentity> {
  const start = await launchSupervised(scratch.spec(steps, { env: markedEnvironment }));
  if (start.state !== 'running') throw new Error(JSON.stringify(start.exit));
  await until(() => scratch.pids().length === processes);
  return start.handle.identity;
}

/** A stand-in that no launch of ours started; resolves when it runs. */
async function startForeign(steps: string[], env: Record<string, string> = {}): Promise<number> {
  const before = scratch.pids().length;
  const child = spawn(process.execPath, [standIn, `note:${scratch.path('pids')}`, ...steps], {
    detached: true,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  child.unref();
  await until(() => scratch.pids().length > before);
  if (child.pid === undefined) throw new Error('not started');
  return child.pid;
}

describe('ending what belongs to a repeat', () => {
  it('ends pytest and names what it did', async () => {
    const identity = await launchMarked(['hang']);
    expect(await endProcesses({ mark, identity })).toMatchObject({
      ended: [{ pid: identity.child.pid, proof: 'mark', signal: 'SIGTERM' }],
      unkillable: [],
    });
  });

  it('names a command line without what looks like a credential', async () => {
    const identity = await launchMarked(['say:--api-key=hunter2', 'hang']);
    const { ended } = await endProcesses({ mark, identity });
    expect(ended[0]?.command).toMatch(/say:--api-key=\[redacted\]/);
  });

  it('kills what ignores TERM, after the grace', async () => {
    const identity = await launchMarked(['ignore-term', `note:${scratch.path('deaf')}`, 'hang']);
    await until(() => scratch.pids('deaf').length === 1);
    const { ended } = await endProcesses({ mark, identity, graceMs: 100 });
    expect([ended[0]?.signal, runs(identity.child.pid)]).toEqual(['SIGKILL', false]);
  });

  it('finds orphans that left the session by their mark', async () => {
    const identity = await launchMarked([`daemon:${noteHere}+hang`, 'exit:0'], 2);
    await until(() => !runs(identity.child.pid));
    await endProcesses({ mark, identity });
    expect(scratch.pids().filter(runs)).toEqual([]);
  });

  it('ends orphans without knowing the launch', async () => {
    await launchMarked([`daemon:${noteHere}+hang`, 'hang'], 2);
    await endProcesses({ mark });
    expect(scratch.pids().filter(runs)).toEqual([]);
  });

  it('finds a descendant that threw its environment away', async () => {
    await launchMarked([`daemon:${noteHere}+bare-daemon=${noteHere}~hang+hang`, 'hang'], 3);
    await endProcesses({ mark });
    expect(scratch.pids().filter(runs)).toEqual([]);
  });

  it('leaves a stranger with the same command line alone', async () => {
    const identity = await launchMarked(['hang']);
    const stranger = await startForeign(['hang']);
    await endProcesses({ mark, identity });
    expect(runs(stranger)).toBe(true);
  });

  it('leaves another repeat of the same session alone', async () => {
    await launchMarked(['hang']);
    const other = { ...mark, repeat: 11 };
    const sibling = await startForeign(['hang'], { [repeatMarkVariable]: formatRepeatMark(other) });
    await endProcesses({ mark: { session: mark.session, namespace: mark.namespace, repeat: 1 } });
    expect(runs(sibling)).toBe(true);
  });

  it('ends all attempts of a repeat when no attempt is named', async () => {
    const pid = await startForeign(['hang'], {
      [repeatMarkVariable]: formatRepeatMark({ ...mark, attempt: 3 }),
    });
    await endProcesses({ mark: { session: mark.session, namespace: mark.namespace, repeat: 1 } });
    expect(runs(pid)).toBe(false);
  });

  it('does not touch a session whose leader is a stranger with a reused pid', async () => {
    const stranger = await startForeign(['hang']);
    const identity: LaunchIdentity = {
      schema: 'calib.launch/1',
      token: mark.token,
      boot_id: readBootId(),
      supervisor: { pid: 999_999_999, start_ticks: 1 },
      child: { pid: stranger, start_ticks: 1 },
      started_at: '2026-01-01T00:00:00Z',
      command: [],
    };
    const result = await endProcesses({ mark, identity });
    expect([result.ended, runs(stranger)]).toEqual([[], true]);
  });

  it('does not touch the session of a launch of before the last start of the machine', async () => {
    const stranger = await startForeign(['hang']);
    const identity: LaunchIdentity = {
      schema: 'calib.launch/1',
      token: mark.token,
      boot_id: 'the one before',
      supervisor: { pid: 999_999_999, start_ticks: 1 },
      child: { pid: stranger, start_ticks: readProcessStat(stranger)?.start_ticks ?? 0 },
      started_at: '2026-01-01T00:00:00Z',
      command: [],
    };
    const result = await endProcesses({ mark, identity });
    expect([result.ended, runs(stranger)]).toEqual([[], true]);
  });

  it('does nothing the second time', async () => {
    const identity = await launchMarked(['hang']);
    await endProcesses({ mark, identity });
    expect(await endProcesses({ mark, identity })).toEqual({ ended: [], unkillable: [] });
  });

  it('lets the supervisor leave the exit status', async () => {
    const identity = await launchMarked(['hang']);
    await endProcesses({ mark, identity });
    const exit: unknown = JSON.parse(readFileSync(`${scratch.launchDir}/exit.json`, 'utf8'));
    expect(exit).toMatchObject({ signal: 'SIGTERM', stop: null });
  });

  it('never takes calib itself for its own, even when calib inherited the mark', async () => {
    const source = fileURLToPath(
      new URL('../../../dist/host/process/find-own-processes.js', import.meta.url),
    );
    const script = `
      const { findOwnProcesses } = await import(${JSON.stringify(source)});
      const found = await findOwnProcesses({ mark: ${JSON.stringify(mark)} });
      console.log(found.some(({ pid }) => pid === process.pid));`;
    const args = ['--input-type=module', '--eval', script];
    const { stdout } = await execa(process.execPath, args, { env: markedEnvironment });
    expect(stdout).toBe('false');
  });
});

describe('process groups in router_pgids.txt', () => {
  const manifest = () => scratch.path('basetemp/router0/router_pgids.txt');
  beforeEach(() => mkdirSync(scratch.path('basetemp/router0'), { recursive: true }));

  it('reads whole numbers above 1 and ignores the rest', async () => {
    writeFileSync(manifest(), 'junk\n0\n1\n-7\n 42 \n42\n1e3\n43\n');
    expect(await readGroupManifests(scratch.path('basetemp'))).toEqual([42, 43]);
  });

  it('finds nothing in a folder that does not exist', async () => {
    expect(await readGroupManifests(scratch.path('none'))).toEqual([]);
  });

  it('does not touch the group of a stranger that a manifest names', async () => {
    const stranger = await startForeign(['hang']);
    writeFileSync(manifest(), `${stranger}\n`);
    await endProcesses({ mark, baseTemp: scratch.path('basetemp') });
    expect(runs(stranger)).toBe(true);
  });

  /** A group whose leader is gone: one member with the mark, one without. */
  const orphanGroup = async () => {
    const bareNote = `note=${scratch.path('bare')}`;
    const steps = `${noteHere}+fork=${noteHere}~hang+bare-fork=${bareNote}~hang+exit=0`;
    await launchMarked([`daemon:${steps}`, 'exit:0'], 3);
    await until(() => scratch.pids('bare').length === 1 && scratch.pids().filter(runs).length === 1);
    return scratch.pids('bare')[0] ?? 0;
  };

  it('ends members of a named group that lost the mark, when another member has it', async () => {
    const bare = await orphanGroup();
    writeFileSync(manifest(), `${readProcessStat(bare)?.group}\n`);
    await endProcesses({ mark, baseTemp: scratch.path('basetemp') });
    expect(runs(bare)).toBe(false);
  });

  it('leaves an orphan that lost the mark alone while nothing proves it ours', async () => {
    const bare = await orphanGroup();
    await endProcesses({ mark });
    const survived = runs(bare);
    killStandIn(bare);
    expect(survived).toBe(true);
  });
});
