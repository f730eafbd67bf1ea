import { access, constants, mkdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import type { CheckResult } from '../../domain/precheck/checks.ts';
import { type GpuFact, gpuSummary, judgeGpus, usableGpus } from '../../domain/precheck/judge-gpus.ts';
import {
  type GitReading,
  type InterpreterQuestion,
  judgeGit,
  judgeHost,
  judgeInterpreter,
  judgeRepository,
} from '../../domain/precheck/judge-machine.ts';
import { type SliceFolder, sliceFolderNames } from '../../domain/precheck/judge-venv.ts';
import { type RuntimeFacts, runtimeVariables } from '../../domain/precheck/precheck-document.ts';
import { hasSlice } from '../../domain/precheck/requirements.ts';
import type { ImportReading, VenvReading } from '../../domain/precheck/venv-facts.ts';
import { readGitState } from '../git/tree.ts';
import { describeBlocker, type Gpu, isFreeGpu, readGpus } from '../gpu/gpus.ts';
import { runBounded } from '../process/run-bounded.ts';
import { recordableEnvironment } from '../pytest/launch-command.ts';
import { hasCode, isFolder, pathExists } from '../run-directory/files.ts';
import { childEnvironment, type PrecheckRequest } from './precheck-request.ts';

export interface DriverFacts {
  /** Raw text of `nvidia-smi -L`, empty where it gave none. */
  list: string;
  driver: string | null;
  /** Newest CUDA that the driver supports. */
  cuda: string | null;
}

export const noDriver: DriverFacts = { list: '', driver: null, cuda: null };

/** The records of `precheck.json` that the gate does not judge; whatever cannot be read is empty. */
export async function readDriver(program: string): Promise<DriverFacts> {
  const [list, banner] = await Promise.all([ask(program, ['-L']), ask(program, [])]);
  return {
    list,
    driver: /Driver Version\s*:\s*([\d.]+)/i.exec(banner)?.[1] ?? null,
    // Drivers from 590 on tell the version of the user-mode driver apart.
    cuda: /CUDA(?: UMD)? Version\s*:\s*([\d.]+)/i.exec(banner)?.[1] ?? null,
  };
}

async function ask(program: string, args: string[]): Promise<string> {
  const run = await runBounded({ program, args, timeoutMs: 20_000 });
  return run.kind === 'exited' && run.exitCode === 0 ? run.stdout : '';
}

export interface CheckedGpus {
  result: CheckResult;
  /** Those that a session here may use. */
  gpus: GpuFact[];
  summary: string;
  driver: DriverFacts;
}

/** The GPUs by the predicate of the launch gate; not asked for where no stage needs one. */
export async function checkGpus(request: PrecheckRequest): Promise<CheckedGpus> {
  const { requirements, allowedGpus: allowed, nvidiaSmi } = request;
  const asked = requirements.gpus;
  if (asked.needed === 0) {
    const result = judgeGpus({ asked, reading: null, allowed });
    return { result, gpus: [], summary: gpuSummary([]), driver: noDriver };
  }
  const program = nvidiaSmi ?? (request.env['CALIB_NVIDIA_SMI'] || 'nvidia-smi');
  const reading = await readGpus({ program });
  if (reading.kind !== 'gpus') {
    const { message, remedy } = reading;
    const result = judgeGpus({ asked, reading: { kind: 'failed', message, remedy }, allowed });
    return { result, gpus: [], summary: gpuSummary([]), driver: noDriver };
  }
  const [driver, ...gpus] = await Promise.all([readDriver(program), ...reading.gpus.map(gpuFact)]);
  const usable = usableGpus(gpus, allowed);
  const result = judgeGpus({ asked, reading: { kind: 'gpus', gpus }, allowed });
  return { result, gpus: usable, summary: gpuSummary(usable), driver };
}

async function gpuFact(gpu: Gpu): Promise<GpuFact> {
  const { processes } = await describeBlocker(gpu);
  return {
    index: gpu.index,
    name: gpu.name,
    uuid: gpu.uuid,
    memory_total_mib: gpu.totalMib,
    memory_used_mib: gpu.usedMib,
    free: isFreeGpu(gpu),
    holders: processes.map(({ pid, owner, command, visible }) =>
      visible ? `pid ${pid} (${owner}) ${command}` : `pid ${pid} of another container (invisible here)`,
    ),
  };
}

/** Whether the chosen interpreter can be run. */
export async function checkInterpreter(
  request: Pick<PrecheckRequest, 'venvPython' | 'venvSource' | 'requirements'>,
): Promise<CheckResult> {
  const { venvPython: python, venvSource: source, requirements } = request;
  const state = await interpreterState(python);
  return judgeInterpreter({
    python,
    source,
    candidates: requirements.venv_candidates,
    state,
    hasSlice: hasSlice(requirements),
  });
}

async function interpreterState(python: string): Promise<InterpreterQuestion['state']> {
  const stats = await stat(python).catch(() => null);
  if (stats === null) {
    return 'missing';
  }
  const executable = await access(python, constants.X_OK).then(
    () => true,
    () => false,
  );
  return executable && stats.isFile() ? 'executable' : 'not executable';
}

/** Whether the repository root is there, with a project file where versions are to follow its pins. */
export async function checkRepository({ repoRoot, requirements }: PrecheckRequest): Promise<CheckResult> {
  return judgeRepository({
    repoRoot,
    exists: await isFolder(repoRoot),
    hasProjectFile: await pathExists(join(repoRoot, 'pyproject.toml')),
    pinned: requirements.pins.map((pin) => pin.package),
  });
}

export interface CheckedGit {
  result: CheckResult;
  /** Empty where there is no commit. */
  git: { sha: string; branch: string; dirty: boolean };
}

/** The checkout's commit, and in a session whether it is still the session's. */
export async function checkGit({ repoRoot, session }: PrecheckRequest): Promise<CheckedGit> {
  const reading = await readGitState(repoRoot).then(
    ({ sha, branch, dirty }): GitReading => ({ kind: 'state', sha, branch, dirty }),
    gitFailure,
  );
  const result = judgeGit(reading, session?.gitSha ?? null);
  const git =
    reading.kind === 'state'
      ? { sha: reading.sha, branch: reading.branch, dirty: reading.dirty }
      : { sha: '', branch: '', dirty: false };
  return { result, git };
}

function gitFailure(error: unknown): GitReading {
  if (!(error instanceof CalibError)) {
    throw error;
  }
  const remedy = error.remedy ?? 'run git status in the checkout and look at what it says';
  return { kind: 'failed', message: error.message, remedy };
}

/** Whether every path of the active host profile exists. */
export async function checkHost({
  requirements,
  repoRoot,
  venvPython,
}: PrecheckRequest): Promise<CheckResult> {
  const { host } = requirements;
  const paths =
    host === null
      ? []
      : [host.venv_python, host.hf_hub, host.speaker_sim, host.omni_ci_home, ...host.checklist];
  const named = paths.filter((path): path is string => path !== null);
  if (host?.repo_root) named.push(host.repo_root);
  const found = await Promise.all(named.map(async (path) => [path, await pathExists(path)] as const));
  return judgeHost({ requirements, repoRoot, venvPython, exists: Object.fromEntries(found) });
}

export interface RuntimeQuestion {
  hostname: string;
  request: PrecheckRequest;
  venv: VenvReading;
  /** Null where nothing had to be imported. */
  imports: ImportReading | null;
}

/** The "verify runtime" block, from what the checks have read anyway. */
export function runtimeFacts({ hostname, request, venv, imports }: RuntimeQuestion): RuntimeFacts {
  const env = recordedEnvironment(request);
  const versions = venv.kind === 'facts' ? venv.facts.versions : {};
  const flashinfer = versions['flashinfer-python'] ?? versions['flashinfer'] ?? null;
  const location = venv.kind === 'facts' ? (venv.facts.modules['flashinfer'] ?? null) : null;
  return {
    hostname,
    python: venv.kind === 'facts' ? venv.facts.python : null,
    torch: versions['torch'] ?? null,
    torch_cuda: imports?.kind === 'facts' ? (imports.facts.cuda?.version ?? null) : null,
    flashinfer: flashinfer === null ? null : { version: flashinfer, location },
    env: Object.fromEntries(runtimeVariables.map((name) => [name, env[name] ?? null])),
  };
}

const proxyName = /^(https?|all|ftp)_proxy$/i;

/** The environment as it may stand in an artifact: by allow-list, of proxies only that they are set. */
export function recordedEnvironment(request: PrecheckRequest): Record<string, string> {
  const env = childEnvironment(request);
  const catalogNames = request.requirements.environment.map(({ name }) => name);
  const proxies = Object.keys(env)
    .filter((name) => proxyName.test(name) && env[name] !== '')
    .sort();
  return {
    ...recordableEnvironment({ env, catalogNames }),
    ...Object.fromEntries(proxies.map((name) => [name, '(set, not recorded)'])),
  };
}

/** The state of the two slice folders; null where the environment has no `OMNI_CI_HOME`. */
export async function readSliceDirectories(
  env: Readonly<Record<string, string>>,
): Promise<SliceFolder[] | null> {
  const home = env['OMNI_CI_HOME'];
  return home ? await Promise.all(sliceFolderNames.map((name) => readFolder(join(home, name)))) : null;
}

async function readFolder(path: string): Promise<SliceFolder> {
  const stats = await stat(path).catch(() => null);
  if (stats === null || !stats.isDirectory()) {
    return { path, state: stats === null ? 'missing' : 'not a folder' };
  }
  const writable = await access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  return { path, state: writable ? 'writable' : 'read-only' };
}

/**
 * Makes the two empty slice folders where they are missing: the one creation that the start of a run is allowed.
 * `OMNI_CI_HOME` itself is never made, and a folder that cannot be made is left to the check.
 */
export async function createSliceDirectories(env: Readonly<Record<string, string>>): Promise<string[]> {
  const home = env['OMNI_CI_HOME'];
  const made: string[] = [];
  for (const name of home && isAbsolute(home) ? sliceFolderNames : []) {
    const path = join(home ?? '', name);
    try {
      await mkdir(path);
      made.push(path);
    } catch (error) {
      if (!isRefusal(error)) {
        throw error;
      }
    }
  }
  return made;
}

function isRefusal(error: unknown): boolean {
  return ['EEXIST', 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS'].some((code) => hasCode(error, code));
}
