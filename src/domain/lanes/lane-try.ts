import type { Attempt } from '../observation/attempt.ts';
import { nameOfLane } from './lane.ts';

/** What one launch says about the lane that it ran on. */
export interface LaneTry {
  /** The attempt's number: the same try may be told twice. */
  n: number;
  /** Name of the lane in its host's profile. */
  lane: string;
  /** An infra failure, for the lane's account until the same happens elsewhere. */
  failed: boolean;
  /** It did not give its GPUs back, or left a process that nothing ends (spec 05 §8). */
  dirty: boolean;
  reason: string;
}

/** The beginnings of what `endLaunch` says of a lane that was not given back. */
const dirtySigns = ['GPU memory not released', 'could not be ended'];

/** What these attempts say about their lanes; those that never got one say nothing. */
export function laneTries(attempts: readonly Attempt[]): LaneTry[] {
  return attempts.flatMap(({ n, lane, outcome, reason, notes }) => {
    if (lane === undefined || outcome === 'aborted') return [];
    const sign = [reason, ...notes].find((text) =>
      dirtySigns.some((beginning) => text.startsWith(beginning)),
    );
    const failed = outcome === 'infra';
    return [{ n, lane: nameOfLane(lane), failed, dirty: sign !== undefined, reason: sign ?? reason }];
  });
}
