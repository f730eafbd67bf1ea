import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { CheckId } from '../../../src/domain/precheck/checks.ts';
import type { PrecheckRequirements } from '../../../src/domain/precheck/requirements.ts';
import type { PrecheckOutcome, PrecheckRequest } from '../../../src/host/precheck/precheck-request.ts';
import { runPrecheck } from '../../../src/host/precheck/run-precheck.ts';
import { makeHost } from '../../domain/precheck/requirements-fixture.ts';
import { writeText } from '../../fixtures/write-text.ts';
import {
  precheckWorld,
  putHubRepository,
  putLarge,
  putVenv,
  revision,
  standInTorch,
  type PrecheckWorld,
} from './precheck-world.ts';

async function run(
  { request }: PrecheckWorld,
  requirements: Partial<PrecheckRequirements> = {},
  more: Partial<PrecheckRequest> = {},
): Promise<PrecheckOutcome> {
  return await runPrecheck({
    ...request,
    requirements: { ...request.requirements, ...requirements },
    ...more,
  });
}

function check({ checks }: PrecheckOutcome, id: CheckId) {
  const found = checks.find((result) => result.id === id);
  if (found === undefined) throw new Error(`no check ${id}`);
  return found;
}
const marks = ({ checks }: PrecheckOutcome) => Object.fromEntries(checks.map(({ id, mark }) => [id, mark]));
const messages = (outcome: PrecheckOutcome, id: CheckId) =>
  check(outcome, id).errors.map(({ message }) => message);
const variables = (values: Record<string, string>) =>
  Object.entries(values).map(([name, value]) => ({ name, value, source: 'config' as const }));

describe('the kernel cache of the chosen interpreter', () => {
  const withFlashInfer = (world: PrecheckWorld) => ({
    venvPython: putVenv(join(world.scratch, 'other-venv'), [
      { name: 'sglang', version: '0.5.12.post1' },
      { name: 'torch', version: '2.11.0+cu130' },
      { name: 'flashinfer-python', version: '0.6.17' },
    ]),
  });

  it('is a gap where it lies in the login’s HOME, which no launch may empty', async () => {
    const world = precheckWorld();
    const outcome = await run(world, {}, withFlashInfer(world));
    expect([outcome.ok, messages(outcome, 'jit_cache')]).toEqual([
      false,
      [
        `JIT cache ${world.scratch}/.cache/flashinfer would stay warm: HOME=${world.scratch} is the login's, not the catalog's`,
      ],
    ]);
  });

  it.each([
    [
      'the catalog sets HOME',
      (scratch: string) => ({ environment: variables({ HOME: join(scratch, 'ci') }) }),
    ],
    ['the model keeps it', () => ({ jit_cache: 'keep' as const })],
    ['each lane has its own', () => ({ gpus: { needed: 1, model: null, count: null, lane_count: 2 } })],
  ])('is none where %s', async (_case, requirements) => {
    const world = precheckWorld();
    const outcome = await run(world, requirements(world.scratch), withFlashInfer(world));
    expect(messages(outcome, 'jit_cache')).toEqual([]);
  });
});

describe('the precheck of a machine', () => {
  it('passes where all is there, and says what was not needed', async () => {
    const outcome = await run(precheckWorld());
    expect(outcome.ok).toBe(true);
    expect(marks(outcome)).toEqual({
      model: '✓',
      interpreter: '✓',
      repository: '✓',
      git: '✓',
      host: '·',
      pins: '✓',
      install: '✓',
      imports: '✓',
      pytest: '·',
      environment: '·',
      slice: '·',
      jit_cache: '·',
      assets: '·',
      speaker_sim: '·',
      capabilities: '·',
      disk: '✓',
      gpus: '✓',
    });
  });

  it('records versions, pins, GPUs, driver and verdict (§9)', async () => {
    const world = precheckWorld();
    const { document } = await run(world);
    expect(document).toMatchObject({
      timestamp: '2026-04-23T05:00:00Z',
      model: 'nova',
      versions: { sglang: '0.5.12.post1', torch: '2.11.0+cu130' },
      pins: { sglang: '0.5.12.post1', torch: '2.11.0' },
      git: { sha: world.git('rev-parse', 'HEAD'), branch: 'main', dirty: false },
      nvidia_smi_L: 'GPU 0: NVIDIA H20 (UUID: GPU-aaa)\nGPU 1: NVIDIA H20 (UUID: GPU-bbb)',
      gpu_summary: '2× NVIDIA H20',
      ok: true,
      gpus: [
        { index: 0, name: 'NVIDIA H20', uuid: 'GPU-aaa', memory_total_mib: 97_871, memory_used_mib: 3 },
        { index: 1, name: 'NVIDIA H20', uuid: 'GPU-bbb', memory_total_mib: 97_871, memory_used_mib: 3 },
      ],
      driver: '590.10',
      cuda: '13.1',
      runtime: { torch: '2.11.0+cu130', flashinfer: null, env: { HOME: world.scratch, UV_CACHE_DIR: null } },
    });
  });

  it('tells each check in the order of its lines, however long the others take', async () => {
    const told: CheckId[] = [];
    const outcome = await run(precheckWorld(), {}, { onCheck: ({ id }) => told.push(id) });
    expect(told).toEqual(outcome.checks.map(({ id }) => id));
  });

  it('changes nothing in the checkout', async () => {
    const world = precheckWorld();
    const before = readdirSync(world.root);
    await run(world);
    expect([readdirSync(world.root), world.git('status', '--porcelain')]).toEqual([before, '']);
  });

  it('reports every gap at once', async () => {
    const world = precheckWorld();
    writeText(join(world.smi, 'gpus.csv'), '0, GPU-aaa, NVIDIA H20, 9216, 97871\n');
    const outcome = await run(world, {
      models: { required: ['acme/m'], optional: [] },
      environment: variables({ HF_HOME: world.scratch, OMNI_CI_HOME: join(world.scratch, 'ci') }),
    });
    const failed = outcome.checks.filter(({ mark }) => mark === '✗').map(({ id }) => id);
    expect([outcome.ok, failed, outcome.document?.ok]).toEqual([false, ['slice', 'assets', 'gpus'], false]);
  });
});

describe('early stops', () => {
  it('come without a pyproject.toml that pins are to be read from, and leave no document', async () => {
    const world = precheckWorld();
    rmSync(join(world.root, 'pyproject.toml'));
    const outcome = await run(world);
    expect([outcome.ok, outcome.document, outcome.checks.at(-1)?.id]).toEqual([false, null, 'host']);
    expect(messages(outcome, 'repository')).toEqual([
      `${world.root}/pyproject.toml does not exist, but pins names sglang, torch, whose version stands there`,
    ]);
  });

  it('do not come without a pyproject.toml where nothing is pinned', async () => {
    const world = precheckWorld();
    rmSync(join(world.root, 'pyproject.toml'));
    const outcome = await run(world, { pins: [] });
    expect([outcome.ok, check(outcome, 'pins').mark]).toEqual([true, '·']);
  });

  it('come without an interpreter', async () => {
    const outcome = await run(precheckWorld(), {}, { venvPython: '/nowhere/bin/python' });
    expect([outcome.document, messages(outcome, 'interpreter')]).toEqual([
      null,
      ['no interpreter: /nowhere/bin/python is missing'],
    ]);
  });

  it('come with an interpreter that cannot be executed', async () => {
    const world = precheckWorld();
    const file = join(world.scratch, 'python');
    writeText(file, '');
    chmodSync(file, 0o644);
    const outcome = await run(world, {}, { venvPython: file });
    expect(messages(outcome, 'interpreter')).toEqual([`${file} cannot be executed`]);
  });
});

describe('commit', () => {
  it('is an error outside of a checkout', async () => {
    const world = precheckWorld();
    rmSync(join(world.root, '.git'), { recursive: true });
    const outcome = await run(world);
    expect([check(outcome, 'git').mark, outcome.document?.git.sha]).toEqual(['✗', '']);
  });

  it("must be the session's", async () => {
    const outcome = await run(precheckWorld(), {}, { session: { id: 's', gitSha: 'f'.repeat(40) } });
    expect(messages(outcome, 'git')[0]).toContain(`the session observes ${'f'.repeat(40)}`);
  });
});

describe('venv', () => {
  it('must hold the pinned versions, unless the version check is skipped', async () => {
    const world = precheckWorld();
    world.write(
      'pyproject.toml',
      '[project]\nname = "nova-suite"\ndependencies = ["sglang==0.6", "torch==2.11.0"]\n',
    );
    const outcome = await run(world);
    expect([outcome.ok, messages(outcome, 'pins')]).toEqual([
      false,
      ['sglang 0.5.12.post1 is installed, pyproject.toml pins 0.6: wanted exactly that version'],
    ]);
    expect((await run(world, {}, { skipVersionCheck: true })).ok).toBe(true);
  });

  it('must come from this checkout', async () => {
    const world = precheckWorld();
    const direct = { url: 'file:///elsewhere', dir_info: { editable: true } };
    const venvPython = putVenv(join(world.scratch, 'other'), [{ name: 'nova-suite', version: '1', direct }]);
    const outcome = await run(world, { pins: [] }, { venvPython });
    expect(messages(outcome, 'install')).toEqual([
      `nova-suite 1 is installed from file:///elsewhere, not from ${world.root}`,
    ]);
  });

  it('must hold the project itself where its own module has to import', async () => {
    const world = precheckWorld();
    const venvPython = putVenv(join(world.scratch, 'other'), []);
    const outcome = await run(world, { pins: [], imports: ['nova_suite'] }, { venvPython });
    expect(messages(outcome, 'install')[0]).toContain(`nova-suite is not installed for ${venvPython}`);
    const others = await run(world, { pins: [], imports: ['json'] }, { venvPython });
    expect(check(others, 'install').mark).toBe('·');
  });

  it('must import its modules with the usable GPUs in sight', async () => {
    const world = precheckWorld();
    const modules = { 'pytest.py': '', 'torch.py': standInTorch(2) };
    const direct = { url: `file://${world.root}`, dir_info: { editable: true } };
    const distributions = [{ name: 'nova-suite', version: '1', direct }];
    const venvPython = putVenv(join(world.scratch, 'other'), distributions, modules);
    const asked = { pins: [], imports: ['torch', 'sglang_omni'] };
    const outcome = await run(world, asked, { venvPython });
    expect(check(outcome, 'imports').lines).toEqual([
      'imports: pytest, torch, sglang_omni',
      '✓ pytest',
      '✓ torch',
      '✗ sglang_omni',
      'torch sees 2 GPU(s), CUDA 13.0',
    ]);
    expect(outcome.document?.runtime?.torch_cuda).toBe('13.0');
  });

  it('must have pytest, whatever the suite lists', async () => {
    const world = precheckWorld();
    const venvPython = putVenv(join(world.scratch, 'other'), [], {});
    const outcome = await run(world, { pins: [] }, { venvPython });
    expect([outcome.ok, messages(outcome, 'imports')]).toEqual([
      false,
      [`these do not import in ${venvPython}: pytest (ModuleNotFoundError: No module named 'pytest')`],
    ]);
  });

  it("must let pytest's settings run every test: what nothing undoes is a gap by name, the rest is told", async () => {
    const world = precheckWorld();
    const asked = { launches: [{ test: 'tests/test_a.py', args: [] }] };
    world.write('pytest.ini', '[pytest]\naddopts = -x\n');
    const undone = check(await run(world, asked), 'pytest');
    expect([undone.mark, undone.lines[1]]).toEqual([
      '✓',
      expect.stringMatching(/^addopts -x in .*pytest\.ini .*: undone on the command line of each launch$/),
    ]);
    world.write('pytest.ini', '[pytest]\naddopts = --sw\n');
    expect(messages(await run(world, asked), 'pytest')).toEqual([
      expect.stringMatching(/^addopts --sw in .*pytest\.ini ends the file at a failure/),
    ]);
  });

  it('must have a torch that sees all of them', async () => {
    const world = precheckWorld();
    const venvPython = putVenv(join(world.scratch, 'other'), [], {
      'pytest.py': '',
      'torch.py': standInTorch(1),
    });
    const outcome = await run(world, { pins: [], imports: ['torch'] }, { venvPython });
    expect(messages(outcome, 'imports')).toEqual(['torch sees 1 GPU(s), CUDA 13.0, but was given 2']);
  });

  it('is not asked for GPUs where none is needed', async () => {
    const world = precheckWorld();
    const venvPython = putVenv(join(world.scratch, 'other'), [], {
      'pytest.py': '',
      'torch.py': standInTorch(0),
    });
    const gpus = { needed: 0, model: null, count: null };
    const outcome = await run(world, { pins: [], imports: ['torch'], gpus }, { venvPython });
    expect(check(outcome, 'imports').errors).toEqual([]);
  });

  it('is told from a pyproject.toml that cannot be read', async () => {
    const world = precheckWorld();
    world.write('pyproject.toml', '[project\n');
    expect(messages(await run(world), 'pins')[0]).toContain('pyproject.toml: line 1');
  });
});

describe('assets', () => {
  it('are found where HF_HOME of the catalog says, with their revision', async () => {
    const world = precheckWorld();
    putHubRepository(join(world.scratch, 'hf/hub'), 'model', 'acme/m', { 'm.safetensors': 'x' });
    putHubRepository(join(world.scratch, 'hf/hub'), 'dataset', 'acme/d', { 'a.arrow': 'x' });
    const outcome = await run(world, {
      models: { required: ['acme/m'], optional: ['acme/rest'] },
      datasets: { required: ['acme/d'], optional: [] },
      environment: variables({ HF_HOME: join(world.scratch, 'hf') }),
    });
    expect(outcome.document?.assets).toEqual([
      { id: 'acme/m', kind: 'model', required: true, cached: true, revision },
      { id: 'acme/d', kind: 'dataset', required: true, cached: true, revision },
      { id: 'acme/rest', kind: 'model', required: false, cached: false, revision: null },
    ]);
  });

  it('say which HF_HOME was searched, from where it came, and whether a token is set, never its value', async () => {
    const world = precheckWorld();
    const outcome = await run(
      world,
      {
        models: { required: ['acme/m'], optional: [] },
        environment: variables({ HF_HOME: '/hf', HF_ENDPOINT: 'https://mirror.example' }),
        host: makeHost(),
      },
      { env: { ...world.request.env, HF_TOKEN: 'hf_secretsecretsecret', HTTPS_PROXY: 'http://u:p@proxy' } },
    );
    expect(messages(outcome, 'assets')[0]).toContain(
      'searched /hf/hub (HF_HOME=/hf from config; host profile lab); HF_TOKEN, which private repositories need, is set here',
    );
    expect(outcome.document?.env['HTTPS_PROXY']).toBe('(set, not recorded)');
    expect(JSON.stringify(outcome)).not.toMatch(/secretsecret|u:p@/);
  });

  it('include the speaker-similarity files where a stage needs them', async () => {
    const world = precheckWorld();
    const dir = join(world.scratch, 'sim');
    const asked = {
      speaker_sim: { required: true, host_command: false, hf_token_hint: null },
      environment: variables({ SEEDTTS_SIM_CACHE_DIR: dir }),
    };
    expect(messages(await run(world, asked), 'speaker_sim')[0]).toContain('missing .complete');
    writeText(join(dir, '.complete'), '');
    putLarge(join(dir, 'wavlm_large.pt'), 101 * 1024 * 1024);
    putLarge(join(dir, 'wavlm_large_finetune.pth'), 101 * 1024 * 1024);
    expect(check(await run(world, asked), 'speaker_sim').mark).toBe('✓');
  });
});

describe('GPUs, capabilities, slice and host', () => {
  it('names the holder of a busy GPU', async () => {
    const world = precheckWorld();
    writeText(join(world.smi, 'processes.csv'), `GPU-bbb, ${process.pid}, python, 100\n`);
    const outcome = await run(world);
    expect(check(outcome, 'gpus').lines[0]).toBe('GPUs: 2× NVIDIA H20 — 1/2 free (busy: [1])');
    expect(check(outcome, 'gpus').lines[2]).toContain(`pid ${process.pid} (`);
  });

  it('keeps to the GPUs of the worker', async () => {
    const outcome = await run(precheckWorld(), {}, { allowedGpus: [1] });
    expect([messages(outcome, 'gpus'), outcome.document?.gpu_summary]).toEqual([
      ['2 GPU(s) needed, 1 there for this session'],
      '1× NVIDIA H20',
    ]);
  });

  it('gives one clear error without nvidia-smi', async () => {
    const outcome = await run(precheckWorld(), {}, { nvidiaSmi: '/nowhere/nvidia-smi' });
    expect([messages(outcome, 'gpus'), outcome.document?.gpu_summary]).toEqual([
      ['the GPUs cannot be read: /nowhere/nvidia-smi cannot be started (ENOENT)'],
      'unknown',
    ]);
  });

  it('does not ask nvidia-smi where no stage needs a GPU', async () => {
    const gpus = { needed: 0, model: null, count: null };
    const outcome = await run(precheckWorld(), { gpus }, { nvidiaSmi: '/nowhere/nvidia-smi' });
    expect([outcome.ok, check(outcome, 'gpus').mark]).toEqual([true, '·']);
  });

  it('reads capabilities from the status of its own process', async () => {
    const world = precheckWorld();
    const capabilities = [{ name: 'CAP_SYS_PTRACE', required: true, tests: ['test_tp2_ci.py'] }];
    expect(check(await run(world, { capabilities }), 'capabilities').mark).toBe('✓');
    const processStatus = join(world.scratch, 'weak');
    writeText(processStatus, 'CapEff:\t0000000000000000\n');
    expect(check(await run(world, { capabilities }, { processStatus }), 'capabilities').mark).toBe('✗');
  });

  it('wants the slice folders', async () => {
    const world = precheckWorld();
    const environment = variables({ OMNI_CI_HOME: world.scratch });
    expect(check(await run(world, { environment }), 'slice').errors).toHaveLength(2);
    mkdirSync(join(world.scratch, '.cache'));
    mkdirSync(join(world.scratch, '.torchinductor'));
    expect(check(await run(world, { environment }), 'slice').mark).toBe('✓');
  });

  it('wants the paths of the host profile, its repo_root included', async () => {
    const world = precheckWorld();
    const host = makeHost({ repo_root: world.root, hf_hub: world.scratch, omni_ci_home: '/nowhere' });
    expect(messages(await run(world, { host }), 'host')).toEqual([
      'physical.omni_ci_home of host profile lab does not exist: /nowhere',
    ]);
  });
});
