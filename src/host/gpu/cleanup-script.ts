import { runBounded } from '../process/run-bounded.ts';

export interface CleanupScriptOptions {
  /** The host profile's `cleanup_script`: a program, resolved against `repoRoot` when relative. */
  script: string;
  /** Its arguments; default none. */
  args?: readonly string[];
  repoRoot: string;
  /** The lane's GPUs; the script sees no others. */
  gpuIndices: readonly number[];
  /** The pytest environment; `CUDA_VISIBLE_DEVICES` is replaced. */
  env: Readonly<Record<string, string>>;
  /** Milliseconds; default 180 s: the reference script itself waits up to 120 s for memory. */
  timeoutMs?: number;
}

export type CleanupScriptResult =
  | { kind: 'done' | 'skipped' }
  /** `message` ends with the last lines that the script said. */
  | { kind: 'failed'; message: string };

const defaultTimeoutMs = 180_000;

/**
 * Runs the repository's own GPU clean-up on a dedicated host that opted in, without a shell and scoped to
 * the lane. Skipped for a lane without GPUs: an empty list means "all" to such scripts.
 */
export async function runCleanupScript(options: CleanupScriptOptions): Promise<CleanupScriptResult> {
  if (options.gpuIndices.length === 0) return { kind: 'skipped' };
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const run = await runBounded({
    program: programOf(options),
    args: [...(options.args ?? [])],
    cwd: options.repoRoot,
    env: { ...options.env, CUDA_VISIBLE_DEVICES: options.gpuIndices.join(',') },
    timeoutMs,
  });
  switch (run.kind) {
    case 'timed-out':
      return failed(options, `did not end within ${timeoutMs / 1000} s`);
    case 'not-started':
      return failed(options, `cannot be started: ${run.message || run.code}`);
    case 'exited': {
      if (run.exitCode === 0) return { kind: 'done' };
      const said = `${run.stdout}\n${run.stderr}`.trim().split('\n').slice(-5).join(' / ');
      return failed(options, `ended with ${run.signal ?? `code ${run.exitCode}`}: ${said}`);
    }
  }
}

function failed({ script }: CleanupScriptOptions, what: string): CleanupScriptResult {
  return { kind: 'failed', message: `${script} ${what}` };
}

/** `scripts/clean.sh` is the repository's; a bare name without a slash would be looked up on PATH. */
function programOf({ script, repoRoot }: CleanupScriptOptions): string {
  return script.startsWith('/') ? script : `${repoRoot}/${script}`;
}
