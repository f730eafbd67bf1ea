import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { ScriptedSuite } from '../fixtures/scripted-suite/make-scripted-suite.ts';
import { cleanEnvironment, startCalib } from './built-calib.ts';
import type { PoolMachine } from './pool-machine.ts';

/** Writes the profile of a machine of pool `lab` into a suite's catalog. */
export async function writePoolProfile(suite: ScriptedSuite, name: string): Promise<void> {
  await mkdir(join(suite.catalog, 'hosts'), { recursive: true });
  await writeFile(join(suite.catalog, `hosts/${name}.yaml`), `name: ${name}\nhostname: ${name}\npool: lab\n`);
}

/** What names a machine's catalog, checkout and interpreter; its profile is found by its name. */
export function hostOptions({ catalog, repo, venvPython }: ScriptedSuite): string[] {
  return ['--catalog', catalog, '--repo-root', repo, '--venv-python', venvPython];
}

/** Folders of a machine's own. */
export function hostFolders(suite: ScriptedSuite): Record<string, string> {
  return {
    XDG_STATE_HOME: join(suite.dir, 'state'),
    XDG_CONFIG_HOME: join(suite.dir, 'config'),
  };
}

export interface PoolWorker {
  /** Ctrl-C; resolves when it has ended. */
  stop: () => Promise<void>;
  /** SIGKILL; resolves when it has ended. */
  kill: () => Promise<void>;
}

/** Starts `calib worker` of another machine and resolves when it polls. */
export async function startPoolWorker(
  suite: ScriptedSuite,
  { enter, address, env }: PoolMachine,
): Promise<PoolWorker> {
  const child = startCalib(['worker', '--json', ...hostOptions(suite)], {
    env: cleanEnvironment({ ...hostFolders(suite), ...env, TEMPORAL_ADDRESS: address }),
    enter,
  });
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', () => resolve());
    void child.then(({ stderr }) => reject(new Error(`calib worker ended before it was ready:\n${stderr}`)));
  });
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await child;
  };
  return { stop: async () => await end('SIGINT'), kill: async () => await end('SIGKILL') };
}
