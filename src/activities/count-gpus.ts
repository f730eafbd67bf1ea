import { ApplicationFailure } from '@temporalio/activity';

import { usableGpus } from '../domain/precheck/judge-gpus.ts';
import { failureTypes } from '../domain/session/failure-types.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import { readGpus } from '../host/gpu/nvidia-smi.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';
import { defaultTiming } from './repeat-timing.ts';

/**
 * GPUs that a session's repeats may have on this host; 0 where no stage needs any, or where the machine has no driver.
 *
 * @throws ApplicationFailure `InfraFailure`, retryable, where the driver does not answer: none would be a lasting answer
 */
export async function countGpus(
  plan: Pick<SessionPlan, 'units'>,
  { gpus, timing }: Pick<ActivityDependencies, 'gpus' | 'timing'>,
): Promise<number> {
  if (plan.units.every((unit) => unit.gpus === 0)) return 0;
  const timeoutMs = timing?.driverAnswerMs ?? defaultTiming.driverAnswerMs;
  const reading = await readGpus({ timeoutMs });
  if (reading.kind === 'gpus') return usableGpus(reading.gpus, gpus).length;
  if (reading.kind === 'missing') return 0;
  const message = `${reading.message} (${reading.remedy}; this host is then asked again by itself)`;
  throw ApplicationFailure.create({ message, type: failureTypes.infra });
}
