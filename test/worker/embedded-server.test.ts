import { mkdtemp, readFile, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { type EmbeddedServer, startEmbeddedServer } from '../../src/worker/embedded-server.ts';
import { findRunningServer } from '../../src/worker/server-record.ts';

let dir: string;
let db: string;
let server: EmbeddedServer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'calib-server-'));
  db = join(dir, 'temporal.db');
  server = await startEmbeddedServer({ db, port: 0, uiPort: 0, env: process.env });
});

afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

/** Local addresses in hex, as `/proc/net/tcp` writes them, of all sockets on which a process listens. */
async function listeningAddresses(pid: number): Promise<string[]> {
  const links = await Promise.all(
    (await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
  );
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8').catch(() => '')),
  );
  const listening = '0A';
  return tables
    .flatMap((table) => table.trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listening && inodes.has(fields[9] ?? ''))
    .map((fields) => fields[1]?.split(':')[0] ?? '');
}

test('server and Web UI listen on 127.0.0.1 only, whatever else the server opens', async () => {
  const running = await findRunningServer(db);
  const addresses = await listeningAddresses(running?.process.pid ?? 0);
  expect(addresses.length).toBeGreaterThanOrEqual(2);
  expect(addresses.filter((address) => address !== '0100007F')).toEqual([]);
});

test('the Web UI answers as soon as the server is said to be ready', async () => {
  expect((await fetch(server.ui)).status).toBe(200);
});

test('a second start on the same database takes the running server over', async () => {
  const second = await startEmbeddedServer({ db, port: 0, uiPort: 0, env: process.env });
  expect(second).toMatchObject({ adopted: true, address: server.address, ui: server.ui });
});
