import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { CheckResult } from '../../domain/precheck/checks.ts';
import { judgeJitCache, type JitCacheReading } from '../../domain/precheck/judge-jit-cache.ts';
import type { VenvReading } from '../../domain/precheck/venv-facts.ts';
import { type JitCachePlace, jitCachePlaces } from '../../domain/pytest/jit-cache.ts';
import { inspectJitCache, sessionCacheRoots } from '../pytest/wipe-jit-cache.ts';
import { childEnvironment, type PrecheckRequest } from './precheck-request.ts';

/** Whether the kernels of the chosen interpreter's FlashInfer can be removed before every launch. Changes nothing. */
export async function checkJitCache(
  request: Pick<PrecheckRequest, 'env' | 'requirements'>,
  venv: VenvReading,
): Promise<CheckResult> {
  const { requirements } = request;
  const lanes = requirements.gpus.lanes ?? [];
  const catalog = Object.fromEntries(requirements.environment.map(({ name, value }) => [name, value]));
  const places = jitCachePlaces(childEnvironment(request), new Set(Object.keys(catalog)));
  const roots = sessionCacheRoots(catalog);
  return judgeJitCache({
    policy: requirements.jit_cache ?? 'cold',
    usesFlashInfer: requirements.imports.includes('flashinfer') || hasFlashInfer(venv),
    ownWorkspaces:
      (requirements.gpus.lane_count ?? lanes.length) > 1 ||
      lanes.some(({ cache_root }) => cache_root !== undefined),
    places: await Promise.all(places.map((place) => readPlace(place, roots))),
  });
}

function hasFlashInfer(venv: VenvReading): boolean {
  if (venv.kind === 'failed') return false;
  const { versions, modules } = venv.facts;
  return [versions['flashinfer-python'], versions['flashinfer'], modules['flashinfer']].some(Boolean);
}

async function readPlace(place: JitCachePlace, roots: readonly string[]): Promise<JitCacheReading> {
  const { path, variable, base, inUse } = place;
  const found = await inspectJitCache(place, roots);
  const own = found.state === 'absent' ? found.own : found.state !== 'foreign';
  const reading = { path, variable, base, inUse, own };
  if (found.state === 'removable') {
    const refusal = await access(dirname(found.real), constants.W_OK | constants.X_OK).then(
      () => null,
      () => 'its folder cannot be written',
    );
    return refusal === null
      ? { ...reading, state: 'removable' }
      : { ...reading, state: 'stuck', reason: refusal };
  }
  return { ...reading, state: found.state, ...('reason' in found ? { reason: found.reason } : {}) };
}
