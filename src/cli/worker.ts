import { join } from 'node:path';

import type { Command } from 'commander';

import { addExamples } from './examples.ts';
import { addSharedOptions, sharedOptionValues } from './options.ts';
import { announceDrain } from './announce-drain.ts';
import { answer, answerJson } from './output.ts';
import { parseCount, parseGpuList } from './parse-values.ts';
import { stateFolder } from './state-folder.ts';
import { listenForStop } from './stop-signal.ts';

interface WorkerOptions {
  gpus?: number[];
  lanes: number;
}

export function register(program: Command): void {
  const command = program
    .command('worker')
    .description(
      'Run a worker of this GPU host against an existing Temporal server (TEMPORAL_ADDRESS, temporal.toml).',
    )
    .option('--gpus <list>', 'GPU indices this host may use, as in 0,1 (default: all)', parseGpuList)
    .option('--lanes <n>', 'repeats that run at the same time', parseCount, 1);
  addSharedOptions(command, ['json']);
  addExamples(command, ['TEMPORAL_ADDRESS=127.0.0.1:7233 calib worker --gpus 0,1']);
  command.action(async (options: WorkerOptions, self: Command) => {
    const { mkdir } = await import('node:fs/promises');
    const { loadClientSettings } = await import('../worker/client-settings.ts');
    const { runWorker } = await import('../worker/run-worker.ts');
    const settings = loadClientSettings();
    const folder = stateFolder(process.env);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const json = sharedOptionValues(self).json === true;
    await runWorker({
      settings,
      gpus: options.gpus ?? null,
      lanes: options.lanes,
      log: join(folder, 'worker.log'),
      stop: listenForStop(announceDrain).signal,
      onReady: () => {
        if (json) answerJson({ ready: true, address: settings.address, pid: process.pid }, 'line');
        else answer(`worker polling ${settings.address}; Ctrl-C drains and stops it`);
      },
    });
  });
}
