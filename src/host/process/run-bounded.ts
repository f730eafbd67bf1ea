import { execa } from 'execa';

export interface RunBoundedOptions {
  program: string;
  args: readonly string[];
  timeoutMs: number;
  cwd?: string;
  /** The whole environment; default calib's own. */
  env?: Readonly<Record<string, string>>;
}

export type BoundedRun =
  | { kind: 'exited'; exitCode: number | null; signal: string | null; stdout: string; stderr: string }
  | { kind: 'timed-out' }
  | { kind: 'not-started'; code: string; message: string };

/** How long a killed program may take to be gone before it is left to the kernel. */
const killPatienceMs = 1000;

/**
 * Runs a short program without a shell, in a process group of its own, and answers within `timeoutMs` (plus a second)
 * come what may: the whole group is killed at the limit, so a child that keeps the pipe open does not hold up the
 * answer, and a process stuck in the kernel, which even KILL does not end, is left behind.
 */
export async function runBounded(options: RunBoundedOptions): Promise<BoundedRun> {
  const subprocess = execa(options.program, options.args, {
    detached: true,
    cleanup: false,
    stdin: 'ignore',
    reject: false,
    extendEnv: options.env === undefined,
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const finished = subprocess.then((result): BoundedRun => {
    if (result.exitCode === undefined && result.signal === undefined) {
      return { kind: 'not-started', code: result.code ?? '', message: result.originalMessage ?? '' };
    }
    const { exitCode = null, signal = null, stdout, stderr } = result;
    return { kind: 'exited', exitCode, signal, stdout, stderr };
  });
  const timer = new Countdown(options.timeoutMs);
  const first = await Promise.race([finished, timer.over]);
  timer.cancel();
  if (first !== undefined) return first;
  killGroup(subprocess.pid);
  const patience = new Countdown(killPatienceMs);
  await Promise.race([finished, patience.over]);
  patience.cancel();
  // Should it be stuck in the kernel: a command of calib's must still be able to end.
  subprocess.stdout.destroy();
  subprocess.stderr.destroy();
  subprocess.unref();
  return { kind: 'timed-out' };
}

class Countdown {
  readonly over: Promise<undefined>;
  #timer: NodeJS.Timeout | undefined;

  constructor(milliseconds: number) {
    this.over = new Promise((resolve) => {
      this.#timer = setTimeout(() => resolve(undefined), milliseconds);
    });
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }
}

/** The group that `detached` made; its leader is still ours to wait for, so the number is not a stranger's. */
function killGroup(group: number | undefined): void {
  if (group === undefined || group <= 1) return;
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
