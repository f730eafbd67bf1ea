import { runCleanupScript } from '../host/gpu/cleanup-script.ts';
import type { LaunchMark } from '../host/process/repeat-mark.ts';
import { launchEnvironment } from './launch-environment.ts';
import { type Repeat, logLines } from './repeat.ts';

/** The clean-up of a dedicated host, if its profile opted in to one. */
export interface LaneCleaner {
  exists: boolean;
  clean(gpuIndices: readonly number[]): Promise<void>;
  /** Unless it ran within the last minute. */
  cleanIfDue(gpuIndices: readonly number[]): Promise<void>;
}

/** A script that fails is reported and waited out: the gate looks at the GPUs, not at the script. */
export function laneCleaner(repeat: Repeat, mark: LaunchMark): LaneCleaner {
  const { files, timing } = repeat;
  const script = files.plan.cleanup_script ?? null;
  let lastAtMs = Number.NEGATIVE_INFINITY;
  const clean = async (gpuIndices: readonly number[]): Promise<void> => {
    if (script === null) return;
    const result = await runCleanupScript({
      script,
      repoRoot: files.plan.repo_root,
      gpuIndices,
      env: launchEnvironment(repeat, { mark, gpuIndices }),
    });
    lastAtMs = performance.now();
    if (result.kind === 'failed') await logLines(repeat, `  ⚠ GPU clean-up: ${result.message}`);
  };
  return {
    exists: script !== null,
    clean,
    cleanIfDue: async (gpuIndices) => {
      if (performance.now() - lastAtMs >= timing.cleanupEveryMs) await clean(gpuIndices);
    },
  };
}
