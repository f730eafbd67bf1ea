import type { CellFile } from '../domain/audit/run-snapshot.ts';
import { formatFixed } from '../domain/numbers/format-fixed.ts';
import type { Observation } from '../domain/observation/observation.ts';
import type { Unit } from '../domain/plan/unit.ts';
import type { ReportFacts } from '../domain/report/report-facts.ts';
import { isDocsStage } from '../domain/stages/stage.ts';
import { observedTotals } from './context-line.ts';
import { tableRow } from './metric-table.ts';

/** Which repeats were set aside, why, and what stands in their place; no lines when there were none (spec 06 §6). */
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
  const recorded = runsOf(facts).find(
    (run) => run.namespace === discarded.namespace && run.repeat === discarded.repeat,
  );
  return recorded === undefined ? '—' : `run recorded ${recorded.observation.recorded_at ?? '?'}`;
}

/** How many samples each stage was meant to run and did (spec 06 §6). */
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

/** Driver, GPUs, host, and per pytest repeat its attempts and times (spec 06 §6). */
export function runConditionsSection(facts: ReportFacts): string[] {
  const runs = runsOf(facts);
  const rows = runs.map(({ namespace, repeat, observation }) => {
    const last = observation.attempt_history?.at(-1);
    return tableRow([
      namespace,
      `${repeat}`,
      `${observation.attempt_history?.length ?? observation.attempts ?? '?'}`,
      seconds(observation.duration_s),
      seconds(last?.startup_s ?? null),
      observation.gpu_indices === undefined ? '?' : observation.gpu_indices.join(', ') || 'none',
    ]);
  });
  return [
    '## Run conditions',
    '',
    ...conditionLines(facts, runs),
    '',
    '| Unit | Run | Attempts | Duration (s) | Start-up (s) | GPUs |',
    '|-----|--------|--------|--------|--------|--------|',
    ...rows,
    '',
  ];
}

function conditionLines({ snapshot, precheck }: ReportFacts, runs: RecordedRun[]): string[] {
  const hosts = distinct(runs.flatMap(({ observation }) => observation.host ?? []));
  const uuids = distinct(runs.flatMap(({ observation }) => observation.gpu_uuids ?? []));
  const notes = runs.flatMap(({ namespace, repeat, observation }) =>
    (observation.attempt_history?.at(-1)?.notes ?? []).map((note) => `- ${namespace} run ${repeat}: ${note}`),
  );
  return [
    `- Host: ${hosts.join(', ') || snapshot.plan.hostname || '?'}`,
    `- Driver: ${precheck?.driver ?? '?'}`,
    `- GPU UUIDs: ${uuids.join(', ') || (runs.every((run) => run.cpuOnly) ? 'none (CPU)' : '?')}`,
    ...(snapshot.plan.precheck_skipped === true ? ['- Precheck: **skipped** (`--skip-precheck`)'] : []),
    ...notes,
  ];
}

interface RecordedRun {
  namespace: string;
  repeat: number;
  observation: Observation;
  cpuOnly: boolean;
}

/** One entry per pytest repeat, read from the first stage of its unit: siblings share the invocation. */
function runsOf({ snapshot }: ReportFacts): RecordedRun[] {
  const units = snapshot.plan.units ?? [];
  const runs = new Map<string, RecordedRun>();
  for (const stage of snapshot.stages) {
    const unit = units.find((candidate) => candidate.stages.includes(stage.key));
    for (const [index, file] of (snapshot.cells[stage.key] ?? []).entries()) {
      const run = recordedRun({ file, unit, stage: stage.key, repeat: index + 1 });
      const name = run === null ? '' : `${run.namespace}#${run.repeat}`;
      if (run !== null && !runs.has(name)) {
        runs.set(name, run);
      }
    }
  }
  return [...runs.values()];
}

function recordedRun(cell: {
  file: CellFile;
  unit: Unit | undefined;
  stage: string;
  repeat: number;
}): RecordedRun | null {
  if (cell.file.kind !== 'recorded') {
    return null;
  }
  const { observation } = cell.file;
  const namespace =
    cell.unit?.namespace ?? observation.namespace ?? legacyNamespace(observation) ?? cell.stage;
  return { namespace, repeat: cell.repeat, observation, cpuOnly: cell.unit?.gpus === 0 };
}

/** v0.6.0 records no unit, but the log's folder `_pytest/<namespace>/` is named after it. */
function legacyNamespace({ pytest_log: log }: Observation): string | undefined {
  return log === undefined ? undefined : /_pytest\/([^/]+)\//.exec(log)?.[1];
}

function seconds(value: number | null): string {
  return value === null ? '?' : formatFixed(value, 1);
}

function distinct(values: string[]): string[] {
  return [...new Set(values)];
}
