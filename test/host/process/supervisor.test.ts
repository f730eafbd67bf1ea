import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { adoptLaunch } from '../../../src/host/process/adopt-launch.ts';
import { launchFiles } from '../../../src/host/process/launch-files.ts';
import type { LaunchHandle } from '../../../src/host/process/launch-handle.ts';
import { type LaunchSpec, launchSupervised, supervisorCommand } from '../../../src/host/process/launch.ts';
import { readBootId, readProcessStat } from '../../../src/host/process/identity.ts';
import { builtFixture } from '../../fixtures/built-fixture.ts';
import { until } from '../../fixtures/until.ts';
import { runs, scratchLaunch } from './scratch-launch.ts';

const launcher = builtFixture('process-stand-ins/launcher');
let scratch: ReturnType<typeof scratchLaunch>;

beforeEach(() => {
  scratch = scratchLaunch();
});
afterEach(() => scratch.clean());

async function launch(steps: string[], more: Partial<LaunchSpec> = {}): Promise<LaunchHandle> {
  const start = await launchSupervised(scratch.spec(steps, more));
  if (start.state !== 'running') throw new Error(`not running: ${JSON.stringify(start.exit)}`);
  return start.handle;
}

/** A second process that launches, as a worker would; resolves once the launch runs. */
async function launchFromWorker(steps: string[]) {
  const args = [launcher, JSON.stringify(scratch.spec(steps))];
  const worker = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  worker.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(() => said.includes('running'));
  return worker;
}

async function killed(worker: ReturnType<typeof spawn>): Promise<void> {
  const gone = new Promise((resolve) => worker.once('exit', resolve));
  worker.kill('SIGKILL');
  await gone;
}

describe('a supervised launch', () => {
  it('leaves output in the log and the exit code on disk', async () => {
    const handle = await launch(['say:hello', 'exit:3']);
    expect(await handle.waitForExit()).toMatchObject({
      state: 'ended',
      exit: { exit_code: 3, signal: null, stop: null, start_error: null, token: 'token-1' },
    });
    expect(scratch.log()).toBe('hello\n');
  });

  it('hands every argument on as it is, without a shell', async () => {
    const odd = '$(id) `id` * ; exit 7 "\'';
    await (await launch([`say:${odd}`, 'exit:0'])).waitForExit();
    expect(scratch.log()).toBe(`${odd}\n`);
  });

  it('keeps log, documents and launch folder closed to others', async () => {
    await (await launch(['say:hello', 'exit:0'])).waitForExit();
    const names = readdirSync(scratch.launchDir);
    const files = [scratch.path('run1.log'), ...names.map((name) => join(scratch.launchDir, name))];
    expect(names.length).toBeGreaterThan(3);
    expect(files.filter((file) => (statSync(file).mode & 0o077) !== 0)).toEqual([]);
    expect(statSync(scratch.launchDir).mode & 0o777).toBe(0o700);
  });

  it('keeps code and signal apart', async () => {
    const handle = await launch(['signal:SIGKILL']);
    expect(await handle.waitForExit()).toMatchObject({
      exit: { exit_code: null, signal: 'SIGKILL', stop: null },
    });
  });

  it('appends to a log that exists', async () => {
    writeFileSync(scratch.path('run1.log'), 'before\n');
    await (await launch(['say:after', 'exit:0'])).waitForExit();
    expect(scratch.log()).toBe('before\nafter\n');
  });

  it('starts the child as leader of a session of its own', async () => {
    const { identity } = await launch(['hang']);
    const { pid } = identity.child;
    expect(readProcessStat(pid)).toMatchObject({ session: pid, group: pid, parent: identity.supervisor.pid });
  });

  it('never writes the environment to the disk', async () => {
    const handle = await launch(['exit:0'], { env: { PATH: '/usr/bin:/bin', HF_TOKEN: 'very-secret' } });
    await handle.waitForExit();
    const { identity, request, exit, supervisorLog } = launchFiles;
    const written = [identity, request, exit, supervisorLog].map((file) =>
      readFileSync(file(scratch.launchDir), 'utf8'),
    );
    expect(written.join('')).not.toContain('very-secret');
  });

  it('gives the child exactly the environment asked for', async () => {
    const handle = await launch(['hang'], { env: { PATH: '/usr/bin', A: '1' } });
    const environ = readFileSync(`/proc/${handle.identity.child.pid}/environ`, 'utf8');
    expect(environ.split('\0').filter(Boolean).toSorted()).toEqual(['A=1', 'PATH=/usr/bin']);
  });

  it('says why a program could not be started', async () => {
    const start = await launchSupervised({ ...scratch.spec([]), argv: ['/nonexistent/python'] });
    expect(start).toMatchObject({
      state: 'ended',
      exit: { exit_code: null, start_error: { kind: 'spawn', code: 'ENOENT' } },
    });
  });

  it('refuses a folder that already holds a launch', async () => {
    await (await launch(['exit:0'])).waitForExit();
    await expect(launchSupervised(scratch.spec(['exit:0']))).rejects.toMatchObject({ code: 'refused' });
  });

  it('does not start the child while another holds its run lease', async () => {
    const name = `calib-test-${process.pid}-held`;
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(`\0${name}`, resolve));
    const start = await launchSupervised(scratch.spec(['hang'], { leaseNames: [name] }));
    other.close();
    expect([start, scratch.pids()]).toMatchObject([{ exit: { start_error: { kind: 'lease' } } }, []]);
  });
});

describe('stopping a launch', () => {
  it('ends the child by TERM and records who asked', async () => {
    const handle = await launch(['hang']);
    await handle.requestStop('timeout');
    expect(await handle.waitForExit()).toMatchObject({
      exit: { signal: 'SIGTERM', stop: { reason: 'timeout', killed: false } },
    });
  });

  it('kills a child that ignores TERM after the grace', async () => {
    const handle = await launch(['ignore-term', 'say:deaf', 'hang'], { graceMs: 200 });
    await until(() => scratch.log().includes('deaf'));
    await handle.requestStop('timeout');
    expect(await handle.waitForExit()).toMatchObject({ exit: { signal: 'SIGKILL', stop: { killed: true } } });
  });

  it('kills members of the group that outlive their leader', async () => {
    const handle = await launch([`fork:ignore-term+note=${scratch.path('pids')}+hang`, 'hang'], {
      graceMs: 200,
    });
    await until(() => scratch.pids().length === 2);
    await handle.requestStop('timeout');
    await handle.waitForExit();
    expect(scratch.pids().filter(runs)).toEqual([]);
  });

  it.each(['{', '{}', 'null'])('records an end whose stop file holds %s as nobody’s', async (content) => {
    const handle = await launch(['hang']);
    writeFileSync(launchFiles.stop(scratch.launchDir), content);
    process.kill(handle.identity.supervisor.pid, 'SIGTERM');
    expect(await handle.waitForExit()).toMatchObject({
      exit: { signal: 'SIGTERM', stop: { reason: 'supervisor was sent SIGTERM', killed: false } },
    });
  });

  it('keeps the first reason when asked twice', async () => {
    const handle = await launch(['hang']);
    await handle.requestStop('timeout');
    await handle.requestStop('cancelled');
    expect(await handle.waitForExit()).toMatchObject({ exit: { stop: { reason: 'timeout' } } });
  });

  it('stops waiting, not the child, when the waiter is aborted', async () => {
    const handle = await launch(['hang']);
    const controller = new AbortController();
    const waiting = handle.waitForExit({ signal: controller.signal });
    controller.abort(new Error('worker shutdown'));
    await expect(waiting).rejects.toThrow('worker shutdown');
    expect(runs(handle.identity.child.pid)).toBe(true);
  });
});

describe('adopting a launch', () => {
  it('finds a run going on after its worker was killed, and sees it end', async () => {
    const worker = await launchFromWorker([`await:${scratch.path('go')}`, 'exit:1']);
    await killed(worker);
    const adoption = await adoptLaunch(scratch.launchDir, 'token-1');
    if (adoption.state !== 'running') throw new Error(JSON.stringify(adoption));
    writeFileSync(scratch.path('go'), '');
    expect(await adoption.handle.waitForExit()).toMatchObject({ state: 'ended', exit: { exit_code: 1 } });
  });

  it('finds the exit status of a run that ended while no worker lived', async () => {
    const worker = await launchFromWorker([`await:${scratch.path('go')}`, 'exit:1']);
    const supervisor = scratch.identity()?.supervisor.pid;
    await killed(worker);
    writeFileSync(scratch.path('go'), '');
    await until(() => supervisor === undefined || !runs(supervisor));
    expect(await adoptLaunch(scratch.launchDir, 'token-1')).toMatchObject({
      state: 'ended',
      exit: { exit_code: 1 },
    });
  });

  it('survives SIGHUP to the supervisor', async () => {
    const { identity } = await launch([`await:${scratch.path('go')}`, 'exit:0']);
    process.kill(identity.supervisor.pid, 'SIGHUP');
    writeFileSync(scratch.path('go'), '');
    await until(() => !runs(identity.supervisor.pid));
    expect(await adoptLaunch(scratch.launchDir, 'token-1')).toMatchObject({ exit: { exit_code: 0 } });
  });

  it('refuses another token', async () => {
    await launch(['hang']);
    expect(await adoptLaunch(scratch.launchDir, 'token-2')).toMatchObject({ state: 'lost' });
  });

  it('refuses the exit status of a launch with another token', async () => {
    await (await launch(['exit:0'])).waitForExit();
    expect(await adoptLaunch(scratch.launchDir, 'token-2')).toMatchObject({
      state: 'lost',
      reason: expect.stringContaining('carries another token') as string,
    });
  });

  it('calls a launch lost when its supervisor was killed, and says that pytest still runs', async () => {
    const { identity } = await launch(['hang']);
    process.kill(identity.supervisor.pid, 'SIGKILL');
    await until(() => !runs(identity.supervisor.pid));
    expect(await adoptLaunch(scratch.launchDir, 'token-1')).toMatchObject({
      state: 'lost',
      reason: expect.stringContaining('still runs') as string,
      identity: { child: identity.child },
    });
  });

  it.each([
    ['start ticks of another process (pid reuse)', { start_ticks: 1 }, {}],
    ['another boot', {}, { boot_id: '00000000-0000-0000-0000-000000000000' }],
    ['a living process that is no supervisor of ours', {}, {}],
  ])('refuses an identity with %s', async (_case, supervisor, top) => {
    const own = { pid: process.pid, start_ticks: readProcessStat(process.pid)?.start_ticks };
    mkdirSync(scratch.launchDir);
    const forged = {
      schema: 'calib.launch/1',
      token: 'token-1',
      boot_id: readBootId(),
      supervisor: { ...own, ...supervisor },
      child: own,
      started_at: '2026-01-01T00:00:00Z',
      command: ['python'],
      ...top,
    };
    writeFileSync(launchFiles.identity(scratch.launchDir), JSON.stringify(forged));
    expect(await adoptLaunch(scratch.launchDir, 'token-1')).toMatchObject({ state: 'lost' });
  });

  it('names a broken identity file', async () => {
    mkdirSync(scratch.launchDir);
    writeFileSync(launchFiles.identity(scratch.launchDir), '{"schema": "calib.la');
    expect(await adoptLaunch(scratch.launchDir, 'token-1')).toMatchObject({
      state: 'lost',
      reason: expect.stringContaining(`${launchFiles.identity(scratch.launchDir)}: not JSON`) as string,
    });
  });

  it('knows a launch that never was', async () => {
    expect(await adoptLaunch(join(scratch.folder, 'none'), 'token-1')).toEqual({ state: 'absent' });
  });

  it('fences off a launch that was requested but not begun, so that a late supervisor starts nothing', async () => {
    mkdirSync(scratch.launchDir);
    const request = { schema: 'calib.launch-request/1', launch_id: 'late', token: 'token-1' };
    writeFileSync(launchFiles.request(scratch.launchDir), JSON.stringify(request));
    const adoption = await adoptLaunch(scratch.launchDir, 'token-1');
    const { argv, cwd, env, logPath } = scratch.spec(['exit:0']);
    await runSupervisorDirectly({
      launch_id: 'late',
      token: 'token-1',
      launch_dir: scratch.launchDir,
      argv,
      cwd,
      env,
      log_path: logPath,
      grace_ms: 100,
      lease_names: [],
      lease_holder: '',
    });
    expect([adoption, scratch.pids()]).toEqual([{ state: 'absent' }, []]);
  });
});

async function runSupervisorDirectly(spec: Record<string, unknown>): Promise<void> {
  const { program, args } = supervisorCommand();
  const supervisor = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'] });
  supervisor.stdin.end(JSON.stringify(spec));
  await new Promise((resolve) => supervisor.once('exit', resolve));
}
