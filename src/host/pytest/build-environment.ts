import { delimiter, dirname, join } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import { reservedVariables } from '../../domain/catalog/reserved-variables.ts';
import { formatRepeatMark, repeatMarkVariable } from '../process/repeat-mark.ts';
import type { LaunchMark } from '../process/repeat-mark.ts';
import { inheritedVariables } from './environment-names.ts';

export interface PytestEnvironmentOptions {
  /** calib's own environment, of which an allow-list is inherited. */
  base: NodeJS.ProcessEnv;
  /** The catalog's variables (01 §4); they win over inherited ones. */
  catalogEnvironment: Readonly<Record<string, string>>;
  /** The unit's `extra_env`; wins over both. */
  unitEnv: Readonly<Record<string, string>>;
  /** Absolute. */
  repoRoot: string;
  /** Absolute path of the interpreter; its folder comes first in PATH. */
  venvPython: string;
  /** `nvidia-smi` indices of the lane; none hides all GPUs. */
  gpuIndices: readonly number[];
  mark: LaunchMark;
  /** Absolute folder of the lane alone, below which compiled kernels and the like are kept. */
  cacheRoot?: string;
}

const loopback = 'localhost,127.0.0.1,::1';

/**
 * The whole environment of one pytest launch (spec 05 §6), made as a value: calib's own environment never changes.
 * Starts from an allow-list instead of the shell, so that a launch from a terminal, from CI and from a service see the
 * same. May hold secrets (`HF_TOKEN`, proxies): only `recordableEnvironment` of it may be written anywhere.
 *
 * @throws CalibError `invalid-input` when the unit sets a variable that calib owns.
 */
export function buildPytestEnvironment(options: PytestEnvironmentOptions): Record<string, string> {
  refuseReserved(reservedVariables(options.unitEnv, 'extra_env'));
  refuseReserved(reservedVariables(options.catalogEnvironment, 'auto_env'));
  const inherited = { ...inheritedVariables(options.base), ...options.catalogEnvironment };
  const exempt = inherited['NO_PROXY'] || inherited['no_proxy'];
  const noProxy = exempt ? `${loopback},${exempt}` : loopback;
  return {
    ...inherited,
    PYTHONPATH: joinPaths(options.repoRoot, inherited['PYTHONPATH']),
    PATH: joinPaths(dirname(options.venvPython), inherited['PATH']),
    NO_PROXY: noProxy,
    no_proxy: noProxy,
    ...options.unitEnv,
    ...(options.cacheRoot === undefined ? {} : laneCaches(options.cacheRoot)),
    CUDA_VISIBLE_DEVICES: options.gpuIndices.join(','),
    // Without it CUDA counts the fastest GPU first, and index 0 is not nvidia-smi's.
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    PYTHONUNBUFFERED: '1',
    // setproctitle would write its title over /proc/<pid>/environ, and with it over the mark.
    SPT_NOENV: '1',
    [repeatMarkVariable]: formatRepeatMark(options.mark),
  };
}

/** The lane's own caches win over the catalog's: two lanes that compile into one folder disturb each other. */
export function laneCaches(root: string): { XDG_CACHE_HOME: string; TORCHINDUCTOR_CACHE_DIR: string } {
  return { XDG_CACHE_HOME: join(root, 'xdg'), TORCHINDUCTOR_CACHE_DIR: join(root, 'torchinductor') };
}

function joinPaths(first: string, rest: string | undefined): string {
  return rest ? `${first}${delimiter}${rest}` : first;
}

function refuseReserved(refused: readonly string[]): void {
  if (refused.length === 0) return;
  throw new CalibError('invalid-input', `the catalog may not set ${refused.join(', ')} for pytest`, {
    remedy: 'remove it from extra_env or auto_env: calib sets it for every launch',
  });
}
