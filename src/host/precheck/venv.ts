import { readFile, realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';

import { CalibError } from '../../domain/calib-error.ts';
import { checkResult, type CheckResult } from '../../domain/precheck/checks.ts';
import { judgeSettings, type SettingsReading } from '../../domain/precheck/judge-settings.ts';
import {
  judgeImports,
  judgeInstall,
  judgePins,
  type PinsAnswer,
  testRunner,
} from '../../domain/precheck/judge-venv.ts';
import { normalisedName } from '../../domain/python-packages/python-requirements.ts';
import { hasSlice } from '../../domain/precheck/requirements.ts';
import type { ImportReading, ProjectReading, VenvReading } from '../../domain/precheck/venv-facts.ts';
import { judgePytestSettings } from '../../domain/pytest/pytest-settings.ts';
import { messageOf } from '../../domain/text.ts';
import { isAbsent, pathExists } from '../run-directory/files.ts';
import { type PytestLaunch, readPytestSettings } from '../pytest/read-pytest-settings.ts';
import type { CheckedGpus } from './machine.ts';
import { childEnvironment, type PrecheckRequest } from './precheck-request.ts';
import { importScript, runPython, venvScript } from './run-python.ts';

const projectSchema = z.object({
  project: z
    .object({ name: z.string().optional(), dependencies: z.array(z.string()).default([]) })
    .default({ dependencies: [] }),
});

/** Name and dependencies of the checkout's `pyproject.toml`, none without one; what is wrong with the file is a value. */
export async function readProject(repoRoot: string): Promise<ProjectReading> {
  const file = join(repoRoot, 'pyproject.toml');
  try {
    const parsed = projectSchema.safeParse(parse(await readFile(file, 'utf8')));
    if (!parsed.success) {
      const where = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
      return { kind: 'failed', message: `${file}: ${where} is not what a project has there` };
    }
    const { name = null, dependencies } = parsed.data.project;
    return { kind: 'facts', facts: { name, dependencies } };
  } catch (error) {
    if (isAbsent(error)) return { kind: 'facts', facts: { name: null, dependencies: [] } };
    const detail = error instanceof TomlError ? `line ${error.line}: ${error.message.split('\n')[0]}` : error;
    return {
      kind: 'failed',
      message: `${file}: ${messageOf(detail)}`,
    };
  }
}

/** Reading metadata takes well under a second; the rest is for a cold network disk. */
const metadataTimeoutMs = 60_000;
/** torch, sglang and flashinfer together, from a cold disk. */
const importTimeoutMs = 180_000;

const venvSchema = z.object({
  python: z.string(),
  markers: z.record(z.string(), z.string()),
  versions: z.record(z.string(), z.string().nullable()),
  project: z.object({ version: z.string(), editable: z.boolean(), url: z.string().nullable() }).nullable(),
  modules: z.record(z.string(), z.string().nullable()),
  distributions: z.record(z.string(), z.string()).optional(),
});

const importSchema = z.object({
  errors: z.record(z.string(), z.string().nullable()),
  cuda: z.object({ available: z.boolean(), count: z.number(), version: z.string().nullable() }).nullable(),
});

export interface VenvQuestion {
  python: string;
  /** Distribution names. */
  packages: readonly string[];
  modules: readonly string[];
  /** `project.name` of the checkout. */
  project: string | null;
  /** Lists every installed distribution too. */
  all?: boolean;
  env: Readonly<Record<string, string>>;
  cwd: string;
}

/** Asks an interpreter for versions and places from distribution metadata, in one process, importing nothing. */
export async function readVenv(question: VenvQuestion): Promise<VenvReading> {
  const { python, packages, modules, project, all = false, env, cwd } = question;
  return await runPython({
    python,
    options: ['-I'],
    script: venvScript,
    argument: { packages, modules, project, all },
    env,
    cwd,
    timeoutMs: metadataTimeoutMs,
    schema: venvSchema,
  });
}

export interface ImportQuestion {
  python: string;
  modules: readonly string[];
  /** The environment of a pytest launch, with the GPUs to show. */
  env: Readonly<Record<string, string>>;
  /** The repository root, as for pytest. */
  cwd: string;
}

/** Imports the modules in one process that is given up after three minutes. */
export async function readImports({ python, modules, env, cwd }: ImportQuestion): Promise<ImportReading> {
  return await runPython({
    python,
    // Precheck is read-only: no compiled files beside the sources.
    options: ['-B'],
    script: importScript,
    argument: modules,
    env,
    cwd,
    timeoutMs: importTimeoutMs,
    schema: importSchema,
  });
}

/** Distributions of the "verify runtime" block beside the pinned ones. */
export const runtimePackages = ['torch', 'flashinfer-python', 'flashinfer'];

export interface VenvReadings {
  project: ProjectReading;
  venv: VenvReading;
}

/** The checkout's `pyproject.toml` and one look at the interpreter's metadata. */
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

/** Installed versions against the checkout's pins. */
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

/** Whether the venv runs this checkout's code. */
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

/** Whether the repository's pytest settings let every test of the files run once and leave its results. */
export async function checkPytestSettings({
  requirements,
  repoRoot,
}: Pick<PrecheckRequest, 'requirements' | 'repoRoot'>): Promise<CheckResult> {
  const readings = await Promise.all(
    (requirements.launches ?? []).map(async (launch) => await readSettings(repoRoot, launch)),
  );
  return judgeSettings(readings);
}

async function readSettings(repoRoot: string, launch: PytestLaunch): Promise<SettingsReading> {
  try {
    const settings = await readPytestSettings(repoRoot, launch);
    return { file: settings?.file ?? null, ...judgePytestSettings(settings), problem: null };
  } catch (error) {
    if (!(error instanceof CalibError)) throw error;
    return { file: null, args: [], neutralised: [], refused: [], problem: error.message };
  }
}
