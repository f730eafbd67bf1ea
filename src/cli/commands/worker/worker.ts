import { join } from 'node:path';

import type { Command } from 'commander';

import {
  addExamples,
  announceDrain,
  answer,
  answerJson,
  listenForStop,
  note,
  stateFolder,
} from '../../output.ts';
import { type CliContext, createContext } from '../../options.ts';
import { type WorkerHostOptions, addWorkerHostOptions } from './worker-host.ts';

export function register(program: Command): void {
  const command = program
    .command('worker')
    .description(
      'Run a worker of this GPU host against an existing Temporal server (TEMPORAL_ADDRESS, temporal.toml).',
    );
  addWorkerHostOptions(command);
  addExamples(command, [
    'TEMPORAL_ADDRESS=127.0.0.1:7233 calib worker --gpus 0,1',
    'CALIB_HOSTNAME=gpu-02 calib worker --host h20 --run-root /data/calib',
  ]);
  command.action(async (options: WorkerHostOptions, self: Command) => {
    await work(createContext(self), options);
  });
}

async function work(context: CliContext, options: WorkerHostOptions): Promise<void> {
  const { mkdir } = await import('node:fs/promises');
  const { loadClientSettings } = await import('../../../worker/connection.ts');
  const { runWorker } = await import('../../../worker/run-worker.ts');
  const { readWorkerHost } = await import('./worker-host.ts');
  const { summary, ...host } = await readWorkerHost(context, options);
  const settings = loadClientSettings();
  const folder = stateFolder(process.env);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  note(summary);
  await runWorker({
    settings,
    ...host,
    log: join(folder, 'worker.log'),
    stop: listenForStop(announceDrain).signal,
    onReady: () => {
      if (context.json) answerJson({ ready: true, address: settings.address, pid: process.pid }, 'line');
      else answer(`worker polling ${settings.address}; Ctrl-C drains and stops it`);
    },
  });
}
