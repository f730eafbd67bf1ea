import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import {
  nvidiaSmi,
  precheckWorld,
  putHubRepository,
  type PrecheckWorld,
} from '../host/precheck/precheck-world.ts';
import { runCalib, type CliRun } from './run-calib.ts';

const config = (world: PrecheckWorld) => `name: nova
hf_model_id: acme/m
hf_datasets: [acme/d]
pins: [{package: sglang, match: exact}, {package: torch, match: release}]
gpus_per_test: {test_voice_ci.py: 2}
test_globs: ["tests/test_*_ci.py"]
auto_env: {HF_HOME: ${world.scratch}/hf, HF_ENDPOINT: https://mirror.example}
`;

async function precheck(world: PrecheckWorld, ...args: string[]): Promise<CliRun> {
  const catalog = temporaryFolder({ 'models/nova/config.yaml': config(world) });
  const places = ['--catalog', catalog, '--repo-root', world.root, '--venv-python', world.request.venvPython];
  return await runCalib(['precheck', '--model', 'nova', '--no-host', ...places, ...args], {
    env: { CALIB_NVIDIA_SMI: nvidiaSmi, NVIDIA_SMI_WORLD: world.smi },
  });
}

function fillCache({ scratch }: PrecheckWorld): void {
  putHubRepository(join(scratch, 'hf/hub'), 'model', 'acme/m', { 'm.safetensors': 'x' });
  putHubRepository(join(scratch, 'hf/hub'), 'dataset', 'acme/d', { 'a.arrow': 'x' });
}

describe('calib precheck', () => {
  it('exits 0 on a machine that is ready, with a mark before each check', async () => {
    const world = precheckWorld();
    fillCache(world);
    const run = await precheck(world);
    expect(run).toMatchObject({ exitCode: 0 });
    expect(run.stdout.split('\n')).toEqual(
      expect.arrayContaining([
        '✓ model: nova',
        `✓ venv_python: ${world.request.venvPython} (flag)`,
        `✓ git: main @ ${world.git('rev-parse', 'HEAD').slice(0, 8)}`,
        '    torch: 2.11.0+cu130 (pin 2.11.0) [ok]',
        `    auto env: HF_HOME=${world.scratch}/hf (config)`,
        '✓ assets (all datasets):',
        '✓ GPUs: 2× NVIDIA H20 — 2/2 free',
        'precheck OK',
      ]),
    );
  });

  it('exits 1 and prints the command that closes each gap', async () => {
    const world = precheckWorld();
    const run = await precheck(world);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain('✗ assets (all datasets):\n    ✗ model: acme/m (not in the cache)');
    expect(run.stdout).toContain('HF_ENDPOINT=https://mirror.example huggingface-cli download acme/m\n');
    expect(run.stdout).toContain('precheck FAILED (1 error(s))');
  });

  it('prints one JSON document and nothing else with --json', async () => {
    const world = precheckWorld();
    const run = await precheck(world, '--json');
    expect(run.exitCode).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject({ model: 'nova', ok: false, gpu_summary: '2× NVIDIA H20' });
  });

  it('prints JSON also after an early stop', async () => {
    const world = precheckWorld();
    const run = await precheck(world, '--venv-python', '/nowhere/python', '--json');
    expect(JSON.parse(run.stdout)).toMatchObject({
      ok: false,
      stopped: true,
      errors: [expect.stringContaining('no interpreter: /nowhere/python is missing')],
    });
  });

  it('writes precheck.json where --output-dir says, also when it fails (§9)', async () => {
    const world = precheckWorld();
    const dir = join(world.scratch, 'out');
    expect((await precheck(world, '--output-dir', dir)).exitCode).toBe(1);
    expect(JSON.parse(readFileSync(join(dir, 'precheck.json'), 'utf8'))).toMatchObject({ ok: false });
  });

  it("refuses a session's directory before it checks anything (§9)", async () => {
    const world = precheckWorld();
    const dir = temporaryFolder({
      'plan.json': '{"model":"nova","stages":["a"],"repeats":1,"session_id":"s"}',
    });
    const run = await precheck(world, '--output-dir', dir);
    expect([run.exitCode, run.stdout, existsSync(join(dir, 'precheck.json'))]).toEqual([1, '', false]);
    expect(run.stderr).toContain(`${dir} belongs to session s: its precheck.json stays`);
  });

  it('makes versions that differ a warning with --skip-version-check', async () => {
    const world = precheckWorld();
    fillCache(world);
    const text = readFileSync(join(world.root, 'pyproject.toml'), 'utf8');
    writeFileSync(join(world.root, 'pyproject.toml'), text.replace('torch==2.11.0', 'torch==2.12.0'));
    expect((await precheck(world)).exitCode).toBe(1);
    const run = await precheck(world, '--skip-version-check');
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toContain('warning: torch 2.11.0+cu130 is installed, pyproject.toml pins 2.12.0');
  });

  it('asks for discovery when stages are named that are not known yet', async () => {
    const run = await precheck(precheckWorld(), '--stages', 'voice');
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('calib discover --model nova');
  });
});
