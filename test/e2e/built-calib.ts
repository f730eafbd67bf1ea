import { fileURLToPath } from 'node:url';

import { execa } from 'execa';

/** The program as users run it: `npm test` builds it first. */
const program = fileURLToPath(new URL('../../bin/calib', import.meta.url));

export interface CalibRun {
  exitCode: number | undefined;
  signal: string | undefined;
  stdout: string;
  stderr: string;
}

/** This process's environment without anything that would steer calib or Temporal. */
export function cleanEnvironment(extra: Record<string, string>): Record<string, string> {
  const kept = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || /^(TUNE|CALIB|TEMPORAL|FORCE_COLOR|NO_COLOR|XDG|VITEST)/.test(name)
      ? []
      : [[name, value] as const],
  );
  return { ...Object.fromEntries(kept), ...extra };
}

/** Starts one command line of the built program, with exactly this environment; `enter` goes before it. */
export function startCalib(
  args: readonly string[],
  options: { env: Record<string, string>; cwd?: string; enter?: readonly string[] },
) {
  const [file = process.execPath, ...rest] = [...(options.enter ?? []), process.execPath, program, ...args];
  return execa(file, rest, {
    env: options.env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    cwd: options.cwd ?? '/',
    forceKillAfterDelay: false,
  });
}

/** Runs one command line of the built program to its end. */
export async function runBuiltCalib(
  args: readonly string[],
  options: { env: Record<string, string>; cwd?: string },
): Promise<CalibRun> {
  const { exitCode, signal, stdout, stderr } = await startCalib(args, options);
  return { exitCode, signal, stdout, stderr };
}
