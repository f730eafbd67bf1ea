#!/usr/bin/env node
/**
 * Runs the stack of docker-compose.temporal.yml without containers, on free ports of 127.0.0.1: PostgreSQL, a Temporal
 * server and its SQL tool built from the Go module, and the same two set-up scripts, each of them twice. The demo
 * calibrates on it, and in the middle of it server and database are killed and started again. Then the faults that leave
 * the server alone: every process of calib's killed or frozen, sessions reset and ended from outside.
 *
 * Needs PostgreSQL's programs (apt-get install postgresql) and Go; what it builds stays in .calib/production for the
 * next run.
 */
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { randomBytes, randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { main, outputOf, run, start, StepFailed, stop } from './child-processes.mjs';
import { root, setUp } from './setup.mjs';

/** MAINTENANCE: the version of docker-compose.temporal.yml. */
const temporalVersion = 'v1.32.0';
const readyLimitMs = 90_000;

const programs = join(root, '.calib/production/bin');
const folder = mkdtempSync(join(tmpdir(), 'calib-production-'));
const password = randomBytes(18).toString('base64url');

async function productionCheck() {
  await setUp();
  const schema = await buildTemporal();
  const postgres = await makeDatabase();
  const ports = await freePorts(11);
  const address = `127.0.0.1:${ports[1]}`;
  const env = environment({ ports, schema, address });
  try {
    let database = await postgres.start(ports[0]);
    for (const _ of [1, 2]) await script('set-up-database.sh', env);
    let server = await startServer(env, ports[1]);
    for (const _ of [1, 2]) await script('set-up-namespace.sh', env);
    const earlier = demos();
    const demo = start(process.execPath, [join(root, 'scripts/demo.mjs')], { env, cwd: root });
    await firstRepeat(demo, earlier);
    console.log('production: SIGKILL to the Temporal server and to PostgreSQL');
    process.kill(-Number(server.pid), 'SIGKILL');
    process.kill(-Number(database.pid), 'SIGKILL');
    await Promise.all([server.ended, database.ended]);
    database = await postgres.start(ports[0]);
    server = await startServer(env, ports[1]);
    console.log('production: both are back');
    const { code } = await demo.ended;
    if (code !== 0) throw new StepFailed(`the demo ended with exit code ${code}; logs in ${folder}`);
    await runFaults(env, address);
    await stop(server);
    await stop(database);
  } catch (error) {
    console.error(`production: logs in ${folder}`);
    throw error;
  }
  rmSync(folder, { recursive: true, force: true });
  console.log('production: passed');
}

/** The cases of the fault suite that kill no server of their own. */
async function runFaults(env, address) {
  const cases = ['killed-pieces', 'frozen-worker', 'killed-start', 'reset', 'ended-without-worker'];
  console.log(`production: npm run faults -- ${cases.join(' ')}`);
  await run(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', 'vitest.faults.config.ts', ...cases],
    { env: { ...env, CALIB_FAULT_SERVER: address }, cwd: root },
  );
}

/** Server and SQL tool from the module proxy, under the names that they have in the images. Gives the schema's folder. */
async function buildTemporal() {
  const module = `go.temporal.io/server@${temporalVersion}`;
  if (!existsSync(join(programs, 'temporal-sql-tool'))) {
    console.log(`production: go install ${module} …`);
    mkdirSync(programs, { recursive: true });
    const commands = ['server', 'tools/sql'].map(
      (name) => `go.temporal.io/server/cmd/${name}@${temporalVersion}`,
    );
    await run('go', ['install', ...commands], { env: { ...process.env, GOBIN: programs } });
    symlinkSync('sql', join(programs, 'temporal-sql-tool'));
  }
  const download = await outputOf('go', ['mod', 'download', '-json', module]);
  if (download === null) throw new StepFailed(`go mod download ${module} failed`);
  return join(JSON.parse(download).Dir, 'schema/postgresql/v12');
}

/** A cluster in the temporary folder, with a password. PostgreSQL refuses to run as root: then the user postgres runs it. */
async function makeDatabase() {
  const bin = (await outputOf('pg_config', ['--bindir'])) ?? debianPostgres();
  const user = process.getuid() === 0 ? await idsOf('postgres') : {};
  const passwordFile = join(folder, 'password');
  const data = join(folder, 'database');
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined)
    for (const path of [folder, data, passwordFile]) chownSync(path, user.uid, user.gid);
  const options = [
    '--username=temporal',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
  ];
  await run(join(bin, 'initdb'), ['--pgdata', data, ...options], { ...user, stdio: 'ignore' });
  return {
    start: async (port) => {
      const log = openSync(join(folder, 'postgres.log'), 'a');
      const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder];
      const child = start(join(bin, 'postgres'), args, { ...user, stdio: ['ignore', log, log] });
      await untilReady(child, 'PostgreSQL', async () => {
        const ready = start(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)], {
          stdio: 'ignore',
        });
        return (await ready.ended).code === 0;
      });
      return child;
    },
  };
}

function debianPostgres() {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) throw new StepFailed('PostgreSQL is missing: apt-get install postgresql');
  return join('/usr/lib/postgresql', newest, 'bin');
}

async function idsOf(name) {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => outputOf('id', [flag, name])));
  if (uid === null || gid === null)
    throw new StepFailed(`there is no user ${name}: apt-get install postgresql`);
  return { uid: Number(uid), gid: Number(gid) };
}

/** What compose gives to its services, with this machine's addresses and a port of its own for everything. */
function environment({ ports, schema, address }) {
  const [database, frontend, ...others] = ports.map(String);
  const names = ['FRONTEND_HTTP_PORT', 'FRONTEND_MEMBERSHIP_PORT'];
  for (const service of ['MATCHING', 'HISTORY', 'WORKER']) {
    names.push(`${service}_GRPC_PORT`, `${service}_MEMBERSHIP_PORT`);
  }
  return {
    ...process.env,
    PATH: [programs, join(root, '.venv/bin'), process.env.PATH].join(delimiter),
    DB: 'postgres12',
    POSTGRES_SEEDS: '127.0.0.1',
    DB_PORT: database,
    POSTGRES_USER: 'temporal',
    POSTGRES_PWD: password,
    SCHEMA_ROOT: schema,
    BIND_ON_IP: '127.0.0.1',
    NUM_HISTORY_SHARDS: '4',
    DYNAMIC_CONFIG_FILE_PATH: join(root, 'deploy/temporal/dynamic-config.yaml'),
    FRONTEND_GRPC_PORT: frontend,
    ...Object.fromEntries(names.map((name, index) => [name, others[index]])),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: 'default',
    RETENTION: '90d',
    UI_ADDRESS: 'http://127.0.0.1:8233',
  };
}

async function script(name, env) {
  console.log(`production: deploy/temporal/${name}`);
  const log = openSync(join(folder, `${name}.log`), 'a');
  await run('/bin/sh', [join(root, 'deploy/temporal', name)], { env, stdio: ['ignore', log, log] });
}

async function startServer(env, port) {
  const log = openSync(join(folder, 'server.log'), 'a');
  const child = start(join(programs, 'server'), ['start'], { env, cwd: folder, stdio: ['ignore', log, log] });
  await untilReady(child, 'the Temporal server', async () => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    return open;
  });
  return child;
}

async function untilReady(child, name, isReady) {
  const deadline = Date.now() + readyLimitMs;
  while (!(await isReady())) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended || Date.now() > deadline) throw new StepFailed(`${name} is not ready: see ${folder}`);
    await setTimeout(200);
  }
}

function demos() {
  const folderOfDemos = join(root, '.calib/demo');
  return existsSync(folderOfDemos) ? readdirSync(folderOfDemos) : [];
}

/** Resolves when the new demo has its first observation on disk. */
async function firstRepeat(demo, earlier) {
  const hasObservation = () => {
    const fresh = demos().find((name) => !earlier.includes(name));
    const runs = fresh && join(root, '.calib/demo', fresh, 'speech-ci/.tune-runs');
    if (!runs || !existsSync(runs)) return false;
    return readdirSync(runs, { recursive: true }).some((path) => path.endsWith('run1.json'));
  };
  while (!hasObservation()) {
    if (demo.exitCode !== null) throw new StepFailed('the demo ended before its first repeat');
    await setTimeout(100);
  }
}

/**
 * Below 32768: the server keeps the ports of its members in a smallint column. All are held open together, so that no two
 * are the same.
 */
async function freePorts(count) {
  const servers = [];
  while (servers.length < count) {
    const server = createServer().listen(20_000 + randomInt(12_000), '127.0.0.1');
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (free) servers.push(server);
  }
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

await main(productionCheck);
