import { inject } from 'vitest';

import type { SessionPlan } from '../../src/domain/session/session-plan.ts';
import { type PoolHost, StandInPoolHome, withHost } from './pool-hosts.ts';
import type { TestPlace } from './running-session.ts';
import { type ScriptedOptions, type ScriptedSession, scriptedSession } from './scripted-session.ts';
import { idFromTitle } from './test-place.ts';

const units = ['alpha', 'beta', 'gamma'].map((name) => ({
  namespace: `test_${name}_ci`,
  stages: [`${name}_wer`],
}));

export interface Pooled extends ScriptedSession {
  home: StandInPoolHome;
  /** Another machine's name, of this test alone: its queue is named after it. */
  other: string;
  hosts: (hosts: PoolHost[], body: () => Promise<void>) => Promise<void>;
}

/** A session of a pool whose hosts the test brings up itself. */
export function pooledSession(
  place: TestPlace,
  options: ScriptedOptions = {},
  { keep, change = (plan) => plan }: { keep?: () => void; change?: (plan: SessionPlan) => SessionPlan } = {},
): Pooled {
  const home = new StandInPoolHome(keep);
  const title = idFromTitle();
  const scripted = scriptedSession(place, {
    units,
    repeats: 2,
    knownDurations: {},
    policies: { worker_wait_s: 0.5 },
    unpolled: ['repeats'],
    poolHome: home,
    ...options,
    change: (plan) => change({ ...plan, pool: title.slice(-60), hostname: `home-${title}` }),
  });
  const setting = { place, address: inject('temporalAddress'), ...scripted };
  const hosts: Pooled['hosts'] = async ([first, ...others], body) =>
    await (first === undefined ? body() : withHost(setting, first, () => hosts(others, body)));
  return { ...scripted, home, other: `other-${title}`, hosts };
}
