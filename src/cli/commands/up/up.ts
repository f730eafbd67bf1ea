import { join, resolve } from 'node:path';

import { Option, type Command } from 'commander';

import { exitCode } from '../../exit-code.ts';
import {
  addExamples,
  announceDrain,
  answer,
  answerJson,
  listenForStop,
  note,
  parsePort,
  stateFolder,
} from '../../output.ts';
import { type CliContext, createContext } from '../../options.ts';
import { type WorkerHostOptions, addWorkerHostOptions } from '../worker/worker-host.ts';

interface UpOptions extends WorkerHostOptions {
  port: number;
  uiPort: number;
  db: string;
}

export function register(program: Command): void {
  const database = join(stateFolder(process.env), 'temporal.db');
  const command = program
    .command('up')
    .description(
      'Run an embedded Temporal server and a worker of this GPU host, in the foreground. Ctrl-C drains and stops both.',
    )
    .option('--port <n>', 'port of the server on 127.0.0.1, 0 = any free one', parsePort, 7233)
    .option('--ui-port <n>', 'port of the Web UI, 0 = any free one', parsePort, 8233)
    .addOption(
      new Option('--db <file>', 'SQLite file; a second up with the same file continues').default(
        database,
        database,
      ),
    );
  addWorkerHostOptions(command);
  addExamples(command, ['calib up', 'calib up --gpus 0,1 --port 0 --ui-port 0 --json']);
  command.action(async (options: UpOptions, self: Command) => {
    await up(createContext(self), options);
  });
}

async function up(context: CliContext, options: UpOptions): Promise<void> {
  const { claimDatabase } = await import('../../../worker/server-record.ts');
  const { startEmbeddedServer } = await import('../../../worker/embedded-server.ts');
  const { localClientSettings } = await import('../../../worker/connection.ts');
  const { runWorker } = await import('../../../worker/run-worker.ts');
  const { readWorkerHost } = await import('../worker/worker-host.ts');
  const { summary, ...host } = await readWorkerHost(context, options);
  const db = resolve(options.db);
  const { signal: stop } = listenForStop(announceDrain);
  await claimDatabase(db);
  const server = await startEmbeddedServer({
    db,
    port: options.port,
    uiPort: options.uiPort,
    env: process.env,
  });
  if (server.adopted) note(`a server was already running on ${db}: taken over`);
  note(summary);
  const { address, ui } = server;
  const ended = new AbortController();
  void server.ended.then(() => ended.abort());
  try {
    await runWorker({
      settings: localClientSettings(address),
      ...host,
      log: `${db}.worker.log`,
      stop: AbortSignal.any([stop, ended.signal]),
      onReady: () => {
        if (context.json) answerJson({ ready: true, address, ui, db, pid: process.pid }, 'line');
        else answer(readyText(address, ui, db));
      },
    });
  } finally {
    await server.stop();
  }
  if (!stop.aborted) {
    note(`error: the embedded server exited unexpectedly; see ${db}.server.log`);
    process.exitCode = exitCode.notReady;
  }
}

function readyText(address: string, ui: string, db: string): string {
  return [
    `Temporal server  ${address}`,
    `Web UI           ${ui}`,
    `database         ${db}`,
    'worker           polling; Ctrl-C drains and stops both',
    ...(address === '127.0.0.1:7233' ? [] : ['', `export TEMPORAL_ADDRESS=${address}`]),
  ].join('\n');
}
