import { access, readFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';

import {
  type EnvironmentDocument,
  type EnvironmentFacts,
  identityText,
  splitVariables,
} from '../../domain/fingerprint/environment.ts';
import { gpuKinds, hubRevisions } from '../../domain/fingerprint/precheck-environment.ts';
import { usableGpus } from '../../domain/precheck/judge-gpus.ts';
import type { PrecheckRequirements } from '../../domain/precheck/requirements.ts';
import type { SessionPlan } from '../../domain/session/session-plan.ts';
import { utcTimestamp } from '../../domain/text.ts';
import { readGpus } from '../gpu/gpus.ts';
import { machineName } from '../machine-name.ts';
import { hubPlace, readDefaultRevision } from '../precheck/assets.ts';
import { noDriver, readDriver } from '../precheck/machine.ts';
import { childEnvironment } from '../precheck/precheck-request.ts';
import { readVenv, runtimePackages } from '../precheck/venv.ts';
import { recordableEnvironment } from '../pytest/launch-command.ts';
import { sha256Of } from '../run-directory/files.ts';

export interface ContainerFacts {
  /** `docker`, `podman`, `kubernetes`, `other`, or `none` outside of a container. */
  container: string;
  /** `sha256:…`; null where nobody says. */
  image_digest: string | null;
}

/** In this order; the latter two are what v0.7.0 of the original tool reads. */
const digestVariables = ['CALIB_IMAGE_DIGEST', 'OMNI_CI_IMAGE_DIGEST', 'CONTAINER_IMAGE_DIGEST'] as const;

/**
 * The container that calib runs in. Files tell its kind only; its image's digest is known to who started it.
 *
 * @param root folder that stands for `/`, for tests
 */
export async function readContainer(env: NodeJS.ProcessEnv, root = '/'): Promise<ContainerFacts> {
  return { container: await containerKind(env, root), image_digest: imageDigest(env) };
}

function imageDigest(env: NodeJS.ProcessEnv): string | null {
  for (const name of digestVariables) {
    const digest = /(?:^|@)(sha256:[0-9a-f]{64})$/.exec(env[name]?.trim() ?? '')?.[1];
    if (digest !== undefined) return digest;
  }
  return null;
}

async function containerKind(env: NodeJS.ProcessEnv, root: string): Promise<string> {
  const groups = `${await contentOf(root, 'proc/self/cgroup')}\n${await contentOf(root, 'proc/self/mountinfo')}`;
  // Before the runtime's own traces: a pod's containers have those too.
  if (env['KUBERNETES_SERVICE_HOST'] || groups.includes('kubepods')) return 'kubernetes';
  if (await exists(root, '.dockerenv')) return 'docker';
  if (await exists(root, 'run/.containerenv')) return 'podman';
  if (/\/docker[/-]/.test(groups)) return 'docker';
  if (groups.includes('/libpod')) return 'podman';
  return /\/(lxc|containerd|machine\.slice)\b/.test(groups) ? 'other' : 'none';
}

async function contentOf(root: string, path: string): Promise<string> {
  return await readFile(join(root, path), 'utf8').catch(() => '');
}

async function exists(root: string, path: string): Promise<boolean> {
  return await access(join(root, path)).then(
    () => true,
    () => false,
  );
}

export interface CaptureQuestion {
  plan: Pick<
    SessionPlan,
    'repo_root' | 'venv_python' | 'git_sha' | 'tree_fingerprint' | 'stages_yaml_sha256' | 'calib_version'
  >;
  /** What the plan asks of a machine: pins, catalog environment, hub repositories, whether it needs GPUs. */
  requirements: Pick<PrecheckRequirements, 'pins' | 'environment' | 'gpus' | 'models' | 'datasets'>;
  /** `nvidia-smi` indices that may be used, null for all. */
  allowedGpus: readonly number[] | null;
  /** calib's own environment. */
  env: NodeJS.ProcessEnv;
  now: Date;
  /** Folder that stands for `/` where traces of a container are looked for; tests give another. */
  root?: string;
}

/**
 * The fingerprint of this machine for a session. One process of the venv is asked, importing nothing; what
 * cannot be read is null, never a failure. Holds no secret: variables are recorded by allow-list, proxies never.
 */
export async function captureEnvironment(question: CaptureQuestion): Promise<EnvironmentDocument> {
  const { plan, env, now } = question;
  const [gpus, python, revisions, container] = await Promise.all([
    gpuFields(question),
    pythonFields(question),
    readRevisions(question),
    readContainer(env, question.root),
  ]);
  const facts: EnvironmentFacts = {
    ...gpus,
    ...container,
    ...python,
    revisions,
    ...variableFields(question),
    cpu_model: cpus()[0]?.model.trim() || null,
    cpu_count: availableParallelism(),
    hostname: machineName(env),
    kernel: release(),
    memory_mib: Math.round(totalmem() / 2 ** 20),
    git_sha: plan.git_sha,
    tree_fingerprint: plan.tree_fingerprint,
    stages_yaml_sha256: plan.stages_yaml_sha256,
    calib_version: plan.calib_version,
  };
  return {
    schema: 'calib.environment/1',
    captured_at: utcTimestamp(now),
    identity_sha256: sha256Of(identityText(facts)),
    ...facts,
  };
}

type GpuFields = Pick<EnvironmentFacts, 'gpu_models' | 'gpu_memory_mib' | 'gpus' | 'driver' | 'cuda'>;

/** As in precheck, the driver is not asked where no stage needs a GPU. */
async function gpuFields({ requirements, allowedGpus, env }: CaptureQuestion): Promise<GpuFields> {
  const unknown: GpuFields = {
    gpu_models: null,
    gpu_memory_mib: null,
    gpus: null,
    driver: noDriver.driver,
    cuda: noDriver.cuda,
  };
  if (requirements.gpus.needed === 0) return unknown;
  const program = env['CALIB_NVIDIA_SMI'] || 'nvidia-smi';
  const [reading, driver] = await Promise.all([readGpus({ program }), readDriver(program)]);
  if (reading.kind !== 'gpus') return { ...unknown, driver: driver.driver, cuda: driver.cuda };
  const gpus = usableGpus(reading.gpus, allowedGpus).map(({ index, name, totalMib, uuid }) => ({
    index,
    name,
    memory_mib: totalMib,
    uuid,
  }));
  return { ...gpuKinds(gpus), gpus, driver: driver.driver, cuda: driver.cuda };
}

type PythonFields = Pick<EnvironmentFacts, 'python' | 'packages' | 'distributions' | 'distributions_sha256'>;

async function pythonFields({ plan, requirements, env }: CaptureQuestion): Promise<PythonFields> {
  const reading = await readVenv({
    python: plan.venv_python,
    packages: [...new Set([...requirements.pins.map((pin) => pin.package), ...runtimePackages])],
    modules: [],
    project: null,
    all: true,
    env: childEnvironment({ env, requirements }),
    cwd: plan.repo_root,
  });
  if (reading.kind === 'failed') {
    return { python: null, packages: null, distributions: null, distributions_sha256: null };
  }
  const { python, versions, distributions = null } = reading.facts;
  const distributions_sha256 = distributions === null ? null : sha256Of(distributionLines(distributions));
  return { python, packages: versions, distributions, distributions_sha256 };
}

function distributionLines(distributions: Record<string, string>): string {
  return Object.entries(distributions)
    .map(([name, version]) => `${name}==${version}\n`)
    .sort()
    .join('');
}

async function readRevisions({ requirements, env }: CaptureQuestion): Promise<EnvironmentFacts['revisions']> {
  const { dir } = hubPlace(childEnvironment({ env, requirements }));
  const wanted = [
    ...requirements.models.required.map((id) => ({ id, kind: 'model' as const })),
    ...requirements.datasets.required.map((id) => ({ id, kind: 'dataset' as const })),
  ];
  const found = wanted.map(async ({ id, kind }) => ({
    id,
    kind,
    revision: await readDefaultRevision(dir, kind, id),
  }));
  return hubRevisions(await Promise.all(found));
}

function variableFields({
  requirements,
  env,
}: CaptureQuestion): Pick<EnvironmentFacts, 'variables' | 'places'> {
  const catalogNames = requirements.environment.map(({ name }) => name);
  const recordable = recordableEnvironment({ env: childEnvironment({ env, requirements }), catalogNames });
  return splitVariables(recordable, catalogNames);
}
