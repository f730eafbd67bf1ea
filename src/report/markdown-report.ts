import { sessionCommit } from '../domain/plan/plan.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { ReportFacts } from '../domain/report/report-facts.ts';
import { isDocsStage } from '../domain/stages/stage.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';
import { extractAppliedChanges, insertAppliedChanges, renderAppliedChanges } from './applied-changes.ts';
import { extractComparison } from './comparison-section.ts';
import { contextLine } from './context-line.ts';
import { evidenceSection } from './evidence-section.ts';
import { docsTable, metricTable } from './metric-table.ts';
import { discardedSection, runConditionsSection, sampleScopeSection } from './run-sections.ts';

/** Two spaces end a header line: a hard break when rendered, and invisible to `diff -b`. */
const hardBreak = '  ';

/**
 * `report.md` (spec 06 §6, line by line). Only for a snapshot that has passed the gate (`reportRefusal`).
 *
 * @param previous the report that is replaced, whose applied changes and comparison are kept; null for the first one
 */
export function markdownReport(facts: ReportFacts, previous: string | null): string {
  const { snapshot } = facts;
  const report = [
    ...headerLines(facts),
    ...snapshot.stages.flatMap((stage, index) => stageLines({ facts, stage, index })),
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
  return [`## ${index + 1}. ${stage.title}`, '', stageContext(facts, stage), '', ...table, ''];
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
    repeats: plan.repeats,
  });
}

function provenanceLines({ snapshot, precheck, now }: ReportFacts): string[] {
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
    `- GPU: ${precheck?.gpu_summary ?? '?'}`,
    ...toolLines(plan),
    `- Report generated: ${now}`,
  ];
}

/** The original's line where the original (or its format version) is recorded, calib's own where calib ran. */
function toolLines(plan: Plan): string[] {
  const calib = plan.calib_version === undefined ? [] : [`- calib v${plan.calib_version}`];
  return plan.tune_version === undefined && calib.length > 0
    ? calib
    : [`- tune-ci-thresholds v${plan.tune_version ?? '?'}`, ...calib];
}

function branchText(plan: Plan): string {
  const branch = plan.git_branch || '?';
  return plan.dirty === true ? `${branch} (dirty) — see \`workspace.diff\`` : branch;
}

function startedAt(plan: Plan): string {
  return plan.calibration_started_at || plan.timestamp || '?';
}
