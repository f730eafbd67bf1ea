import { nameOfLane } from '../domain/lanes/lane.ts';
import { formatFixed } from '../domain/numbers/format-fixed.ts';
import { recordedRuns } from '../domain/report/recorded-runs.ts';
import type { RecordedRun } from '../domain/report/recorded-runs.ts';
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
  const recorded = recordedRuns(facts.snapshot).find(
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
  const notes = runs.flatMap(({ namespace, repeat, observation }) =>
    (observation.attempt_history?.at(-1)?.notes ?? []).map((note) => `- ${namespace} run ${repeat}: ${note}`),
  );
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

/** Which environment it was (spec 07 §5.3), and each other one that a resume was forced on. */
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
