import { CalibError } from '../calib-error.ts';
import type { GpuScope } from './host-profile.ts';

/**
 * Which GPUs the original's variables let a session use; a variable wins over the profile's `gpu_exclude`.
 *
 * @throws CalibError `invalid-input` for a value that is no list of indices, or that leaves no GPU
 */
export function gpuScope(env: Readonly<Record<string, string | undefined>>): GpuScope {
  const include = indices(env, 'TUNE_GPU_INCLUDE');
  const exclude = indices(env, 'TUNE_GPU_EXCLUDE');
  if (include !== null && include.every((gpu) => exclude?.includes(gpu) === true)) {
    throw new CalibError('invalid-input', `TUNE_GPU_INCLUDE=${include.join(',')}: no GPU is left`, {
      remedy: 'name GPUs that TUNE_GPU_EXCLUDE does not, or unset one of the two',
    });
  }
  return { include, exclude };
}

function indices(env: Readonly<Record<string, string | undefined>>, name: string): number[] | null {
  const text = env[name]?.trim();
  if (text === undefined || text === '') return null;
  if (!/^\d{1,4}(?:\s*,\s*\d{1,4}){0,63}$/.test(text)) {
    throw new CalibError('invalid-input', `${name}: found ${JSON.stringify(text.slice(0, 80))}`, {
      remedy: 'valid: GPU indices as nvidia-smi shows them, separated by commas, such as 6,7',
    });
  }
  return text.split(',').map(Number);
}
