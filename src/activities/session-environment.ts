import {
  type EnvironmentComparison,
  compareEnvironments,
} from '../domain/fingerprint/compare-environments.ts';
import { identityDifferenceLines } from '../domain/fingerprint/difference-text.ts';
import type { EnvironmentDocument } from '../domain/fingerprint/environment-document.ts';
import { planRequirements } from '../domain/precheck/plan-requirements.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import { captureEnvironment } from '../host/fingerprint/capture-environment.ts';
import { readSessionEnvironment } from '../host/fingerprint/read-recorded-environment.ts';

export interface EnvironmentQuestion {
  plan: SessionPlan;
  /** `nvidia-smi` indices that the worker may use, null for all. */
  gpus: readonly number[] | null;
  now: Date;
}

export type JudgedEnvironment =
  | {
      kind: 'accepted';
      /** As it is now. */
      environment: EnvironmentDocument;
      /** What differs although it was forced; empty where nothing does. */
      forced: string[];
      warnings: string[];
    }
  | { kind: 'refused'; message: string; remedy: string };

/**
 * Whether a session may measure here: in the environment that its directory records, or on the operator's word in another
 * one. Only what both sides know is compared, so that directories of earlier versions are not refused for what they do
 * not say (spec 05 §5, 07 §5.3). Writes nothing.
 */
export async function judgeEnvironment({ plan, gpus, now }: EnvironmentQuestion): Promise<JudgedEnvironment> {
  const { run_dir: runDir } = plan;
  const requirements = planRequirements(plan);
  const environment = await captureEnvironment({
    plan,
    requirements,
    allowedGpus: gpus,
    env: process.env,
    now,
  });
  const recorded = await readSessionEnvironment(runDir);
  if (recorded === null) return { kind: 'accepted', environment, forced: [], warnings: [] };
  const comparison = compareEnvironments(recorded.facts, environment);
  const differences = identityDifferenceLines(comparison);
  if (comparison.equal)
    return { kind: 'accepted', environment, forced: [], warnings: unknownWarning(comparison) };
  const what = `the environment is not the one of ${recorded.file}: ${differences.join('; ')}`;
  if (plan.force_environment === true) {
    return { kind: 'accepted', environment, forced: differences, warnings: [`forced: ${what}`] };
  }
  return {
    kind: 'refused',
    message: what,
    remedy:
      'restore that environment or start a fresh session; `calib start --resume --force-environment` mixes the two ' +
      `and marks the report; \`calib compare-env ${runDir} OTHER\` compares it with another recorded one`,
  };
}

/** Said where something could not be compared: a lost driver must not look like the same environment. */
function unknownWarning({ unknown }: EnvironmentComparison): string[] {
  const lost = unknown.filter((entry) => entry.class === 'identity' && entry.known_in === 'a');
  return lost.length === 0
    ? []
    : [
        `cannot be read here, so not compared with what is recorded: ${lost.map(({ field }) => field).join(', ')}`,
      ];
}

/** The plan with a forced environment among its others, each once. */
export function withForcedEnvironment(
  plan: Plan,
  judged: Extract<JudgedEnvironment, { kind: 'accepted' }>,
  at: string,
): Plan {
  const { identity_sha256 } = judged.environment;
  const before = plan.forced_environments ?? [];
  if (judged.forced.length === 0 || before.some((one) => one.identity_sha256 === identity_sha256))
    return plan;
  return {
    ...plan,
    forced_environments: [...before, { at, identity_sha256, differences: judged.forced }],
  };
}
