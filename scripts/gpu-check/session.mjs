/** A session of the tiny GPU suite through `calib up` and `calib start`, in a folder that is removed afterwards. */
import { once } from 'node:events';
import { copyFileSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { run, start, StepFailed } from '../child-processes.mjs';
import { calib, venvPython } from '../setup.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const repeats = 2;

/** JIT caches are kept: the suite compiles nothing, and the caches of this machine are somebody's. */
const config = `name: gpu-check
default_venv_python: ${venvPython}
jit_cache: keep
gpus_per_test: {test_gpu_memory_ci.py: 1}
test_globs: [tests/test_*_ci.py]
stage_base_strip_prefix: test_
stage_base_strip_suffix: _ci
metric_sources:
  test_gpu_memory_ci.py:
    json_file: test_gpu_memory0/results.json
    expected_samples: 3
    sample_counts: {total: total, ok: ok}
    paths: {throughput_qps: fills_per_s}
`;

/**
 * Makes the suite as a repository of one commit, with its catalog.
 *
 * @param folder where everything goes, absolute
 * @param memory the Python module that holds memory on a GPU
 */
export async function makeSuite(folder, memory) {
  const repository = join(folder, 'suite');
  mkdirSync(join(repository, 'tests'), { recursive: true });
  mkdirSync(join(repository, 'models/gpu-check'), { recursive: true });
  copyFileSync(join(here, 'test_gpu_memory_ci.py'), join(repository, 'tests/test_gpu_memory_ci.py'));
  copyFileSync(memory, join(repository, 'tests/gpu_memory.py'));
  writeFileSync(join(repository, 'models/gpu-check/config.yaml'), config);
  writeFileSync(join(repository, '.gitignore'), '.tune-runs/\n__pycache__/\n.pytest_cache/\n');
  const identity = [
    '-c',
    'user.name=calib',
    '-c',
    'user.email=calib@localhost',
    '-c',
    'commit.gpgsign=false',
  ];
  const git = (...args) => run('git', ['-C', repository, '-c', 'init.defaultBranch=main', ...args]);
  await git('init', '--quiet');
  await git('add', '--all');
  await git(...identity, 'commit', '--quiet', '--message', 'A suite that holds GPU memory');
  return repository;
}

/** `calib up` for one GPU, with its server and all its state below the folder; resolves when its worker polls. */
export async function startUp(folder, gpu) {
  const log = join(folder, 'up.log');
  const db = join(folder, 'temporal.db');
  const args = ['up', '--json', '--port', '0', '--ui-port', '0', '--db', db, '--gpus', `${gpu}`, '--no-host'];
  const env = { ...process.env, XDG_STATE_HOME: join(folder, 'state') };
  const child = start(calib, args, { stdio: ['ignore', 'pipe', openSync(log, 'a')], env });
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([first]) => first),
    child.ended.then(() => null),
  ]);
  if (line === null) throw new StepFailed(`calib up ended: ${lastLines(readFileSync(log, 'utf8'))}`);
  const { address } = JSON.parse(line);
  return { child, env: { ...env, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: 'default' }, address };
}

/** Runs a command of calib; its output, or what it said when it failed. */
async function command(env, args) {
  const child = start(calib, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  const { code } = await child.ended;
  if (code !== 0) throw new StepFailed(`calib ${args[0]} gave exit code ${code}: ${lastLines(said)}`);
  return said;
}

/** A session of two repeats from the start to its end; gives what its records say of the GPU. */
export async function runSession({ repository, env }) {
  const place = ['--catalog', repository, '--model', 'gpu-check', '--repo-root', repository, '--no-host'];
  const plan = [
    '--stages',
    'ALL',
    '--repeats',
    `${repeats}`,
    '--label',
    'gpu-check',
    '--venv-python',
    venvPython,
  ];
  await command(env, ['start', ...place, ...plan]);
  const runs = join(repository, '.tune-runs');
  const [session] = readdirSync(runs).filter((name) => name.endsWith('_gpu-check'));
  if (session === undefined) throw new StepFailed(`no run directory in ${runs}`);
  const runDir = join(runs, session);
  await command(env, ['strict-audit', runDir]);
  await command(env, ['signal', session, 'apply', '--mode', 'report']);
  await command(env, ['watch', session, '--until-end']);
  return Array.from({ length: repeats }, (_, index) => readRecord(runDir, index + 1));
}

function readRecord(runDir, repeat) {
  const path = join(runDir, 'gpu_memory_speed', `run${repeat}.json`);
  const results = join(
    runDir,
    '_pytest/test_gpu_memory_ci',
    `basetemp_run${repeat}`,
    'test_gpu_memory0/results.json',
  );
  const record = JSON.parse(readFileSync(path, 'utf8'));
  return { ...record, left_behind: JSON.parse(readFileSync(results, 'utf8')).left_behind };
}

function lastLines(text) {
  return text.trim().split('\n').slice(-4).join(' / ').slice(-600);
}
