import { baseName } from '../catalog/base-name.ts';
import type { SessionPlan } from '../session/session-plan.ts';
import type { PrecheckRequirements } from './requirements.ts';

type PlanPart = Pick<SessionPlan, 'environment' | 'units' | 'precheck' | 'lane_table'>;

/** What a session's precheck asks: as resolved at the start, or for an older plan what can be said from its units. */
export function planRequirements(plan: PlanPart): PrecheckRequirements {
  const requirements = knownRequirements(plan);
  const { lane_table: lanes } = plan;
  return lanes === undefined ? requirements : { ...requirements, gpus: { ...requirements.gpus, lanes } };
}

function knownRequirements(plan: PlanPart): PrecheckRequirements {
  return (
    plan.precheck.requirements ?? {
      scope: 'stages',
      models: { required: [], optional: [] },
      datasets: { required: [], optional: [] },
      unlisted_datasets: [],
      warnings: [
        `the plan does not say what ${plan.units.map(({ test }) => baseName(test)).join(', ')} need(s): ` +
          'models, datasets and pins were not checked',
      ],
      preset_problems: [],
      pins: [],
      imports: [],
      environment: Object.entries(plan.environment).map(([name, value]) => ({
        name,
        value,
        source: 'config',
      })),
      gpus: { needed: Math.max(...plan.units.map(({ gpus }) => gpus)), model: null, count: null },
      capabilities: [],
      speaker_sim: { required: false, host_command: false, hf_token_hint: null },
      venv_candidates: [],
      host: null,
      host_declined: true,
    }
  );
}
