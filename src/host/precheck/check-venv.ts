import { realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { checkResult, type CheckResult } from '../../domain/precheck/check-result.ts';
import { judgeImports, testRunner } from '../../domain/precheck/judge-imports.ts';
import { judgeInstall } from '../../domain/precheck/judge-install.ts';
import { judgePins, type PinsAnswer } from '../../domain/precheck/judge-pins.ts';
import { hasSlice } from '../../domain/precheck/requirements.ts';
import { normalisedName } from '../../domain/precheck/requirement.ts';
import type { ImportReading, ProjectReading, VenvReading } from '../../domain/precheck/venv-facts.ts';
import { pathExists } from '../files/path-exists.ts';
import type { CheckedGpus } from './check-gpus.ts';
import { childEnvironment, type PrecheckRequest } from './precheck-request.ts';
import { readProject } from './read-project.ts';
import { readImports, readVenv } from './read-venv.ts';

/** Distributions of the "verify runtime" block (spec 04 §12) beside the pinned ones. */
export const runtimePackages = ['torch', 'flashinfer-python', 'flashinfer'];

export interface VenvReadings {
  project: ProjectReading;
  venv: VenvReading;
}

/** The checkout's `pyproject.toml` and one look at the interpreter's metadata (spec 04 §3). */
export async function readVenvAndProject(request: PrecheckRequest): Promise<VenvReadings> {
  const { requirements, venvPython, repoRoot } = request;
  const project = await readProject(repoRoot);
  const venv = await readVenv({
    python: venvPython,
    packages: [...new Set([...requirements.pins.map((pin) => pin.package), ...runtimePackages])],
    modules: ['flashinfer'],
    project: project.kind === 'facts' ? project.facts.name : null,
    env: childEnvironment(request),
    cwd: repoRoot,
  });
  return { project, venv };
}

/** Installed versions against the checkout's pins (spec 04 §3). */
export function checkPins(request: PrecheckRequest, { project, venv }: VenvReadings): PinsAnswer {
  const { requirements, skipVersionCheck, repoRoot, venvPython } = request;
  const failed = failureOf(request, { project, venv });
  if (project.kind === 'failed' || venv.kind === 'failed') {
    const errors = failed === null ? [] : [failed];
    return { result: checkResult({ id: 'pins', lines: ['pins: unknown'], errors }), versions: {}, pins: {} };
  }
  const question = { rules: requirements.pins, skipVersionCheck, repoRoot, venvPython };
  return judgePins({ ...question, project: project.facts, venv: venv.facts });
}

function failureOf(
  { venvPython }: PrecheckRequest,
  { project, venv }: VenvReadings,
): { message: string; remedies: string[] } | null {
  if (project.kind === 'failed') {
    return { message: project.message, remedies: ['correct the file, or check out a commit that has it'] };
  }
  return venv.kind === 'failed'
    ? {
        message: `${venvPython} does not tell its packages: ${venv.message}`,
        remedies: [`${venvPython} -I -c "import importlib.metadata"`],
      }
    : null;
}

/** Whether the venv runs this checkout's code (spec 04 §10 gate 2). */
export async function checkInstall(
  { requirements, repoRoot, venvPython }: PrecheckRequest,
  { project, venv }: VenvReadings,
): Promise<CheckResult> {
  const install = venv.kind === 'facts' ? venv.facts.project : null;
  const known = project.kind === 'facts' && venv.kind === 'facts';
  return judgeInstall({
    // What could not be read is the pins check's error already.
    projectName: known ? project.facts.name : null,
    install,
    pointsHere: await isSameFolder(install?.url ?? null, repoRoot),
    needed: known && importsOwnModule(requirements.imports, project.facts.name),
    repoRoot,
    venvPython,
  });
}

/** The calibrated project's module among those that must import: `sglang_omni` of `sglang-omni`. */
function importsOwnModule(modules: readonly string[], projectName: string | null): boolean {
  const own = projectName === null ? null : normalisedName(projectName);
  return modules.some((module) => normalisedName(module.split('.')[0] ?? '') === own);
}

async function isSameFolder(url: string | null, folder: string): Promise<boolean> {
  if (url === null || !URL.canParse(url) || !url.startsWith('file:')) {
    return false;
  }
  const [from, here] = await Promise.all(
    [fileURLToPath(url), folder].map((path) => realpath(path).catch(() => path)),
  );
  return from === here;
}

export interface CheckedImports {
  result: CheckResult;
  reading: ImportReading;
}

/** One short process that imports pytest and what the suite needs, with the usable GPUs shown to it. */
export async function checkImports(
  request: PrecheckRequest,
  checkedGpus: Promise<CheckedGpus>,
): Promise<CheckedImports> {
  const { requirements, repoRoot, venvPython } = request;
  const modules = [...new Set([testRunner, ...requirements.imports])];
  const { gpus } = await checkedGpus;
  const inherited = childEnvironment(request);
  const reading = await readImports({
    python: venvPython,
    modules,
    cwd: repoRoot,
    env: {
      ...inherited,
      PYTHONPATH: repoRoot,
      PATH: [dirname(venvPython), inherited['PATH'] ?? ''].filter(Boolean).join(delimiter),
      CUDA_VISIBLE_DEVICES: gpus.map(({ index }) => index).join(','),
      CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    },
  });
  const gpusGiven = gpus.length === 0 ? null : gpus.length;
  const result = judgeImports({
    modules,
    reading,
    gpusGiven,
    repoRoot,
    venvPython,
    isProject: await pathExists(join(repoRoot, 'pyproject.toml')),
    hasSlice: hasSlice(requirements),
  });
  return { result, reading };
}
