import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { compareEnvironments } from '../../../src/domain/fingerprint/compare.ts';
import type { EnvironmentDocument } from '../../../src/domain/fingerprint/environment.ts';
import { captureEnvironment, type CaptureQuestion } from '../../../src/host/fingerprint/environment.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeText } from '../../fixtures/write-text.ts';
import {
  nvidiaSmi,
  precheckWorld,
  putHubRepository,
  putVenv,
  revision,
  type PrecheckWorld,
} from '../precheck/precheck-world.ts';

function question(world: PrecheckWorld, more: Partial<CaptureQuestion> = {}): CaptureQuestion {
  const { request } = world;
  return {
    plan: {
      repo_root: request.repoRoot,
      venv_python: request.venvPython,
      git_sha: 'a'.repeat(40),
      tree_fingerprint: 'tree',
      stages_yaml_sha256: 'stages',
      calib_version: '0.1.0',
    },
    requirements: request.requirements,
    allowedGpus: null,
    env: { ...request.env, CALIB_NVIDIA_SMI: nvidiaSmi },
    now: request.now,
    root: temporaryFolder(),
    ...more,
  };
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('the fingerprint of a machine', () => {
  test('has its GPUs with driver and CUDA, each kind once', async () => {
    const world = precheckWorld();
    expect(await captureEnvironment(question(world))).toMatchObject({
      schema: 'calib.environment/1',
      captured_at: '2026-04-23T05:00:00Z',
      gpu_models: ['NVIDIA H20'],
      gpu_memory_mib: [97_871],
      gpus: [
        { index: 0, name: 'NVIDIA H20', memory_mib: 97_871, uuid: 'GPU-aaa' },
        { index: 1, uuid: 'GPU-bbb' },
      ],
      driver: '590.10',
      cuda: '13.1',
    });
  });

  test('has the pinned packages, and all that are installed with a hash over them', async () => {
    const world = precheckWorld();
    const captured = await captureEnvironment(question(world));
    expect(captured.packages).toEqual({
      sglang: '0.5.12.post1',
      torch: '2.11.0+cu130',
      flashinfer: null,
      'flashinfer-python': null,
    });
    expect(captured.distributions).toEqual({
      'nova-suite': '1.0',
      sglang: '0.5.12.post1',
      torch: '2.11.0+cu130',
    });
    expect(captured.distributions_sha256).toBe(
      sha256('nova-suite==1.0\nsglang==0.5.12.post1\ntorch==2.11.0+cu130\n'),
    );
    expect(captured.python).toMatch(/^3\.\d+\.\d+/);
  });

  test('has facts of machine and session', async () => {
    const world = precheckWorld();
    const captured = await captureEnvironment(question(world));
    expect(captured).toMatchObject({ git_sha: 'a'.repeat(40), calib_version: '0.1.0', container: 'none' });
    expect([captured.hostname, captured.kernel].every(Boolean)).toBe(true);
    expect([captured.cpu_count ?? 0, captured.memory_mib ?? 0].every((number) => number > 0)).toBe(true);
  });

  test('has the name that CALIB_HOSTNAME gives the machine', async () => {
    const asked = question(precheckWorld());
    const captured = await captureEnvironment({ ...asked, env: { ...asked.env, CALIB_HOSTNAME: 'gpu-01' } });
    expect(captured.hostname).toBe('gpu-01');
  });

  test('looks only at the GPUs that the worker may use', async () => {
    const world = precheckWorld();
    writeText(
      join(world.smi, 'gpus.csv'),
      '0, GPU-aaa, NVIDIA H20, 3, 97871\n1, GPU-bbb, NVIDIA L40, 3, 46068\n',
    );
    const captured = await captureEnvironment(question(world, { allowedGpus: [1] }));
    expect([captured.gpu_models, captured.gpu_memory_mib]).toEqual([['NVIDIA L40'], [46_068]]);
  });

  test('does not ask for GPUs where no stage needs one', async () => {
    const world = precheckWorld();
    const requirements = { ...world.request.requirements, gpus: { needed: 0, model: null, count: null } };
    expect(await captureEnvironment(question(world, { requirements }))).toMatchObject({
      gpus: null,
      gpu_models: null,
      driver: null,
    });
  });

  test('has the commits of the models and datasets that the stages need, where they are cached', async () => {
    const world = precheckWorld();
    const hub = join(world.scratch, 'hf/hub');
    putHubRepository(hub, 'model', 'acme/m', { 'm.safetensors': 'x' });
    putHubRepository(hub, 'model', 'acme/other', { 'm.safetensors': 'x' });
    const requirements = {
      ...world.request.requirements,
      environment: [{ name: 'HF_HOME', value: join(world.scratch, 'hf'), source: 'config' as const }],
      models: { required: ['acme/m'], optional: ['acme/other'] },
      datasets: { required: ['acme/d'], optional: [] },
    };
    const captured = await captureEnvironment(question(world, { requirements }));
    expect(captured.revisions).toEqual({ 'model acme/m': revision });
  });

  test('says null for what cannot be read, and fails for nothing', async () => {
    const world = precheckWorld();
    writeText(join(world.smi, 'fail'), 'driver mismatch');
    const asked = question(world);
    const plan = { ...asked.plan, venv_python: '/nowhere/python' };
    expect(await captureEnvironment({ ...asked, plan })).toMatchObject({
      gpus: null,
      driver: null,
      python: null,
      packages: null,
      distributions_sha256: null,
    });
  });

  test('is the same identity on another host of the same kind', async () => {
    const world = precheckWorld();
    const here = await captureEnvironment(question(world));
    writeText(join(world.smi, 'gpus.csv'), '3, GPU-ccc, NVIDIA H20, 3, 97871\n');
    const venv = putVenv(join(world.scratch, 'other'), [
      { name: 'torch', version: '2.11.0+cu130' },
      { name: 'Nova_Suite', version: '1.0' },
      { name: 'sglang', version: '0.5.12.post1' },
    ]);
    const asked = question(world);
    const there = await captureEnvironment({ ...asked, plan: { ...asked.plan, venv_python: venv } });
    expect(there.identity_sha256).toBe(here.identity_sha256);
  });

  test('is another identity with another driver', async () => {
    const world = precheckWorld();
    const here = await captureEnvironment(question(world));
    writeText(join(world.smi, 'banner.txt'), '| Driver Version: 595.20   CUDA Version: 13.1  |\n');
    const there = await captureEnvironment(question(world));
    expect(there.identity_sha256).not.toBe(here.identity_sha256);
    expect(compareEnvironments(here, there).differences).toMatchObject([
      { field: 'driver', a: '590.10', b: '595.20' },
    ]);
  });
});

describe('variables', () => {
  async function withVariables(env: Record<string, string>): Promise<EnvironmentDocument> {
    const world = precheckWorld();
    const environment = [
      { name: 'HF_HUB_OFFLINE', value: '1', source: 'config' as const },
      { name: 'HF_HOME', value: '/data/hf', source: 'host' as const },
    ];
    const requirements = { ...world.request.requirements, environment };
    const asked = question(world, { requirements });
    return await captureEnvironment({ ...asked, env: { ...asked.env, ...env } });
  }

  test('of the catalog count where they are no paths', async () => {
    const captured = await withVariables({ HF_HUB_OFFLINE: '0', NVIDIA_TF32_OVERRIDE: '0' });
    expect(captured.variables).toEqual({ HF_HUB_OFFLINE: '1', NVIDIA_TF32_OVERRIDE: '0' });
    expect(captured.places).toMatchObject({ HF_HOME: '/data/hf' });
  });

  test('that hold or may hold secrets are nowhere in the document', async () => {
    const secrets = {
      HF_TOKEN: 'hf_secretsecretsecret1',
      HTTPS_PROXY: 'http://user:secret2@proxy:3128',
      https_proxy: 'http://proxy:3129',
      AWS_SECRET_ACCESS_KEY: 'secret3',
      NVIDIA_API_KEY: 'secret4',
    };
    const text = JSON.stringify(await withVariables(secrets));
    expect([...Object.keys(secrets), 'secret', 'proxy:312'].filter((word) => text.includes(word))).toEqual(
      [],
    );
  });
});

describe('the container', () => {
  const digest = `sha256:${'0a'.repeat(32)}`;

  test.each([
    ['CALIB_IMAGE_DIGEST', digest],
    ['OMNI_CI_IMAGE_DIGEST', `registry.example/ci@${digest}`],
  ])('is known by its digest from %s', async (name, value) => {
    const world = precheckWorld();
    const asked = question(world);
    const captured = await captureEnvironment({ ...asked, env: { ...asked.env, [name]: value } });
    expect(captured.image_digest).toBe(digest);
  });

  test('has no digest where nobody says one, or something else', async () => {
    const world = precheckWorld();
    const asked = question(world);
    const captured = await captureEnvironment({
      ...asked,
      env: { ...asked.env, CALIB_IMAGE_DIGEST: 'latest' },
    });
    expect(captured.image_digest).toBeNull();
  });

  test.each([
    ['.dockerenv', '', 'docker'],
    ['run/.containerenv', '', 'podman'],
    ['proc/self/cgroup', '0::/kubepods/besteffort/pod1/abc\n', 'kubernetes'],
    ['proc/self/cgroup', '12:cpuset:/docker/0123\n', 'docker'],
    ['proc/self/mountinfo', '1 2 0:1 /lxc/ci /dev rw\n', 'other'],
  ])('is told by %s: %j', async (path, content, kind) => {
    const root = temporaryFolder();
    writeText(join(root, path), content);
    const captured = await captureEnvironment(question(precheckWorld(), { root }));
    expect(captured.container).toBe(kind);
  });
});

test('one process of the venv is asked', async () => {
  const world = precheckWorld();
  const count = join(world.scratch, 'count');
  const python = join(world.scratch, 'counting');
  writeText(python, `#!/bin/sh\necho once >> '${count}'\nexec '${world.request.venvPython}' "$@"\n`);
  await import('node:fs/promises').then(async ({ chmod }) => await chmod(python, 0o755));
  const asked = question(world);
  const captured = await captureEnvironment({ ...asked, plan: { ...asked.plan, venv_python: python } });
  expect([captured.packages?.['torch'], readFileSync(count, 'utf8')]).toEqual(['2.11.0+cu130', 'once\n']);
});
