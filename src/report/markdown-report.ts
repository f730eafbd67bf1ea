import { describeEvidence, type LogEvidence } from '../domain/evidence/log-evidence.ts';
import { nameOfLane } from '../domain/lanes/lanes.ts';
import { formatFixed } from '../domain/numbers/python-numbers.ts';
import { displayTitle } from '../domain/report/display-title.ts';
import { type RecordedRun, recordedRuns, type ReportFacts } from '../domain/report/facts.ts';
import { type Plan, sessionCommit } from '../domain/session/session-plan.ts';
import { isDocsStage, type StageDefinition } from '../domain/stages/stage.ts';
import { extractAppliedChanges, insertAppliedChanges, renderAppliedChanges } from './applied-changes.ts';
import { extractComparison } from './comparison-section.ts';
import { ciSection } from './ci-section.ts';
import { contextLine, cpuText, observedTotals } from './context-line.ts';
import { docsTable, metricTable, tableRow } from './metric-table.ts';
import { gateEvidenceSection } from './gate-evidence-section.ts';
import { riskSection } from './risk-section.ts';

/** Which optimisations the pytest logs show to be active; no lines when the model's config asks for none. */
export function evidenceSection(evidence: readonly LogEvidence[]): string[] {
  return evidence.length === 0
    ? []
    : ['## Evidence in the logs', '', ...evidence.map((each) => `- ${describeEvidence(each, '**')}`), ''];
}

/** Which repeats were discarded, why, and what stands in their place; no lines when there were none. */
export function discardedSection(facts: ReportFacts): string[] {
  if (facts.discarded.length === 0) {
    return [];
  }
  const rows = facts.discarded.map((discarded) =>
    tableRow([
      discarded.namespace,
      `${discarded.repeat}`,
      discarded.reason,
      describeReplacement(facts, discarded),
    ]),
  );
  return [
    '## Discarded repeats',
    '',
    '| Unit | Run | Why | Replaced by |',
    '|-----|--------|--------|--------|',
    ...rows,
    '',
  ];
}

function describeReplacement(facts: ReportFacts, discarded: ReportFacts['discarded'][number]): string {
  const later = facts.discarded.some(
    (other) =>
      other.namespace === discarded.namespace && other.repeat === discarded.repeat && other.n > discarded.n,
  );
  if (later) {
    return 'another discarded run';
  }
  const recorded = recordedRuns(facts.snapshot).find(
    (run) => run.namespace === discarded.namespace && run.repeat === discarded.repeat,
  );
  return recorded === undefined ? '—' : `run recorded ${recorded.observation.recorded_at ?? '?'}`;
}

/** How many samples each stage was meant to run and did. */
export function sampleScopeSection({ snapshot }: ReportFacts): string[] {
  const stages = snapshot.stages.filter((stage) => !isDocsStage(stage));
  if (stages.length === 0) {
    return [];
  }
  const rows = stages.map((stage) =>
    tableRow([
      stage.key,
      stage.expected_samples === undefined ? 'not configured' : `${stage.expected_samples}`,
      observedTotals(snapshot.cells[stage.key] ?? []) ?? 'N/A',
    ]),
  );
  return ['## Sample scope', '', '| Stage | Expected | Recorded |', '|-----|--------|--------|', ...rows, ''];
}

/** Driver, GPUs, host, and per pytest repeat its attempts and times. */
export function runConditionsSection(facts: ReportFacts): string[] {
  const runs = recordedRuns(facts.snapshot);
  const rows = runs.map(({ namespace, repeat, observation }) => {
    const last = observation.attempt_history?.at(-1);
    return tableRow([
      namespace,
      `${repeat}`,
      `${observation.attempt_history?.length ?? observation.attempts ?? '?'}`,
      seconds(observation.duration_s),
      seconds(last?.startup_s ?? null),
      observation.gpu_indices === undefined ? '?' : observation.gpu_indices.join(', ') || 'none',
      last?.lane ?? '?',
    ]);
  });
  return [
    '## Run conditions',
    '',
    ...conditionLines(facts, runs),
    '',
    '| Unit | Run | Attempts | Duration (s) | Start-up (s) | GPUs | Lane |',
    '|-----|--------|--------|--------|--------|--------|--------|',
    ...rows,
    '',
  ];
}

function conditionLines(facts: ReportFacts, runs: RecordedRun[]): string[] {
  const { snapshot, precheck } = facts;
  const hosts = distinct(runs.flatMap(({ observation }) => observation.host ?? []));
  const uuids = distinct(runs.flatMap(({ observation }) => observation.gpu_uuids ?? []));
  const notes = runs.flatMap(({ namespace, repeat, observation }) => {
    const last = observation.attempt_history?.at(-1);
    const after = last?.after_results;
    const counted = after === undefined ? [] : [`${after}; every stage was measured in full, so it counts`];
    return [...counted, ...(last?.notes ?? [])].map((note) => `- ${namespace} run ${repeat}: ${note}`);
  });
  return [
    `- Host: ${hosts.join(', ') || snapshot.plan.hostname || '?'}`,
    `- Driver: ${precheck?.driver ?? '?'}`,
    `- GPU UUIDs: ${uuids.join(', ') || (runs.every((run) => run.cpuOnly) ? 'none (CPU)' : '?')}`,
    ...laneLines(facts, runs),
    ...environmentLines(facts),
    ...(snapshot.plan.precheck_skipped === true ? ['- Precheck: **skipped** (`--skip-precheck`)'] : []),
    ...notes,
  ];
}

/** How the repeats were spread over the lanes; no line where no record names one. */
function laneLines({ snapshot }: ReportFacts, runs: RecordedRun[]): string[] {
  const used = runs.flatMap(({ observation }) => observation.attempt_history?.at(-1)?.lane ?? []);
  if (used.length === 0) return [];
  const declared = snapshot.plan.lane_table ?? [];
  const parts = distinct(used)
    .sort()
    .map((name) => {
      const cpus = declared.find((lane) => lane.name === nameOfLane(name))?.cpus;
      const bound = cpus === undefined ? '' : ` (CPUs ${cpus})`;
      return `${name}${bound} × ${used.filter((each) => each === name).length}`;
    });
  return [`- Lanes: ${parts.join(', ')}`];
}

/** Which environment it was, and each other one that a resume was forced on. */
function environmentLines({ snapshot, environment_identity: identity }: ReportFacts): string[] {
  const forced = (snapshot.plan.forced_environments ?? []).map(
    ({ at, identity_sha256, differences }) =>
      `- **Another environment was forced** (\`--force-environment\`, ${at}, \`${identity_sha256.slice(0, 12)}\`): ` +
      differences.join('; '),
  );
  return [
    ...(identity === undefined ? [] : [`- Environment: \`${identity.slice(0, 12)}\` (\`environment.json\`)`]),
    ...forced,
  ];
}

function seconds(value: number | null): string {
  return value === null ? '?' : formatFixed(value, 1);
}

function distinct(values: string[]): string[] {
  return [...new Set(values)];
}

/** Two spaces end a header line: a hard break when rendered, and invisible to `diff -b`. */
const hardBreak = '  ';

/**
 * `report.md`. Only for a snapshot that has passed the gate (`reportRefusal`).
 *
 * @param previous the report that is replaced, whose applied changes and comparison are kept; null for the first one
 */
export function markdownReport(facts: ReportFacts, previous: string | null): string {
  const { snapshot } = facts;
  const report = [
    ...headerLines(facts),
    ...snapshot.stages.flatMap((stage, index) => stageLines({ facts, stage, index })),
    ...(facts.risk === undefined ? [] : riskSection(facts.risk)),
    ...(facts.gate_evidence === undefined ? [] : gateEvidenceSection(facts.gate_evidence)),
    ...ciSection(facts),
    ...discardedSection(facts),
    ...sampleScopeSection(facts),
    ...runConditionsSection(facts),
    ...evidenceSection(facts.evidence),
    ...extraSections(facts, previous).flatMap((section) => [section.trimEnd(), '']),
    ...provenanceLines(facts),
    '',
  ].join('\n');
  return insertAppliedChanges(report, appliedSection(facts, previous));
}

/** A comparison is asked for once, before the decision: writing the report again must not lose it. */
function extraSections({ extra_sections: given }: ReportFacts, previous: string | null): string[] {
  const kept = given.length > 0 || previous === null ? '' : extractComparison(previous);
  return kept === '' ? given : [kept];
}

/** From `applied.json`; a directory without one may have a report of another tool's making, whose section is kept. */
function appliedSection({ applied }: ReportFacts, previous: string | null): string {
  if (applied !== null) {
    return renderAppliedChanges(applied);
  }
  return previous === null ? '' : extractAppliedChanges(previous);
}

function headerLines({ snapshot, now }: ReportFacts): string[] {
  const { plan } = snapshot;
  return [
    '# CI Threshold Observation Report',
    '',
    `**Calibration commit:** \`${sessionCommit(plan)}\`${hardBreak}`,
    `**Branch:** ${plan.git_branch || '?'}${hardBreak}`,
    `**Run directory:** \`${snapshot.run_dir}\`${hardBreak}`,
    `**Calibration started:** ${startedAt(plan)}${hardBreak}`,
    `**Report generated:** ${now}`,
    '',
  ];
}

function stageLines(place: { facts: ReportFacts; stage: StageDefinition; index: number }): string[] {
  const { facts, stage, index } = place;
  const { repeats } = facts.snapshot.plan;
  const files = facts.snapshot.cells[stage.key] ?? [];
  const table = isDocsStage(stage) ? docsTable({ files, repeats }) : metricTable({ stage, files, repeats });
  return [`## ${index + 1}. ${displayTitle(stage.title)}`, '', stageContext(facts, stage), '', ...table, ''];
}

/** The resolved context line of one stage of a report. */
export function stageContext(facts: ReportFacts, stage: StageDefinition): string {
  const { plan, cells } = facts.snapshot;
  const unit = plan.units?.find((candidate) => candidate.stages.includes(stage.key));
  return contextLine({
    stage,
    files: cells[stage.key] ?? [],
    bindings: facts.bindings[stage.test] ?? null,
    precheck: facts.precheck,
    gpus: unit?.gpus ?? null,
    pytestArgs: unit?.pytest_args ?? [],
    tableKey: facts.table_keys?.[stage.key] ?? null,
    cpuModel: facts.cpu_model ?? null,
    repeats: plan.repeats,
  });
}

function provenanceLines({ snapshot, precheck, now, cpu_model: cpu }: ReportFacts): string[] {
  const { plan } = snapshot;
  return [
    '## Provenance',
    '',
    `- Model: ${plan.model}`,
    `- Calibration commit: \`${sessionCommit(plan)}\``,
    `- Branch: ${branchText(plan)}`,
    `- Calibration started: ${startedAt(plan)}`,
    `- Venv Python: ${plan.venv_python ?? '?'} (${plan.venv_source ?? '?'})`,
    `- sglang ${precheck?.sglang ?? '?'} · torch ${precheck?.torch ?? '?'}`,
    `- GPU: ${usesNoGpu(plan) ? `none used, ${cpuText(cpu)}` : (precheck?.gpu_summary ?? '?')}`,
    ...toolLines(plan),
    `- Report generated: ${now}`,
  ];
}

function usesNoGpu({ units }: Plan): boolean {
  return units !== undefined && units.length > 0 && units.every(({ gpus }) => gpus === 0);
}

/** The original's line for a directory that it made, calib's own where calib ran: both for one that was continued. */
function toolLines(plan: Plan): string[] {
  return [
    ...(isOriginals(plan) ? [`- tune-ci-thresholds v${plan.tune_version ?? '?'}`] : []),
    ...(plan.calib_version === undefined ? [] : [`- calib v${plan.calib_version}`]),
  ];
}

/**
 * calib writes the original's version into its own plans as well, for readers of that format. Plans that do not say who
 * made the directory are the original's unless calib has run and nothing was continued.
 */
function isOriginals({ made_by: maker, calib_version: calib, last_resume_at: resumed }: Plan): boolean {
  return maker === undefined && (calib === undefined || resumed !== undefined);
}

function branchText(plan: Plan): string {
  const branch = plan.git_branch || '?';
  return plan.dirty === true ? `${branch} (dirty) — see \`workspace.diff\`` : branch;
}

function startedAt(plan: Plan): string {
  return plan.calibration_started_at || plan.timestamp || '?';
}
