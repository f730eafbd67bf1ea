import { type JitCachePolicy, jitCacheRemedy } from '../pytest/jit-cache.ts';
import { checkResult, type CheckResult, type Gap } from './checks.ts';
import { shellWord } from './shell-word.ts';

/** One place of compiled kernels, as found. */
export interface JitCacheReading {
  path: string;
  /** The variable that the place follows from, with its value. */
  variable: string;
  base: string;
  /** Whether FlashInfer compiles there. */
  inUse: boolean;
  state: 'absent' | 'removable' | 'foreign' | 'stuck';
  /** Why not, for the last two. */
  reason?: string;
  /** Whether what is compiled there is the calibration's to remove. */
  own: boolean;
}

export interface JitCacheQuestion {
  policy: JitCachePolicy;
  /** The suite imports FlashInfer, or it is installed for it. */
  usesFlashInfer: boolean;
  /** Each lane compiles in a folder of its own, which is emptied. */
  ownWorkspaces: boolean;
  places: readonly JitCacheReading[];
}

/**
 * Whether every repeat will compile its kernels anew, as CI does: names each cache that would stay warm, so that the
 * second repeat and those after it would measure something else than CI.
 */
export function judgeJitCache(question: JitCacheQuestion): CheckResult {
  const { policy, usesFlashInfer, ownWorkspaces, places } = question;
  if (policy === 'keep') {
    return checkResult({ id: 'jit_cache', lines: ['JIT cache: kept (jit_cache: keep)'], applies: false });
  }
  if (!usesFlashInfer) {
    return checkResult({ id: 'jit_cache', lines: ['JIT cache: FlashInfer is not used'], applies: false });
  }
  if (ownWorkspaces) {
    return checkResult({ id: 'jit_cache', lines: ['JIT cache: a folder of its own for each lane'] });
  }
  const errors = places.flatMap(gapOf);
  if (!places.some(({ inUse }) => inUse)) {
    const message =
      'neither FLASHINFER_WORKSPACE_BASE nor HOME is set: it is not known where kernels are compiled';
    errors.push({ message, remedies: [jitCacheRemedy] });
  }
  const details = places.map(({ path, inUse, state, reason }) => {
    const use = inUse ? 'in use' : 'other releases';
    return `${path} (${use}; ${reason ?? (state === 'absent' ? 'empty' : 'wiped before every launch')})`;
  });
  return checkResult({ id: 'jit_cache', lines: ['JIT cache:', ...details], errors });
}

/** A foreign folder counts only where FlashInfer compiles: others hold nothing that this suite reads. */
function gapOf({ path, variable, base, inUse, state, own, reason = '' }: JitCacheReading): Gap[] {
  if (state === 'stuck') {
    const remedies = [`look at it and remove it: ls -ld ${shellWord(path)}`];
    return [{ message: `JIT cache ${path} would stay warm: ${reason}`, remedies }];
  }
  if (!inUse || own) return [];
  const message = `JIT cache ${path} would stay warm: ${variable}=${base} is the login's, not the catalog's`;
  return [{ message, remedies: [jitCacheRemedy] }];
}
