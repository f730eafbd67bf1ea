import { Option, type Command } from 'commander';

import { addSharedOptions } from './options.ts';
import { parseCount, parseGpuList } from './parse-values.ts';

/** What `up` and `worker` are told about the host that they work for. */
export interface WorkerHostOptions {
  gpus?: number[];
  lanes?: number;
  runRoot?: string;
}

/** Declares the options that `readWorkerHost` (worker-host.ts) takes. */
export function addWorkerHostOptions(command: Command): Command {
  command
    .option('--gpus <list>', 'GPU indices this host may use, as in 0,1 (default: all)', parseGpuList)
    .option(
      '--lanes <n>',
      'repeats that run at the same time (default: the lanes that the host profile declares, else 1)',
      parseCount,
    )
    .addOption(
      new Option(
        '--run-root <dir>',
        "folder for what this host runs for other hosts of its pool (default: the checkout's .tune-runs)",
      ),
    );
  return addSharedOptions(command, ['catalog', 'host', 'repo-root', 'venv-python', 'json']);
}
