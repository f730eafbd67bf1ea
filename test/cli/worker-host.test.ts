import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { Command } from 'commander';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { addSharedOptions, allSharedOptions, createContext, type CliContext } from '../../src/cli/options.ts';
import {
  addWorkerHostOptions,
  readWorkerHost,
  type WorkerHostOptions,
} from '../../src/cli/commands/worker/worker-host.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { writeText } from '../fixtures/write-text.ts';
import { modelYaml } from '../host/catalog/model-yaml.ts';
import { runCalib } from './run-calib.ts';

const lanes = 'lanes:\n  - gpus: [0]\n    name: left\n  - gpus: [1]\n';
const pooled = `hostname: gpu-01\nrepo_root: /repo\nvenv_python: /host/python\ngpu_count: 2\npool: lab\n${lanes}`;

function catalogWith(profile: string): string {
  return temporaryFolder({
    'models/nova/config.yaml': modelYaml('nova', 'auto_env:\n  NOVA: "1"\n'),
    'hosts/box.yaml': profile,
  });
}

/** What a worker of this command line would be told. */
async function hostFor(args: readonly string[]) {
  vi.stubEnv('CALIB_HOSTNAME', 'gpu-01');
  let found: [CliContext, WorkerHostOptions] | undefined;
  const program = addSharedOptions(new Command(), allSharedOptions);
  const command = addWorkerHostOptions(program.command('act'));
  command.action((options: WorkerHostOptions, self: Command) => {
    found = [createContext(self), options];
  });
  await program.parseAsync(['act', ...args], { from: 'user' });
  if (found === undefined) throw new Error('the action did not run');
  return await readWorkerHost(...found);
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the host that a worker works for', () => {
  test('needs no profile', async () => {
    expect(await hostFor(['--catalog', catalogWith('hostname: other\n')])).toEqual({
      hostname: 'gpu-01',
      gpus: null,
      lanes: 1,
      member: null,
      summary: 'no host profile; 1 repeat at a time',
    });
  });

  test('runs as many repeats as its profile declares lanes', async () => {
    const host = await hostFor(['--catalog', catalogWith(`hostname: gpu-01\n${lanes}`)]);
    expect(host).toMatchObject({ lanes: 2, member: null });
    expect(host.summary).toBe(
      "host profile box (this machine's name); 2 repeats at a time (2 lanes declared)",
    );
  });

  test('runs as many as the command line says', async () => {
    const args = ['--catalog', catalogWith(`hostname: gpu-01\n${lanes}`), '--lanes', '1', '--gpus', '1,0'];
    expect(await hostFor(args)).toMatchObject({ lanes: 1, gpus: [0, 1] });
  });

  test('is in the pool of its profile, under the name that CALIB_HOSTNAME gives it', async () => {
    const { member, summary } = await hostFor(['--catalog', catalogWith(pooled)]);
    expect(member).toMatchObject({ pool: 'lab', runRoot: '/repo/.tune-runs' });
    expect(summary).toBe(
      "host profile box (this machine's name); 2 repeats at a time (2 lanes declared); " +
        "pool lab as gpu-01, other hosts' sessions in /repo/.tune-runs",
    );
  });

  test('keeps what it runs for others where --run-root says', async () => {
    const args = ['--catalog', catalogWith(pooled), '--host', 'box', '--run-root', '/data/calib/'];
    expect((await hostFor(args)).member).toMatchObject({ runRoot: '/data/calib' });
  });

  test('stands alone with --no-host', async () => {
    expect(await hostFor(['--catalog', catalogWith(pooled), '--no-host'])).toMatchObject({ member: null });
  });
});

describe('what it has for a model', () => {
  test('is said by its own catalog, profile and venv', async () => {
    const catalog = catalogWith(`${pooled}physical:\n  hf_hub: /hub\n`);
    const { member } = await hostFor(['--catalog', catalog]);
    expect(await member?.resolve('nova')).toEqual({
      host: 'box',
      repo_root: '/repo',
      venv_python: '/host/python',
      venv_source: 'host',
      catalog_dir: catalog,
      stages_yaml: join(catalog, 'models/nova/stages.yaml'),
      environment: { NOVA: '1', HF_HOME: '/hub' },
      cleanup_script: null,
      lanes: [
        { name: 'left', gpus: [0] },
        { name: 'lane1', gpus: [1] },
      ],
      gpu_count: 2,
    });
  });

  test.each([
    ['no more lanes than it runs repeats at a time', ['--lanes', '1'], ['left']],
    ['no lane with a GPU that it may not use', ['--gpus', '1'], ['lane1']],
  ])('has %s', async (_what, args, lanes) => {
    const { member } = await hostFor(['--catalog', catalogWith(pooled), ...args]);
    expect((await member?.resolve('nova'))?.lanes.map(({ name }) => name)).toEqual(lanes);
  });

  test('is refused where no lane is left to it', async () => {
    const { member } = await hostFor(['--catalog', catalogWith(pooled), '--gpus', '5']);
    await expect(member?.resolve('nova')).rejects.toThrow('every lane has GPUs that --gpus leaves out');
  });

  test('is read anew for every session', async () => {
    const catalog = catalogWith(pooled);
    const { member } = await hostFor(['--catalog', catalog]);
    await member?.resolve('nova');
    writeText(join(catalog, 'hosts/box.yaml'), pooled.replace('/host/python', '/newer/python'));
    expect(await member?.resolve('nova')).toMatchObject({ venv_python: '/newer/python' });
  });

  test('is refused for a model that this catalog does not have', async () => {
    const { member } = await hostFor(['--catalog', catalogWith(pooled)]);
    await expect(member?.resolve('vega')).rejects.toThrow('unknown model "vega"');
  });

  test('is refused once its profile names another pool', async () => {
    const catalog = catalogWith(pooled);
    const { member } = await hostFor(['--catalog', catalog]);
    writeText(join(catalog, 'hosts/box.yaml'), pooled.replace('pool: lab', 'pool: field'));
    await expect(member?.resolve('nova')).rejects.toMatchObject({
      message: `${join(catalog, 'hosts/box.yaml')} does not name pool lab any more`,
      remedy: 'start the worker of this host again',
    });
  });

  test('is refused once its profile is gone', async () => {
    const catalog = catalogWith(pooled);
    const { member } = await hostFor(['--catalog', catalog]);
    rmSync(join(catalog, 'hosts/box.yaml'));
    await expect(member?.resolve('nova')).rejects.toThrow('no host profile is active any more');
  });
});

describe('the command line', () => {
  test.each(['up', 'worker'])(
    '%s says what is wrong with a profile before it starts anything',
    async (name) => {
      const run = await runCalib([name, '--catalog', catalogWith(pooled), '--host', 'bax']);
      expect([run.exitCode, run.stdout]).toEqual([2, '']);
      expect(run.stderr).toContain('unknown host "bax"');
    },
  );

  test('worker refuses a name that is none', async () => {
    const run = await runCalib(['worker'], { env: { CALIB_HOSTNAME: 'gpu 1' } });
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('CALIB_HOSTNAME: "gpu 1" is no name of a machine');
  });

  test('a member of a pool needs a checkout', async () => {
    const catalog = catalogWith('pool: lab\n');
    const run = await runCalib(['worker', '--catalog', catalog, '--host', 'box'], { cwd: temporaryFolder() });
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('no checkout to calibrate');
  });

  test('start can keep a session at home', async () => {
    const run = await runCalib(['start', '--help']);
    expect(run.stdout).toContain('--no-pool');
  });
});
