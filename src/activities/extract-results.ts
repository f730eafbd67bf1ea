import type { StageExtraction } from '../domain/observation/extract-metrics.ts';
import { judgeRepeat } from '../domain/observation/judge-repeat.ts';
import { extractRepeat } from '../host/extraction.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import type { Repeat } from './repeat/repeat.ts';

/**
 * What a launch has measured so far, by stage key; every null has its reason.
 *
 * @param launched when it was launched, and how far the clock was set below that meanwhile, seconds
 */
export async function extractResults(
  { stages, place, policies }: Pick<Repeat, 'stages' | 'place' | 'policies'>,
  launched: { at: string; clockBehindS?: number | undefined },
): Promise<Record<string, StageExtraction>> {
  const baseTemp = runPaths.baseTemp(place.runDir, place.namespace, place.repeat);
  const { at, clockBehindS } = launched;
  const maxBytes = policies.max_result_bytes;
  return await extractRepeat({ stages, baseTemp, launchedAt: new Date(at), clockBehindS, maxBytes });
}

/** Whether every stage that a running launch feeds is measured in full by now. */
export async function areResultsComplete(
  repeat: Pick<Repeat, 'stages' | 'place' | 'policies'>,
  launchedAt: string,
): Promise<boolean> {
  const { verdict } = judgeRepeat({
    stages: repeat.stages,
    extractions: await extractResults(repeat, { at: launchedAt }),
    end: { outcome: 'infra', reason: '', exit_code: null, signal: null, afterResults: 'it goes on' },
    suspects: [],
    earlierReasons: [],
  });
  return verdict.kind === 'complete';
}
