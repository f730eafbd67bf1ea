import type { StageDefinition } from '../stages/stage.ts';
import type { Candidate } from './candidates.ts';
import { findingAt, type Finding } from './finding.ts';
import { isComplete } from './source.ts';
import { sampleScope, type SampleScope } from './sample-scope.ts';
import { testFileName } from './source.ts';
import type { StageGroup } from './stage-groups.ts';
import type { StageContext } from './write-stage.ts';

interface WrittenStage {
  stage: StageDefinition;
  stageGroup: StageGroup;
  context: StageContext;
  /** Repository-relative path of the file that holds the literals. */
  literalFile: string;
}

/** What keeps a stage from being started, and what a person should know about it. */
export function stageFindings(written: WrittenStage): Finding[] {
  const { stage, stageGroup, context } = written;
  const { facts } = context.test;
  const { variant, group } = stageGroup;
  const scope = sampleScope({ facts, source: context.source, variant, group });
  const metrics = [...stageGroup.claims].flatMap(([metric, claimants]) =>
    metricFindings({ written, metric, claimants }),
  );
  return [...metrics, ...countFindings(written), ...scopeFindings(scope, { stage, group })];
}

interface ClaimedMetric {
  written: WrittenStage;
  metric: string;
  claimants: readonly Candidate[];
}

function metricFindings(claimed: ClaimedMetric): Finding[] {
  const { written, metric, claimants } = claimed;
  const { stage, literalFile: file } = written;
  const place = stage.metrics[metric];
  const last = claimants.at(-1);
  if (place === undefined || last === undefined) {
    return [];
  }
  const isCertain = claimants.length === 1 && last.doubt === null;
  const unread: Omit<Finding, 'line' | 'column'> = {
    kind: 'needs-config',
    severity: 'blocker',
    file,
    message: `${stage.key}.${metric} (${last.source}) has no result file or path`,
    remedy: `add ${settingsKey(written)}.paths.${metric}, with a json_file or as "<file>::<path>"`,
  };
  return [
    ...(isCertain ? [] : [ambiguousFinding(claimed, last)]),
    ...(isComplete(place) ? [] : [findingAt(last.literals[0] ?? null, unread)]),
  ];
}

function ambiguousFinding(claimed: ClaimedMetric, last: Candidate): Finding {
  const { written, metric, claimants } = claimed;
  const { stage, literalFile: file } = written;
  const ignoredKey = `metric_sources.${testFileName(stage.test)}.ignored_constants`;
  const isClaimedTwice = claimants.length > 1;
  return findingAt(last.literals[0] ?? null, {
    kind: 'ambiguous-metric',
    severity: 'blocker',
    file,
    message: isClaimedTwice
      ? `${stage.key}.${metric} is claimed by ${claimants.map(claimant).join(', ')}`
      : `${stage.key}.${metric}: ${last.name} ${last.doubt ?? ''}`,
    remedy: isClaimedTwice
      ? `list all but the right one in ${ignoredKey}`
      : `write it as one plain literal, or list it in ${ignoredKey}`,
  });
}

function claimant(candidate: Candidate): string {
  const place = candidate.literals[0];
  return place === undefined ? candidate.source : `${candidate.source} (line ${place.line})`;
}

/** The config key under which a stage's reading fields belong. */
function settingsKey(written: WrittenStage): string {
  const { variant } = written.stageGroup;
  const file = `metric_sources.${testFileName(written.stage.test)}`;
  return variant === null ? file : `${file}.variants.${variant.name}`;
}

function countFindings(written: WrittenStage): Finding[] {
  const { stage } = written;
  const counts = stage.sample_counts;
  if (counts === undefined || (isComplete(counts.total) && isComplete(counts.ok))) {
    return [];
  }
  return [
    findingAt(null, {
      kind: 'no-counts',
      severity: 'warning',
      file: stage.test,
      message: `${stage.key} has no sample counts, so no repeat of it can be accepted`,
      remedy: `add ${settingsKey(written)}.sample_counts with total and ok`,
    }),
  ];
}

function scopeFindings(scope: SampleScope, place: { stage: StageDefinition; group: string }): Finding[] {
  const { stage, group } = place;
  const file = stage.test;
  const remedy = `set metric_sources.${testFileName(file)}.expected_samples (or its entry ${group})`;
  if (scope.kind === 'known') {
    return [];
  }
  if (scope.kind === 'none') {
    const message = `${stage.key} has no sample scope`;
    return [findingAt(null, { kind: 'no-scope', severity: 'info', file, message })];
  }
  if (scope.kind === 'ambiguous') {
    const values = scope.values.map(({ name, samples, line }) => `${name} = ${samples} (line ${line})`);
    const message = `${stage.key}: ambiguous sample scope, ${values.join(' and ')}`;
    const position = { line: scope.values[0]?.line ?? 1, column: 1 };
    return [findingAt(position, { kind: 'ambiguous-scope', severity: 'blocker', file, message, remedy })];
  }
  const message = `${stage.key}: the sample scope ${scope.name} = ${scope.text} is not 1 or more`;
  const position = { line: scope.line, column: 1 };
  return [findingAt(position, { kind: 'invalid-scope', severity: 'error', file, message, remedy })];
}
