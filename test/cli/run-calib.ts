import { fileURLToPath } from 'node:url';

import { main } from '../../src/cli/main.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What would steer calib, or the look of what it prints. */
const steering = /^(TUNE|CALIB|FORCE_COLOR|NO_COLOR)/;

export interface CliRun {
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

/** The command line before this one has to end: they share standard output, environment and working directory. */
let previous: Promise<unknown> = Promise.resolve();

/**
 * Runs one command line of calib in this process, which takes a hundredth of the time of a process of its own, with no
 * `TUNE_*`, `CALIB_*` or colour variables but the given ones and without a terminal. For commands that print and end; what
 * follows, asks or is interrupted is started with `startCalib` of `built-calib.ts`.
 *
 * @returns what a shell would see, output without its last line end
 */
export async function runCalib(
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Promise<CliRun> {
  const run = previous.then(async () => await runAlone(args, options));
  previous = run.catch(() => undefined);
  return await run;
}

async function runAlone(
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string },
): Promise<CliRun> {
  const restored = [
    changeEnvironment(options.env ?? {}),
    changeFolder(options.cwd ?? root),
    withoutTerminal(),
    keepListeners(),
  ];
  const stdout = capture(process.stdout);
  const stderr = capture(process.stderr);
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    await main(args);
    // What a process gives that nobody told otherwise.
    const { exitCode = 0 } = exitState();
    return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    process.exitCode = before;
    for (const restore of [stdout.restore, stderr.restore, ...restored]) restore();
  }
}

/** Asked by a function: the compiler takes what was assigned above for what is still there. */
function exitState(): { exitCode?: number | undefined } {
  return { exitCode: process.exitCode === undefined ? undefined : Number(process.exitCode) };
}

function changeEnvironment(given: Record<string, string>): () => void {
  const before = { ...process.env };
  for (const name of Object.keys(before)) if (steering.test(name)) delete process.env[name];
  Object.assign(process.env, given);
  return () => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  };
}

function changeFolder(folder: string): () => void {
  const before = process.cwd();
  process.chdir(folder);
  return () => process.chdir(before);
}

function withoutTerminal(): () => void {
  const streams = [process.stdin, process.stdout, process.stderr];
  const before = streams.map((stream) => stream.isTTY);
  for (const stream of streams) stream.isTTY = false;
  return () => streams.forEach((stream, index) => (stream.isTTY = before[index] ?? false));
}

/** `main` listens for the end of its reader once a process. */
function keepListeners(): () => void {
  const before = process.stdout.listeners('error');
  return () => {
    for (const listener of process.stdout.listeners('error')) {
      if (!before.includes(listener)) process.stdout.off('error', listener as () => void);
    }
  };
}

/** Takes what is written to a stream instead of it. */
function capture(stream: NodeJS.WriteStream): { text: () => string; restore: () => void } {
  const parts: Buffer[] = [];
  const own = Object.getOwnPropertyDescriptor(stream, 'write');
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    parts.push(Buffer.from(chunk as string));
    const written = rest.find((argument) => typeof argument === 'function');
    if (written !== undefined) process.nextTick(written);
    return true;
  };
  return {
    text: () => Buffer.concat(parts).toString().replace(/\n$/, ''),
    restore: () => {
      Reflect.deleteProperty(stream, 'write');
      if (own !== undefined) Object.defineProperty(stream, 'write', own);
    },
  };
}
