import { readFile } from 'node:fs/promises';

import { judgeCapabilities } from '../../domain/precheck/capabilities.ts';
import type { CheckId, CheckResult } from '../../domain/precheck/check-result.ts';
import { judgeDisk } from '../../domain/precheck/judge-disk.ts';
import { judgeEnvironment, judgeSlice } from '../../domain/precheck/judge-environment.ts';
import { judgeScope } from '../../domain/precheck/judge-scope.ts';
import { precheckDocument } from '../../domain/precheck/precheck-document.ts';
import { utcTimestamp } from '../../domain/clock.ts';
import { machineName } from '../machine-name.ts';
import { checkAssets, checkSpeakerSim, hasHfToken } from './check-assets.ts';
import { checkGpus } from './check-gpus.ts';
import { checkGit, checkHost, checkInterpreter, checkRepository, type CheckedGit } from './check-places.ts';
import { checkImports, checkInstall, checkPins, readVenvAndProject } from './check-venv.ts';
import { childEnvironment, type PrecheckOutcome, type PrecheckRequest } from './precheck-request.ts';
import { readDisk } from './read-disk.ts';
import { recordedEnvironment, runtimeFacts } from './runtime-facts.ts';
import { readSliceDirectories } from './slice-directories.ts';

/**
 * The environment gate (spec 04): every check runs, independent ones at the same time, and nothing is changed. Without a
 * project or an interpreter it stops early, because nothing else could be judged (§2 rows 3 and 5).
 */
export async function runPrecheck(request: PrecheckRequest): Promise<PrecheckOutcome> {
  const git = checkGit(request);
  const places: [CheckId, Promise<CheckResult>][] = [
    ['model', Promise.resolve(judgeScope(request.model, request.requirements))],
    ['interpreter', checkInterpreter(request)],
    ['repository', checkRepository(request)],
    ['git', git.then(({ result }) => result)],
    ['host', checkHost(request)],
  ];
  const first = await inOrder(places, request.onCheck);
  if (first.some(({ id, mark }) => (id === 'interpreter' || id === 'repository') && mark === '✗')) {
    return { ok: false, checks: first, document: null };
  }
  const rest = startChecks(request);
  const checks = [...first, ...(await inOrder(rest.ordered, request.onCheck))];
  const facts = await collectFacts(request, rest, await git);
  return {
    ok: checks.every(({ errors }) => errors.length === 0),
    checks,
    document: precheckDocument(facts, checks),
  };
}

/** Starts all checks that need a project and an interpreter, and lists them in the order of their lines. */
function startChecks(request: PrecheckRequest) {
  const { requirements } = request;
  const readings = readVenvAndProject(request);
  const pins = readings.then((found) => checkPins(request, found));
  const gpus = checkGpus(request);
  const imports = checkImports(request, gpus);
  const assets = checkAssets(request);
  const capabilities = readFile(request.processStatus ?? '/proc/self/status', 'utf8')
    .catch(() => '')
    .then((status) => judgeCapabilities(requirements.capabilities, status));
  const ordered: [CheckId, Promise<CheckResult>][] = [
    ['pins', pins.then(({ result }) => result)],
    ['install', readings.then(async (found) => checkInstall(request, found))],
    ['imports', imports.then(({ result }) => result)],
    ['environment', Promise.resolve(judgeEnvironment(requirements))],
    ['slice', readSliceDirectories(childEnvironment(request)).then(judgeSlice)],
    ['assets', assets.then(({ result }) => result)],
    ['speaker_sim', checkSpeakerSim(request)],
    ['capabilities', capabilities.then(({ result }) => result)],
    ['disk', readDisk(request.runFolder).then(judgeDisk)],
    ['gpus', gpus.then(({ result }) => result)],
  ];
  return { ordered, readings, pins, gpus, imports, assets, capabilities };
}

/** Waits for all, telling each as soon as it and those before it are done. */
async function inOrder(
  checks: readonly [CheckId, Promise<CheckResult>][],
  onCheck: PrecheckRequest['onCheck'],
): Promise<CheckResult[]> {
  // Should one fail: none of the others may be left without somebody who waits for it.
  const all = Promise.all(checks.map(async ([, check]) => check));
  all.catch(() => undefined);
  for (const [, check] of checks) {
    onCheck?.(await check);
  }
  return await all;
}

type StartedChecks = ReturnType<typeof startChecks>;

async function collectFacts(
  request: PrecheckRequest,
  started: StartedChecks,
  { git }: CheckedGit,
): Promise<Parameters<typeof precheckDocument>[0]> {
  const [{ venv }, { versions, pins }, { gpus, summary, driver }, { reading }] = await Promise.all([
    started.readings,
    started.pins,
    started.gpus,
    started.imports,
  ]);
  return {
    timestamp: utcTimestamp(request.now),
    model: request.model,
    venv_python: request.venvPython,
    venv_source: request.venvSource,
    versions,
    pins,
    git,
    nvidia_smi_L: driver.list,
    gpu_summary: summary,
    host: request.requirements.host?.name ?? null,
    env: recordedEnvironment(request),
    assets: (await started.assets).assets,
    gpus,
    driver: driver.driver,
    cuda: driver.cuda,
    python: venv.kind === 'facts' ? venv.facts.python : null,
    capabilities: (await started.capabilities).capabilities,
    runtime: runtimeFacts({ hostname: machineName(request.env), request, venv, imports: reading }),
    hf_token_set: hasHfToken(request.env),
    session_id: request.session?.id ?? null,
  };
}
