#!/usr/bin/env node
/**
 * Calibrates the example suite once, for real: an embedded Temporal server (or yours, if TEMPORAL_ADDRESS or a temporal.toml
 * says so), a worker, a session of every stage × 3 on one commit, the audit, the decision "report only".
 */
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { basename, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

import { exitCodeOf, main, run, start, StepFailed, stop } from './child-processes.mjs';
import { calib, root, setUp, venvPython } from './setup.mjs';

/** How long an aborted session may take to end its pytest. */
const ABORT_LIMIT_MS = 30_000;

const folder = join(root, '.calib/demo', new Date().toISOString().replaceAll(/[-:]|\.\d+/g, ''));
const repository = join(folder, 'speech-ci');
const log = join(folder, 'up.log');
/** Environment of the commands that talk to the server; set when it is ready. */
let env = process.env;
/** The command that runs at the moment. */
let current = null;
/** True when Ctrl-C has begun to stop everything. */
let ending = false;

async function demo() {
  await setUp();
  await makeRepository();
  const server = await startServer();
  try {
    await calibrate();
  } catch (error) {
    await clearUp(server);
    throw error;
  }
  await stop(server.child);
  if (server.db) {
    console.log(`demo: to look at the session again: ${shown(calib)} up --db ${shown(server.db)}`);
    console.log(`      and then http://127.0.0.1:8233/namespaces/default/workflows/${sessionId()}`);
  }
}

/** The suite as a repository with exactly one commit: a session observes one commit and nothing else. */
async function makeRepository() {
  mkdirSync(folder, { recursive: true });
  const leftOvers = new Set(['__pycache__', '.pytest_cache', '.tune-runs', '.venv']);
  cpSync(join(root, 'examples/speech-ci'), repository, {
    recursive: true,
    filter: (path) => !leftOvers.has(basename(path)),
  });
  const git = (...args) => run('git', ['-C', repository, '-c', 'init.defaultBranch=main', ...args]);
  const identity = [
    '-c',
    'user.name=calib demo',
    '-c',
    'user.email=demo@calib.invalid',
    '-c',
    'commit.gpgsign=false',
  ];
  await git('init', '--quiet');
  await git('add', '--all');
  await git(...identity, 'commit', '--quiet', '--message', 'A speech suite to calibrate');
  console.log(`demo: repository ${shown(repository)}`);
}

/** A worker, with a server of its own unless the operator has configured one. */
async function startServer() {
  const db = join(folder, 'temporal.db');
  const args = hasOwnServer()
    ? ['worker', '--json']
    : ['up', '--json', '--port', '0', '--ui-port', '0', '--db', db];
  // Lanes are leased host-wide; the demo needs no GPU, and is not to wait for a calibration that runs here.
  const scoped = { ...process.env, CALIB_LEASE_SCOPE: folder };
  const child = start(calib, args, { stdio: ['ignore', 'pipe', openSync(log, 'a')], env: scoped });
  const line = await Promise.race([firstLine(child.stdout), child.ended.then(() => null)]);
  if (line === null)
    throw new StepFailed(`calib ${args[0]} ended before it was ready:\n${readFileSync(log, 'utf8')}`);
  void child.ended.then(() => sayHowToGoOn(args[0], db));
  const ready = JSON.parse(line);
  console.log(`demo: worker polls Temporal on ${ready.address}${ready.ui ? `, Web UI ${ready.ui}` : ''}`);
  if (args[0] === 'worker') return { child };
  env = { ...process.env, TEMPORAL_ADDRESS: ready.address };
  return { child, db };
}

/** A worker that was killed is no end of a session: whoever starts it again within two minutes sees it go on. */
function sayHowToGoOn(kind, db) {
  if (current === null || ending) return;
  const again = kind === 'up' ? `up --db ${shown(db)}` : 'worker';
  console.error(`demo: the worker has ended; the session waits, and goes on with: ${shown(calib)} ${again}`);
}

/** After a failure: no pytest and no server is left, not even the server of a worker that was killed. */
async function clearUp({ child, db }) {
  if (child.exitCode === null && child.signalCode === null) return await abortSession();
  const record = `${db}.server.json`;
  if (!db || !existsSync(record)) return;
  const { pid } = JSON.parse(readFileSync(record, 'utf8')).process;
  const commandLine = `/proc/${pid}/cmdline`;
  if (existsSync(commandLine) && readFileSync(commandLine, 'utf8').includes(db)) process.kill(pid, 'SIGTERM');
}

/** Where Temporal's own client settings are looked for, so that the demo uses the server that calib would use. */
function hasOwnServer() {
  const { TEMPORAL_ADDRESS, TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE, XDG_CONFIG_HOME } = process.env;
  const configFolder =
    platform() === 'darwin'
      ? join(homedir(), 'Library/Application Support')
      : XDG_CONFIG_HOME || join(homedir(), '.config');
  return Boolean(
    TEMPORAL_ADDRESS ||
    TEMPORAL_PROFILE ||
    existsSync(TEMPORAL_CONFIG_FILE || join(configFolder, 'temporalio/temporal.toml')),
  );
}

/** Never resolves when there is none; the reader stays, since a full pipe would block the writer. */
async function firstLine(stream) {
  const [line] = await once(createInterface({ input: stream }), 'line');
  return line;
}

async function calibrate() {
  const suite = ['--catalog', repository, '--model', 'speech', '--repo-root', repository, '--no-host'];
  const plan = ['--stages', 'ALL', '--repeats', '3', '--label', 'demo', '--venv-python', venvPython];
  await command('start', ...suite, ...plan);
  const session = sessionId();
  const runDir = join(repository, '.tune-runs', session);
  await command('strict-audit', '--run-dir', runDir);
  await command('signal', session, 'apply', '--mode', 'report');
  await command('watch', session, '--until-end');
  const report = join(runDir, 'report.md');
  if (!existsSync(report)) throw new StepFailed(`the session ended without ${report}`);
  console.log(`\ndemo: report ${shown(report)}`);
  const page = join(runDir, 'report.html');
  if (existsSync(page)) console.log(`demo: as a page: ${shown(page)}`);
}

async function command(...args) {
  console.log(`\n$ calib ${args.map(shown).join(' ')}`);
  current = start(calib, args, { env });
  const { code } = await current.ended;
  current = null;
  if (code !== 0) {
    throw new StepFailed(`calib ${args[0]} ended with exit code ${code}; the worker's log: ${shown(log)}`);
  }
}

/** The repository is fresh: its only run directory is this session's, and its name is the session's id. */
function sessionId() {
  const runs = join(repository, '.tune-runs');
  return existsSync(runs) ? readdirSync(runs)[0] : undefined;
}

/**
 * A stopped worker leaves its pytest to the next one, and here there is no next one: so the session is aborted first, and
 * the command that follows it ends when pytest is gone.
 */
async function abortSession() {
  ending = true;
  const session = sessionId();
  const following = current;
  if (session === undefined) return;
  await exitCodeOf(calib, ['signal', session, 'abort'], { env });
  if (following) await Promise.race([following.ended, setTimeout(ABORT_LIMIT_MS, null, { ref: false })]);
}

function shown(path) {
  return path.startsWith(root) ? relative(process.cwd(), path) || '.' : path;
}

await main(demo, abortSession);
