import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { CalibError } from '../../domain/calib-error.ts';
import type { CheckId, CheckResult } from '../../domain/precheck/checks.ts';
import { judgeDisk } from '../../domain/precheck/judge-disk.ts';
import { judgeCapabilities } from '../../domain/precheck/judge-machine.ts';
import { judgeEnvironment, judgeScope, judgeSlice } from '../../domain/precheck/judge-venv.ts';
import { precheckDocument, type PrecheckDocument } from '../../domain/precheck/precheck-document.ts';
import { utcTimestamp } from '../../domain/text.ts';
import { machineName } from '../machine-name.ts';
import { readIfPresent, writeFileAtomic, writeJsonAtomic } from '../run-directory/files.ts';
import { runPaths } from '../run-directory/paths.ts';
import { readPlan } from '../run-directory/plan-file.ts';
import { checkAssets, checkSpeakerSim, hasHfToken } from './assets.ts';
import { checkCiReference } from './check-ci-reference.ts';
import { checkJitCache } from './check-jit-cache.ts';
import {
  type CheckedGit,
  checkGit,
  checkGpus,
  checkHost,
  checkInterpreter,
  checkRepository,
  readSliceDirectories,
  recordedEnvironment,
  runtimeFacts,
} from './machine.ts';
import { childEnvironment, type PrecheckOutcome, type PrecheckRequest } from './precheck-request.ts';
import { readDisk } from './read-disk.ts';
import { parseJson } from './run-python.ts';
import { checkImports, checkInstall, checkPins, checkPytestSettings, readVenvAndProject } from './venv.ts';

/**
 * The environment gate: every check runs, independent ones at the same time, and nothing is changed. Without a
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
    ['pytest', checkPytestSettings(request)],
    ['environment', Promise.resolve(judgeEnvironment(requirements))],
    ['slice', readSliceDirectories(childEnvironment(request)).then(judgeSlice)],
    ['jit_cache', readings.then(async ({ venv }) => checkJitCache(request, venv))],
    ['assets', assets.then(({ result }) => result)],
    ['speaker_sim', checkSpeakerSim(request)],
    ['capabilities', capabilities.then(({ result }) => result)],
    ['disk', readDisk(request).then(judgeDisk)],
    ['gpus', gpus.then(({ result }) => result)],
  ];
  const { ci_reference: reference } = requirements;
  const ci = reference === undefined ? undefined : checkCiReference(request, reference);
  if (ci !== undefined) ordered.push(['ci_reference', ci.then(({ result }) => result)]);
  return { ordered, ci, readings, pins, gpus, imports, assets, capabilities };
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
    ci: (await started.ci)?.ci,
  };
}

/**
 * Refuses a folder whose `precheck.json` is somebody else's: that of a session, for a precheck that stands alone, or of
 * another session. Call it before anything is checked.
 *
 * @param sessionId null for a precheck that stands alone
 * @throws CalibError `refused`
 */
export async function refuseForeignDirectory(dir: string, sessionId: string | null): Promise<void> {
  if ((await readIfPresent(runPaths.plan(dir))) === null) {
    return;
  }
  const owner = (await readPlan(dir)).session_id;
  // A directory of tune.py records no id; only the session that resumed it gets here with one.
  if (sessionId !== null && (owner === undefined || owner === sessionId)) {
    return;
  }
  throw new CalibError(
    'refused',
    `${dir} belongs to session ${owner ?? '(made by tune.py)'}: its precheck.json stays`,
    {
      remedy: 'give another folder to --output-dir',
    },
  );
}

const recordedSchema = z.looseObject({ timestamp: z.string() });

/**
 * Writes `precheck.json` whole. The record of an earlier start of the same session, which its observations ran under,
 * is kept beside it by its time.
 *
 * @throws CalibError `refused` as `refuseForeignDirectory`, `not-ready` when the file system refuses
 */
export async function writePrecheck(dir: string, document: PrecheckDocument): Promise<string> {
  await refuseForeignDirectory(dir, document.session_id);
  const path = runPaths.precheck(dir);
  const earlier = document.session_id === null ? null : await readIfPresent(path);
  if (earlier !== null) {
    await keepEarlier(dir, earlier, document);
  }
  await writeJsonAtomic(path, document);
  return path;
}

async function keepEarlier(dir: string, earlier: Buffer, { timestamp }: PrecheckDocument): Promise<void> {
  const recorded = recordedSchema.safeParse(parseJson(earlier.toString('utf8')));
  const at = recorded.success ? recorded.data.timestamp.replaceAll(/[^0-9TZ]/g, '') : 'damaged';
  if (!recorded.success || recorded.data.timestamp !== timestamp) {
    await writeFileAtomic(join(dir, `precheck.${at}.json`), earlier);
  }
}
