import { type Plan, planSchema } from './plan.ts';

/** A plan with its keys in the order of `plan.json`: v0.6.0's fields, calib's, then unknown ones (spec 05 §4). */
export function orderPlan(plan: Plan): Plan {
  const known = Object.keys(planSchema.shape).filter((key) => plan[key] !== undefined);
  const unknown = Object.keys(plan).filter((key) => !(key in planSchema.shape));
  const ordered = Object.fromEntries([...known, ...unknown].map((key) => [key, plan[key]]));
  return ordered as Plan;
}
