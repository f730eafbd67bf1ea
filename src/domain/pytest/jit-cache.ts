import { z } from 'zod';

/**
 * What happens to the kernels that FlashInfer compiled before: `cold` removes them before every launch, `keep` leaves
 * them. Whichever CI does gives numbers that compare with CI's.
 */
export const jitCacheSchema = z.enum(['cold', 'keep'], { error: 'cold or keep' });
export type JitCachePolicy = z.infer<typeof jitCacheSchema>;

/** Variables from which FlashInfer's cache folder follows, the one that decides first. */
const placeVariables = ['FLASHINFER_WORKSPACE_BASE', 'HOME', 'XDG_CACHE_HOME'] as const;
export type JitCacheVariable = (typeof placeVariables)[number];

/** A folder in which FlashInfer may keep compiled kernels. */
export interface JitCachePlace {
  variable: JitCacheVariable;
  /** The variable's value. */
  base: string;
  /** `base` and the names below it that lead to the folder. */
  path: string;
  /** Whether releases up to 0.6.17 compile here; the others are places of other releases. */
  inUse: boolean;
  /** The catalog gave the variable its value, so the folder is the calibration's to empty. */
  fromCatalog: boolean;
}

/**
 * Where FlashInfer may keep its kernels for a pytest with this environment, each folder once. It compiles below
 * `$FLASHINFER_WORKSPACE_BASE/.cache/flashinfer`, or else `$HOME/.cache/flashinfer`; flashinfer-ai/flashinfer#4705
 * proposes `XDG_CACHE_HOME` between the two.
 *
 * @param catalogNames names of the variables whose values the catalog gave
 */
export function jitCachePlaces(
  env: Readonly<Record<string, string>>,
  catalogNames: ReadonlySet<string>,
): JitCachePlace[] {
  const inUse = placeVariables.slice(0, 2).find((variable) => env[variable]);
  const places = new Map<string, JitCachePlace>();
  for (const variable of placeVariables) {
    const base = env[variable];
    if (!base) continue;
    const path = `${base.replace(/\/+$/, '')}${variable === 'XDG_CACHE_HOME' ? '' : '/.cache'}/flashinfer`;
    const earlier = places.get(path);
    const fromCatalog = catalogNames.has(variable) || earlier?.fromCatalog === true;
    const place = { variable, base, path, inUse: variable === inUse, fromCatalog };
    places.set(path, earlier === undefined ? place : { ...earlier, fromCatalog });
  }
  return [...places.values()];
}

/** What to do about a cache in a folder that belongs to a login rather than to the calibration. */
export const jitCacheRemedy =
  'set FLASHINFER_WORKSPACE_BASE (or HOME) in auto_env of the model config to a folder of the calibration’s own, or ' +
  'say `jit_cache: keep` there where CI keeps the cache warm';
