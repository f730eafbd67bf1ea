import { fileURLToPath } from 'node:url';

import { execa } from 'execa';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface CliRun {
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

/** Runs one command line of calib from source, with no `TUNE_*`, `CALIB_*` or colour variables but the given ones. */
export async function runCalib(
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Promise<CliRun> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(TUNE|CALIB|FORCE_COLOR|NO_COLOR)/.test(name),
  );
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), `${root}src/cli/main.ts`, ...args],
    {
      cwd: options.cwd ?? root,
      env: { ...Object.fromEntries(kept), ...options.env },
      extendEnv: false,
      reject: false,
    },
  );
  return { exitCode, stdout, stderr };
}
