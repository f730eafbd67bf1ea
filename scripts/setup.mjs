#!/usr/bin/env node
/**
 * Makes the checkout runnable: packages, Python environment, build. Does only what is missing; after an interruption, run
 * it again. Plain Node, since it runs before anything is installed.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { main, outputOf, run, StepFailed } from './child-processes.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const venvPython = join(root, '.venv/bin/python');
export const calib = join(root, 'bin/calib');

const requirementFiles = ['scripts/requirements.txt', 'examples/speech-ci/requirements.txt'];
const hiddenLock = join(root, 'node_modules/.package-lock.json');
const venvStamp = join(root, '.venv/calib-requirements.sha256');
const dist = join(root, 'dist');
const buildStamp = join(dist, 'calib-sources.sha256');
const bundleStamp = join(dist, 'workflow-bundle.sha256');
const fixturesStamp = join(root, '.calib/test-programs/calib-sources.sha256');

/** Everything, in order. Prints one line per step, with its seconds. */
export async function setUp() {
  await step('tools', checkTools);
  await step('node_modules', installPackages);
  await step('.venv', installPython);
  await step('dist', build);
}

/** The same, and the programs that tests start as stand-ins. */
export async function setUpTests() {
  await setUp();
  await step('test programs', compileFixtures);
}

async function step(name, body) {
  const started = performance.now();
  const done = await body();
  console.log(`setup: ${name}: ${done} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

async function checkTools() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new StepFailed(
      `Node ${process.versions.node} is too old: 20.19 or newer is needed, from your package manager or nodejs.org`,
    );
  }
  const git = await outputOf('git', ['--version']);
  if (git === null)
    throw new StepFailed('git is missing: install it with your package manager (apt-get install git)');
  return `node ${process.versions.node}, ${git}`;
}

/**
 * What package-lock.json says, exactly, like `npm ci`. That command itself refuses a lock file that lacks optional packages
 * of other systems, and not every registry has all of those.
 */
async function installPackages() {
  if (packagesMatch()) return 'up to date';
  console.log('setup: node_modules: npm install …');
  // npm writes its hidden lock file last: without it the folder is what an interruption left.
  if (!existsSync(hiddenLock)) rmSync(join(root, 'node_modules'), { recursive: true, force: true });
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--no-update-notifier'];
  await run('npm', ['install', '--no-save', ...quiet], { cwd: root });
  return 'installed';
}

/** Optional packages may be absent: they are for other systems. */
function packagesMatch() {
  const installed = readPackages(hiddenLock);
  const wanted = readPackages(join(root, 'package-lock.json'));
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    const found = installed[path];
    return path === '' || (found === undefined ? optional === true : found.version === version);
  });
}

function readPackages(lockFile) {
  return existsSync(lockFile) ? JSON.parse(readFileSync(lockFile, 'utf8')).packages : {};
}

async function installPython() {
  const wanted = hashOf(requirementFiles);
  if (existsSync(venvPython) && readStamp(venvStamp) === wanted) return 'up to date';
  console.log('setup: .venv: Python packages …');
  rmSync(venvStamp, { force: true });
  if ((await outputOf(venvPython, ['-m', 'pip', '--version'])) === null) {
    await run(await findPython(), ['-m', 'venv', '--clear', join(root, '.venv')], { cwd: root });
  }
  const files = requirementFiles.flatMap((file) => ['-r', file]);
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
  await run(venvPython, ['-m', 'pip', 'install', ...quiet, ...files], { cwd: root });
  writeFileSync(venvStamp, wanted);
  return 'installed';
}

/**
 * A Python on PATH that is new enough and can make an environment with pip in it. Those come first for which every pinned
 * package has a wheel; with another one pip compiles pocketsphinx, which needs a C compiler.
 */
async function findPython() {
  const names = ['python3.13', 'python3.11', 'python3', 'python3.14', 'python3.12', 'python3.10', 'python'];
  const probe =
    'import sys, venv; assert sys.version_info >= (3, 10); import ensurepip; print(sys.version.split()[0])';
  for (const name of names) {
    if ((await outputOf(name, ['-c', probe])) !== null) return name;
  }
  const found = (await outputOf('python3', ['--version'])) ?? 'no python3 on PATH';
  throw new StepFailed(
    `Python 3.10 or newer with its venv module is needed (found: ${found}): ` +
      "apt-get install python3 python3-venv, or your system's equivalent",
  );
}

async function build() {
  const done = [await compile([]), await bundle()];
  return done.includes('built') ? 'built' : 'up to date';
}

/** What was compiled before goes first, so that no module stays whose source is gone. */
async function compile(options) {
  const wanted = hashOf([...sourcesIn('src'), 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']);
  if (readStamp(buildStamp) === wanted) return 'up to date';
  const kept = existsSync(dist) ? readdirSync(dist).filter((name) => name.startsWith('workflow-bundle')) : [];
  for (const name of existsSync(dist) ? readdirSync(dist) : []) {
    if (!kept.includes(name)) rmSync(join(dist, name), { recursive: true, force: true });
  }
  const args = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', ...options];
  await run(process.execPath, args, { cwd: root });
  writeFileSync(buildStamp, wanted);
  return 'built';
}

/** One file of workflow code, made by the SDK that will run it: a worker then starts in a third of a second. */
async function bundle() {
  const bundled = ['src/domain', 'src/workflows', 'src/worker'].flatMap(sourcesIn);
  const wanted = hashOf([...bundled, 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']);
  if (readStamp(bundleStamp) === wanted) return 'up to date';
  await run(process.execPath, ['dist/worker/build-bundle.js'], { cwd: root });
  writeFileSync(bundleStamp, wanted);
  return 'built';
}

/**
 * The programs of `test/fixtures/` that tests start as processes, compiled with what they import: plain Node is up in a fifth
 * of the time that tsx takes.
 */
async function compileFixtures() {
  const wanted = hashOf([
    ...sourcesIn('src'),
    ...sourcesIn('test'),
    'tsconfig.json',
    'tsconfig.fixtures.json',
  ]);
  if (readStamp(fixturesStamp) === wanted) return 'up to date';
  rmSync(join(fixturesStamp, '..'), { recursive: true, force: true });
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.fixtures.json'], {
    cwd: root,
  });
  writeFileSync(fixturesStamp, wanted);
  return 'built';
}

/** The TypeScript files below a folder, sorted. */
function sourcesIn(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path))
    .sort();
}

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const content = readFileSync(join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function readStamp(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/** Parts of the set-up, by name, for a run of tests in a checkout that has its packages; types are checked elsewhere. */
const parts = {
  build: async () => await build(),
  compile: async () => await compile(['--noCheck']),
  fixtures: compileFixtures,
};

async function setUpParts() {
  const names = process.argv.slice(2);
  if (names.length === 0) return await setUp();
  for (const name of names) {
    if (!(name in parts))
      throw new StepFailed(`no part of the set-up is called ${name}: ${Object.keys(parts).join(', ')}`);
    await step(name, parts[name]);
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  await main(setUpParts);
