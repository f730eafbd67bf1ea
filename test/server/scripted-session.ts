import type { SessionPlan } from '../../src/domain/session/session-plan.ts';
import { type SampleOptions, sampleSessionPlan } from '../domain/session/sample-session-plan.ts';
import {
  type RunningSession,
  type SessionSetting,
  type TestPlace,
  withOwnQueues,
  withSession,
} from './running-session.ts';
import { StandInActivities, type StandInScript } from './stand-in-activities.ts';
import { idFromTitle } from './test-place.ts';

export interface ScriptedSession {
  plan: SessionPlan;
  activities: StandInActivities;
  run: <T>(body: (session: RunningSession) => Promise<T>) => Promise<T>;
}

export type ScriptedOptions = SampleOptions &
  Pick<SessionSetting, 'unpolled' | 'poolHome'> & { change?: (plan: SessionPlan) => SessionPlan };

/** A session named after the running test, with stand-ins that do what the script says. */
export function scriptedSession(
  place: TestPlace,
  options: ScriptedOptions = {},
  script: (plan: SessionPlan) => StandInScript = () => ({}),
): ScriptedSession {
  const { unpolled, poolHome, change = (plan) => plan, ...sample } = options;
  const plan = change(withOwnQueues(sampleSessionPlan({ id: idFromTitle(), ...sample })));
  const activities = new StandInActivities(plan, script(plan));
  const setting = {
    place,
    plan,
    activities,
    ...(unpolled === undefined ? {} : { unpolled }),
    ...(poolHome === undefined ? {} : { poolHome }),
  };
  return { plan, activities, run: (body) => withSession(setting, body) };
}
