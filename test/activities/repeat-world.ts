import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ApplicationFailure } from '@temporalio/activity';
import { onTestFinished } from 'vitest';

import type { ActivityDependencies } from '../../src/activities/repeat/repeat.ts';
import type { PooledOutcome, RunRepeatInput } from '../../src/activities/activity-types.ts';
import { createActivities } from '../../src/activities/create-activities.ts';
import type { Attempt, Observation } from '../../src/domain/observation/observation.ts';
import { type Policies, policiesSchema } from '../../src/domain/session/session-plan.ts';
import type { StageDefinition } from '../../src/domain/stages/stage.ts';
import { renderStagesYaml } from '../../src/domain/stages/stages-yaml.ts';
import { readGitState } from '../../src/host/git/tree.ts';
import { readAttempts } from '../../src/host/run-directory/attempts-file.ts';
import { runPaths } from '../../src/host/run-directory/paths.ts';
import { type Tried, startRepeat } from './start-repeat.ts';
import { builtFixture } from '../fixtures/built-fixture.ts';
import { makeMetric, makePlan, makeStage } from '../domain/audit/snapshot-fixture.ts';
import { scratchRepository } from '../host/git/scratch-repository.ts';

export const NAMESPACE = 'test_nova_ci';
export const SESSION = '20260423T050000Z_nova';
const TEST_FILE = 'tests/ci/test_nova_ci.py';
const RESULTS = 'test_nova0/nova_results.json';
const nvidiaSmi = fileURLToPath(new URL('../fixtures/nvidia-smi/nvidia-smi', import.meta.url));

/** Two stages that one file feeds. */
export const novaStages: StageDefinition[] = [
  makeStage({ expected_samples: 5 }),
  makeStage({
    key: 'nova_speed',
    title: 'NOVA Speed',
    group: 'speed',
    metrics: { throughput_qps: makeMetric({ json_path: 'summary.throughput_qps' }) },
  }),
];

const workerProgram = builtFixture('repeat-worker/repeat-worker');

export const GOOD = { accuracy: 0.56, throughput_qps: 4.2, total_samples: 5, completed: 5 };

/** In the stand-in's language: writes the results, and more. */
export const measured = (values: Record<string, unknown> = GOOD) =>
  `result '${JSON.stringify({ summary: values })}'\n`;

/** What `python -m pytest` does here: shell steps that the test wrote. */
const standIn = `#!/bin/sh
for argument; do case "$argument" in --basetemp=*) BASETEMP=\${argument#--basetemp=};; --junitxml=*) JUNIT=\${argument#--junitxml=};; esac; done
mkdir -p "$BASETEMP/test_nova0"
result() { printf '%s' "$1" > "$BASETEMP/${RESULTS}"; }
await() { while [ ! -e "$1" ]; do sleep 0.02; done; }
. "$STEPS"
`;

/** In a hurry, and patient where it costs nothing. */
const timing = {
  gatePollMs: 20,
  recheckMs: 10,
  driverAnswerMs: 10_000,
  slotPollMs: 10,
  cleanupEveryMs: 60_000,
  waitingLineEveryMs: 30_000,
  runningLineEveryMs: 60_000,
  slowStartupMs: 60_000,
  heartbeatEveryMs: 1000,
  graceMs: 500,
  killWaitMs: 2000,
  busyRetryMs: 10,
};

export interface RepeatWorldOptions {
  /** GPUs that the unit needs. */
  gpus?: number;
  policies?: Partial<Policies>;
  stages?: StageDefinition[];
  cleanupScript?: string;
  env?: Record<string, string>;
  /** The catalog's environment, given the world's folder. */
  environment?: (folder: string) => Record<string, string>;
  pytestArgs?: string[];
  deps?: Partial<ActivityDependencies>;
  /** Its directory is this host's part in a session of that one. */
  /** Of its session. */
  purpose?: 'calibration' | 'smoke';
  mirrorOf?: { hostname: string; run_dir: string };
}

/** What git says of a fresh checkout, by its commit: every copy of a template is the same. */
const firstStates = new Map<string, ReturnType<typeof readGitState>>();

async function firstState(root: string, sha: string): ReturnType<typeof readGitState> {
  const known = firstStates.get(sha);
  if (known !== undefined) return await known;
  const asked = readGitState(root, { excludePaths: [join(root, '.tune-runs')] });
  firstStates.set(sha, asked);
  return await asked;
}

/** A checkout, a session's run directory in it, and a machine with GPUs that exist on paper. */
export async function repeatWorld(options: RepeatWorldOptions = {}) {
  const stages = options.stages ?? novaStages;
  const repository = scratchRepository({
    [TEST_FILE]: 'def test_nova(): ...\n',
    '.gitignore': '.tune-runs/\n',
  });
  const { root } = repository;
  const folder = mkdtempSync(join(tmpdir(), 'calib-world-'));
  const path = (name: string) => join(folder, name);
  const runDir = join(root, '.tune-runs', SESSION);
  mkdirSync(runDir, { recursive: true });
  writeFileSync(path('python'), standIn);
  chmodSync(path('python'), 0o755);
  const git = await firstState(root, repository.sha);
  const writeStages = (changed: StageDefinition[]) =>
    writeFileSync(runPaths.stagesYaml(runDir), renderStagesYaml(changed));
  writeStages(stages);
  const policies = policiesSchema.parse({ timeout_s: 60, gpu_wait_s: 60, ...options.policies });
  const plan = makePlan(stages, {
    session_id: SESSION,
    calibration_git_sha: git.sha,
    git_sha: git.sha,
    tree_fingerprint: git.treeFingerprint,
    repo_root: root,
    venv_python: path('python'),
    hostname: 'host-a',
    environment: options.environment?.(folder) ?? {},
    cleanup_script: options.cleanupScript ?? null,
    policies,
    ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
    ...(options.mirrorOf === undefined ? {} : { mirror_of: options.mirrorOf }),
    units: [
      {
        namespace: NAMESPACE,
        test: TEST_FILE,
        env: { STEPS: path('steps.sh'), WORLD: folder, ...options.env },
        gpus: options.gpus ?? 0,
        stages: stages.map((stage) => stage.key),
        pytest_args: options.pytestArgs ?? [],
      },
    ],
  });
  const writePlan = () => writeFileSync(runPaths.plan(runDir), JSON.stringify(plan, null, 2));
  writePlan();
  const place = { runDir, namespace: NAMESPACE, repeat: 1 };
  const environment = environmentOf({
    CALIB_LEASE_SCOPE: `test-${randomUUID().slice(0, 8)}`,
    CALIB_NVIDIA_SMI: nvidiaSmi,
    NVIDIA_SMI_WORLD: folder,
  });
  const deps: ActivityDependencies = {
    hostname: 'host-a',
    gpus: null,
    lanes: 1,
    isSessionOpen: () => Promise.resolve(true),
    ...options.deps,
    timing: { ...timing, ...options.deps?.timing },
  };
  const world = {
    root,
    folder,
    runDir,
    place,
    path,
    git: repository.git,
    write: repository.write,
    chmod: (name: string) => chmodSync(join(root, name), 0o755),
    /** The session observes what is checked out now. */
    replan: async () => {
      const now = await readGitState(root, { excludePaths: [join(root, '.tune-runs')] });
      Object.assign(plan, {
        git_sha: now.sha,
        calibration_git_sha: now.sha,
        tree_fingerprint: now.treeFingerprint,
      });
      writePlan();
    },
    writeStages,
    /** Other fields of `plan.json`. */
    plan: (more: Partial<typeof plan>) => {
      Object.assign(plan, more);
      writePlan();
    },
    limitWait: (seconds: number) => {
      plan.policies = { ...policies, gpu_wait_s: seconds };
      writePlan();
    },
    /** What the next pytest does, as shell steps; `result`, `await` and `$BASETEMP` are at hand. */
    steps: (text: string) => writeFileSync(path('steps.sh'), text),
    gpus: (...usedMib: number[]) => {
      const lines = usedMib.map((mib, index) => `${index}, GPU-${index}, H20, ${mib}, 97871`);
      writeFileSync(path('gpus.csv'), `${lines.join('\n')}\n`);
      if (!existsSync(path('processes.csv'))) writeFileSync(path('processes.csv'), '');
    },
    onGpu: (...processes: { gpu: number; pid: number; name?: string }[]) => {
      const lines = processes.map(({ gpu, pid, name = 'python' }) => `GPU-${gpu}, ${pid}, ${name}, 70000`);
      writeFileSync(path('processes.csv'), lines.length === 0 ? '' : `${lines.join('\n')}\n`);
    },
    input: (more: Partial<RunRepeatInput> = {}): RunRepeatInput => ({
      session_id: SESSION,
      run_dir: runDir,
      namespace: NAMESPACE,
      repeat: 1,
      pass: 1,
      reextract: false,
      ...more,
    }),
    start: (more: Partial<RunRepeatInput> = {}, other: Partial<ActivityDependencies> = {}) =>
      startRepeat({ input: world.input(more), deps: { ...deps, ...other } }),
    run: async (more: Partial<RunRepeatInput> = {}, other: Partial<ActivityDependencies> = {}) =>
      await world.start(more, other).result,
    attempts: (): Promise<Attempt[]> => readAttempts(place),
    observation: (stage: string, repeat = 1): Observation | null => {
      const file = runPaths.observation(runDir, stage, repeat);
      return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Observation) : null;
    },
    /** `run.log` without its times. */
    milestones: () =>
      world
        .runLog()
        .split('\n')
        .filter(Boolean)
        .map((line) => line.slice('2026-04-23T05:00:00Z '.length)),
    /** Another worker on this machine, in a process of its own. */
    otherWorker: (more: Partial<RunRepeatInput> = {}, other: Partial<ActivityDependencies> = {}) =>
      startWorker({ input: world.input(more), deps: { ...deps, ...other } }),
    purge: async (commandId: string) => {
      await createActivities(deps).discardRepeat({
        run_dir: runDir,
        namespace: NAMESPACE,
        repeat: 1,
        reason: 'asked',
        command_id: commandId,
      });
    },
    put: (name: string, text: string) => {
      mkdirSync(dirname(path(name)), { recursive: true });
      writeFileSync(path(name), text);
    },
    makeFolder: (folder: string) => mkdirSync(folder, { recursive: true }),
    remove: (name: string) => rmSync(path(name), { recursive: true }),
    runLog: () => (existsSync(runPaths.runLog(runDir)) ? readFileSync(runPaths.runLog(runDir), 'utf8') : ''),
    exists: (name: string) => existsSync(path(name)),
    read: (name: string) => (existsSync(path(name)) ? readFileSync(path(name), 'utf8') : ''),
    pids: (name: string) => world.read(name).split('\n').filter(Boolean).map(Number),
  };
  world.gpus(0, 0);
  onTestFinished(() => {
    environment.restore();
    repository.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return world;
}

export type RepeatWorld = Awaited<ReturnType<typeof repeatWorld>>;

/** The outcome; fails where the attempt threw. */
export function outcomeOf(tried: Tried): PooledOutcome {
  if (tried.kind === 'returned') return tried.outcome;
  throw tried.failure;
}

/** Type and message of the failure that was thrown. */
export function failureOf(tried: Tried): string {
  if (tried.kind === 'returned') throw new Error(`returned ${JSON.stringify(tried.outcome)}`);
  const { failure } = tried;
  if (!(failure instanceof ApplicationFailure)) throw failure;
  return `${failure.nonRetryable ? 'final ' : ''}${failure.type ?? ''}: ${failure.message}`;
}

function startWorker(start: { input: RunRepeatInput; deps: ActivityDependencies }) {
  const child = spawn(process.execPath, [workerProgram, JSON.stringify(start)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return {
    said: () => said,
    gone,
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function environmentOf(variables: Record<string, string>) {
  const before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
  Object.assign(process.env, variables);
  return {
    restore: () => {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    },
  };
}
