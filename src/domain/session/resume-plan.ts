import { baseName } from '../catalog/names.ts';
import type { JsonSource, StageDefinition } from '../stages/stage.ts';
import { type Plan, sessionCommit, type Unit } from './session-plan.ts';

/** What the operator asks for and what the machine is now; absent means "as in the plan". */
export interface ResumeRequest {
  /** Full hash of HEAD. */
  head: string;
  dirty: boolean;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  at: string;
  model: string;
  stages_yaml_sha256: string;
  stages?: readonly string[];
  repeats?: number;
  host?: string | null;
  venv_python?: string;
  tree_fingerprint?: string;
  /** Units of the plan's stages; needed for directories of the original tool, whose plans have none. */
  units?: readonly Unit[];
}

export type ResumeDecision =
  | {
      kind: 'accepted';
      /** The plan to write back. */
      plan: Plan;
      /** Stages to execute first: whole units of the plan, in plan order. A session is complete with all of them only. */
      stages: string[];
      /** Lines for `run.log`. */
      notes: string[];
      /** What differs without forbidding the resume. */
      warnings: string[];
    }
  | { kind: 'refused'; message: string; remedy: string };

/**
 * Whether a run directory may be continued, and with what: same commit, same model, same stage
 * definitions, a subset of the plan's stages. The plan's number of repeats always wins.
 */
export function resumePlan(plan: Plan, request: ResumeRequest): ResumeDecision {
  const refused = mismatch(plan, request) ?? unknownStages(plan, request) ?? changedUnits(plan, request);
  if (refused !== null) return refused;
  const stages = wholeUnits(plan, request);
  const notes =
    stages.length < plan.stages.length
      ? [
          `resume: executing subset ${stages.join(', ')} of ${plan.stages.length} planned stages first, then the rest`,
        ]
      : [];
  return {
    kind: 'accepted',
    plan: {
      ...plan,
      calibration_started_at: plan.calibration_started_at ?? plan.timestamp,
      calibration_git_sha: sessionCommit(plan),
      git_sha: sessionCommit(plan),
      dirty: request.dirty,
      last_resume_at: request.at,
      last_resume_git_sha: request.head,
    },
    stages,
    notes,
    warnings: differences(plan, request),
  };
}

const startFresh = 'start a fresh session; resume is only for the same interrupted session';

function mismatch(plan: Plan, request: ResumeRequest): ResumeDecision | null {
  if (plan.purpose === 'smoke') {
    return refuse('the directory is of a smoke, which recorded no calibration', 'start a session of its own');
  }
  const commit = sessionCommit(plan);
  if (commit !== request.head) {
    return refuse(
      `HEAD is ${request.head}, the session observes ${commit || 'no commit'}`,
      commit === '' ? startFresh : `check out ${commit}, or ${startFresh}`,
    );
  }
  if (plan.model !== request.model) {
    return refuse(`the session calibrates model ${plan.model}, not ${request.model}`, startFresh);
  }
  const recorded = plan.stages_yaml_sha256;
  if (recorded !== undefined && recorded !== request.stages_yaml_sha256) {
    return refuse(
      `stages.yaml has changed since the session started (${recorded.slice(0, 12)} then, ` +
        `${request.stages_yaml_sha256.slice(0, 12)} now)`,
      `restore it, or ${startFresh}`,
    );
  }
  const tree = plan.tree_fingerprint;
  if (tree !== undefined && request.tree_fingerprint !== undefined && tree !== request.tree_fingerprint) {
    return refuse(
      'the work tree is not the one that the session observes, although HEAD is',
      `restore the files as in workspace.diff, or ${startFresh}`,
    );
  }
  return null;
}

function unknownStages(plan: Plan, request: ResumeRequest): ResumeDecision | null {
  const unknown = (request.stages ?? []).filter((stage) => !plan.stages.includes(stage));
  if (unknown.length === 0) return null;
  return refuse(
    `not in the session's plan: ${unknown.join(', ')}`,
    `choose from ${plan.stages.join(', ')}, or leave --stages out for all of them`,
  );
}

/** All repeats of a unit are one kind of invocation, or the worst of them says nothing. */
function changedUnits(plan: Plan, request: ResumeRequest): ResumeDecision | null {
  for (const before of request.units === undefined ? [] : (plan.units ?? [])) {
    const now = request.units?.find((unit) => unit.namespace === before.namespace);
    const what = now === undefined ? 'no longer exists' : unitDifference(before, now);
    if (what === null) continue;
    return refuse(
      `unit ${before.namespace} ${what} since the session started`,
      `restore the model's config.yaml, or ${startFresh}`,
    );
  }
  return null;
}

function unitDifference(before: Unit, now: Unit): string | null {
  const text = (unit: Unit, key: keyof Unit): string =>
    JSON.stringify(key === 'env' ? Object.entries(unit.env).sort(([a], [b]) => (a < b ? -1 : 1)) : unit[key]);
  const differing = (['test', 'env', 'stages', 'pytest_args', 'gpus'] as const).filter(
    (key) => text(before, key) !== text(now, key),
  );
  if (differing.length === 0) return null;
  const described = differing.map(
    (key) => `${configKeys[key]} was ${text(before, key)}, is ${text(now, key)}`,
  );
  return `has changed (${described.join('; ')})`;
}

/**
 * What the model's config gives the launches of a session otherwise than its plan has it: one line per unit and key, named
 * as in the config.
 */
export function launchDifferences(planned: readonly Unit[], now: readonly Unit[]): string[] {
  const keys = [
    ['pytest_args', 'pytest_extra_args'],
    ['gpus', 'gpus_per_test'],
    ['timeout_s', 'timeout_s_by_test'],
  ] as const;
  const text = (value: unknown): string => (value === undefined ? 'not set' : JSON.stringify(value));
  return planned.flatMap((before) => {
    const unit = now.find(({ namespace }) => namespace === before.namespace);
    return keys.flatMap(([key, name]) =>
      unit === undefined || text(before[key]) === text(unit[key])
        ? []
        : [
            `${name} of ${baseName(before.test)} was ${text(before[key])} when the session started, is ${text(unit[key])}`,
          ],
    );
  });
}

/** What a part of a unit is called in the model's config. */
const configKeys = {
  test: 'test file',
  env: 'extra_env',
  stages: 'stages',
  pytest_args: 'pytest_extra_args',
  gpus: 'gpus_per_test',
} as const;

/** Stages of one unit are always run together: one repeat must not mix two pytest invocations. */
function wholeUnits(plan: Plan, request: ResumeRequest): string[] {
  const asked = new Set(request.stages ?? plan.stages);
  for (const unit of plan.units ?? request.units ?? []) {
    if (unit.stages.some((stage) => asked.has(stage))) {
      for (const stage of unit.stages) asked.add(stage);
    }
  }
  return plan.stages.filter((stage) => asked.has(stage));
}

function differences(plan: Plan, request: ResumeRequest): string[] {
  const warnings: string[] = [];
  if (request.repeats !== undefined && request.repeats !== plan.repeats) {
    warnings.push(`${request.repeats} repeats asked for; the plan's ${plan.repeats} are used`);
  }
  if (plan.host !== undefined && request.host !== undefined && plan.host !== request.host) {
    warnings.push(`host profile is ${request.host ?? 'none'}; the session began on ${plan.host ?? 'none'}`);
  }
  const python = plan.venv_python;
  if (python !== undefined && request.venv_python !== undefined && python !== request.venv_python) {
    warnings.push(`interpreter is ${request.venv_python}; the session began with ${python}`);
  }
  return warnings;
}

function refuse(message: string, remedy: string): ResumeDecision {
  return { kind: 'refused', message, remedy };
}

/** What a changed `stages.yaml` means for a session that was planned with another one. */
export type StagesCorrection =
  | {
      kind: 'accepted';
      /** One line per difference that matters, for notes; empty when no planned stage changed. */
      changes: string[];
      /** Planned stages whose metrics or counts are read from elsewhere now: recorded values are to be compared. */
      reread: string[];
    }
  /** It is about something else than how results are read. */
  | { kind: 'refused'; differences: string[] };

/**
 * Whether a corrected `stages.yaml` may replace the one that a session was planned with. Where results are read and
 * how many samples are expected may change, so may
 * words; what is measured, by which units, and which literals it is for may not: that would be another session.
 *
 * @param planned the session's stages
 * @param corrected every stage of the new file; further ones do not matter
 */
export function stagesCorrection(
  planned: readonly StageDefinition[],
  corrected: readonly StageDefinition[],
): StagesCorrection {
  const pairs = planned.map((before) => ({ before, now: corrected.find(({ key }) => key === before.key) }));
  const differences = pairs.flatMap(({ before, now }) =>
    now === undefined ? [`${before.key} is missing`] : fixedDifferences(before, now),
  );
  if (differences.length > 0) return { kind: 'refused', differences };
  const changed = pairs.flatMap(({ before, now }) => {
    if (now === undefined) return [];
    const sources = sourceChanges(before, now);
    return [{ key: before.key, sources, others: scopeChanges(before, now) }];
  });
  return {
    kind: 'accepted',
    changes: changed.flatMap(({ sources, others }) => [...sources, ...others]),
    reread: changed.flatMap(({ key, sources }) => (sources.length > 0 ? [key] : [])),
  };
}

const fixedFields = [
  'test',
  'test_file_sha256',
  'threshold_file',
  'threshold_file_sha256',
  'extra_env',
  'variant',
  'calibration_preset',
  'gpus',
  'group',
] as const satisfies readonly (keyof StageDefinition)[];

function fixedDifferences(before: StageDefinition, now: StageDefinition): string[] {
  const fields = fixedFields.flatMap((field) =>
    canonical(before[field]) === canonical(now[field])
      ? []
      : [`${before.key}: ${field} was ${canonical(before[field])}, is ${canonical(now[field])}`],
  );
  const keys = [Object.keys(before.metrics).join(', '), Object.keys(now.metrics).join(', ')];
  if (keys[0] !== keys[1]) {
    return [...fields, `${before.key}: its metrics were ${keys[0] || 'none'}, are ${keys[1] || 'none'}`];
  }
  const metrics = Object.entries(before.metrics).flatMap(([key, metric]) =>
    (['source', 'worst'] as const).flatMap((field) => {
      const other = now.metrics[key]?.[field];
      return metric[field] === other
        ? []
        : [`${before.key}.${key}: ${field} was ${metric[field]}, is ${other ?? 'missing'}`];
    }),
  );
  return [...fields, ...metrics];
}

function sourceChanges(before: StageDefinition, now: StageDefinition): string[] {
  const metrics = Object.entries(before.metrics).flatMap(([key, metric]) =>
    readingChange(`${before.key}.${key}`, metric, now.metrics[key]),
  );
  const counts = (['total', 'ok'] as const).flatMap((count) =>
    readingChange(`${before.key}: count ${count}`, before.sample_counts?.[count], now.sample_counts?.[count]),
  );
  return [...metrics, ...counts];
}

function readingChange(name: string, before: JsonSource | undefined, now: JsonSource | undefined): string[] {
  const [old, corrected] = [place(before), place(now)];
  return old === corrected ? [] : [`${name} is read from ${corrected} instead of ${old}`];
}

function place(source: JsonSource | undefined): string {
  return source?.json_file && source.json_path ? `${source.json_file}::${source.json_path}` : 'nowhere';
}

function scopeChanges(before: StageDefinition, now: StageDefinition): string[] {
  const [old, corrected] = [before.expected_samples, now.expected_samples].map((n) => n ?? 'none');
  return old === corrected ? [] : [`${before.key}: expected_samples is ${corrected} instead of ${old}`];
}

/** Equal for equal values whatever the order of a map's keys. */
function canonical(value: StageDefinition[(typeof fixedFields)[number]]): string {
  if (typeof value !== 'object') return String(value ?? 'absent');
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
