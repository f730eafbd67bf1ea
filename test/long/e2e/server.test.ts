import { chmod, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { type ScriptedSuite, makeScriptedSuite } from '../../fixtures/scripted-suite/make-scripted-suite.ts';
import { cleanEnvironment, runBuiltCalib, startCalib } from '../../e2e/built-calib.ts';
import { type EmbeddedUp, startUp } from '../../e2e/embedded-up.ts';

const shippedTemporal = fileURLToPath(new URL('../../../.venv/bin/temporal', import.meta.url));

describe('calib up', () => {
  let up: EmbeddedUp;

  beforeAll(async () => {
    up = await startUp();
  });

  afterAll(async () => {
    await up.close();
  });

  it('refuses a port that is in use, and says so', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const args = ['up', '--port', String(port), '--ui-port', '0', '--db', join(up.dir, 'other.db')];
    const { exitCode, stdout, stderr } = await runBuiltCalib(args, { env: up.env });
    taken.close();
    expect(exitCode).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(`port ${port} of 127.0.0.1 is in use`);
  });

  it('refuses a database on which another up is running, and names it', async () => {
    const args = ['up', '--port', '0', '--ui-port', '0', '--db', up.db];
    const { exitCode, stdout, stderr } = await runBuiltCalib(args, { env: up.env });
    expect(exitCode).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(up.db);
    expect(stderr).toContain('another `calib up`');
    expect(await up.serverPid()).not.toBeNull();
  });

  it('refuses a database that a server of somebody else has open, and one that is a folder', async () => {
    const db = join(up.dir, 'foreign.db');
    const file = await open(db, 'w');
    const taken = await runBuiltCalib(['up', '--port', '0', '--ui-port', '0', '--db', db], { env: up.env });
    await file.close();
    expect(taken.exitCode).toBe(1);
    expect(taken.stderr).toContain(`process ${process.pid} (`);
    const folder = join(up.dir, 'folder.db');
    await mkdir(folder);
    const wrong = await runBuiltCalib(['up', '--port', '0', '--ui-port', '0', '--db', folder], {
      env: up.env,
    });
    expect(wrong.exitCode).toBe(3);
    expect(wrong.stderr).toContain('unable to open database file');
  });

  it('stops its worker and its server at Ctrl-C and exits 0, and the next one on the same file knows its sessions', async () => {
    const before = await up.serverPid();
    expect(before).not.toBeNull();
    expect(await up.interrupt()).toBe(0);
    expect(await up.serverPid()).toBeNull();
    await up.again();
    expect(await up.serverPid()).not.toBe(before);
    expect(await up.calib('list', '--all', '--json')).toMatchObject({ exitCode: 0, stdout: '[]' });
  });

  it('takes the temporal program that CALIB_TEMPORAL_CLI names, before one on PATH', async () => {
    const [named, onPath] = [join(up.dir, 'named'), join(up.dir, 'on-path')];
    for (const folder of [named, onPath]) {
      await mkdir(folder);
      await writeFile(
        join(folder, 'temporal'),
        `#!/bin/sh\necho "$0" > ${up.dir}/used\nexec ${shippedTemporal} "$@"\n`,
      );
      await chmod(join(folder, 'temporal'), 0o755);
    }
    const used = async (env: Record<string, string>) => {
      const other = await startUp({ env });
      await other.close();
      return (await readFile(join(up.dir, 'used'), 'utf8')).trim();
    };
    const PATH = `${onPath}:${process.env['PATH']}`;
    expect(await used({ PATH })).toBe(join(onPath, 'temporal'));
    expect(await used({ PATH, CALIB_TEMPORAL_CLI: join(named, 'temporal') })).toBe(join(named, 'temporal'));
  });

  it('says what is wrong with a CALIB_TEMPORAL_CLI that is no program', async () => {
    const env = cleanEnvironment({ CALIB_TEMPORAL_CLI: '/nonexistent/temporal', XDG_STATE_HOME: up.dir });
    const { exitCode, stderr } = await runBuiltCalib(['up', '--port', '0', '--ui-port', '0'], { env });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('/nonexistent/temporal');
  });
});

describe('a server of the operator', () => {
  let up: EmbeddedUp;
  let suite: ScriptedSuite;

  beforeAll(async () => {
    up = await startUp();
  });

  beforeEach(async () => {
    suite = await makeScriptedSuite();
  });

  afterEach(async () => {
    await up.abortAll();
    await suite.remove();
  });

  afterAll(async () => {
    await up.close();
  });

  it('a profile of temporal.toml is honoured where no variable is set', async () => {
    const folder = join(up.dir, 'profile', 'temporalio');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'temporal.toml'), `[profile.default]\naddress = "${up.address}"\n`);
    const env = cleanEnvironment({ XDG_CONFIG_HOME: join(up.dir, 'profile') });
    expect(await runBuiltCalib(['list', '--json'], { env })).toMatchObject({ exitCode: 0, stdout: '[]' });
  });

  it('worker says when it polls, stops at Ctrl-C with 0, and leaves the server alone', async () => {
    const worker = startCalib(['worker', '--json', '--lanes', '2'], { env: up.env });
    const line = await new Promise<string>((resolve) => {
      createInterface({ input: worker.stdout }).once('line', resolve);
    });
    expect(JSON.parse(line)).toMatchObject({ ready: true, address: up.address });
    worker.kill('SIGINT');
    expect((await worker).exitCode).toBe(0);
    expect(await up.serverPid()).not.toBeNull();
  });

  it('Ctrl-C on start leaves the session alone and exits 130', async () => {
    await suite.script('beta', { waitFor: 'go' });
    const following = startCalib(['start', ...suite.options, '--stages', 'beta', '--repeats', '1'], {
      env: up.env,
    });
    await vi.waitFor(async () => expect(await suite.isWaiting('beta')).toBe(true), { timeout: 40_000 });
    following.kill('SIGINT');
    const { exitCode, stderr } = await following;
    expect(exitCode).toBe(130);
    expect(stderr).toContain('the session goes on: calib watch ');
    await suite.release('go');
    const watched = await up.calib('watch', 'latest', '--any');
    expect(watched.exitCode, watched.stderr).toBe(0);
    expect(await suite.launches('beta')).toBe(1);
  });
});
