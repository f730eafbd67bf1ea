import type { StageDefinition } from '../stages/stage.ts';
import type { Candidate } from './candidates/candidate.ts';
import { chooseClaimant, type ChosenClaimant } from './candidates/choose-claimant.ts';
import { findingAt, type Finding } from './finding.ts';
import { isComplete, testFileName } from './source.ts';
import { sampleScope, type SampleScope } from './sample-scope.ts';
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
  const claim = chooseClaimant(claimants);
  if (place === undefined || claim === null) {
    return [];
  }
  const { chosen, passedOver } = claim;
  const unread: Omit<Finding, 'line' | 'column'> = {
    kind: 'needs-config',
    severity: 'blocker',
    file,
    message: `${stage.key}.${metric} (${chosen.source}) has no result file or path`,
    remedy: `add ${settingsKey(written)}.paths.${metric}, with a json_file or as "<file>::<path>"`,
  };
  return [
    ...ambiguousFindings(claimed, claim),
    ...blockedFindings(claimed, chosen),
    ...environmentFindings(claimed, chosen),
    ...(isComplete(place) ? [] : [findingAt(chosen.literals[0] ?? null, unread)]),
    ...passedOver.map((candidate) => passedOverFinding(claimed, { candidate, chosen })),
  ];
}

function ambiguousFindings(claimed: ClaimedMetric, { chosen, tied }: ChosenClaimant): Finding[] {
  const { written, metric } = claimed;
  const { stage, literalFile: file } = written;
  const settings = `metric_sources.${testFileName(stage.test)}`;
  if (tied.length === 0 && chosen.doubt === null) return [];
  const equal = [...tied, chosen];
  const ambiguous =
    tied.length > 0
      ? {
          message: `${stage.key}.${metric} is claimed by ${equal.map(claimant).join(', ')}`,
          remedy: `list all but the right one in ${settings}: ${entriesToPaste(equal)}`,
        }
      : {
          message: `${stage.key}.${metric}: ${chosen.name} ${chosen.doubt ?? ''}`,
          remedy:
            chosen.remedy ?? `write it as one plain literal, or list it in ${settings}.ignored_constants`,
        };
  return [
    findingAt(chosen.literals[0] ?? null, {
      kind: 'ambiguous-metric',
      severity: 'blocker',
      file,
      ...ambiguous,
    }),
  ];
}

/** Said before a session begins, and not by the apply at its end. */
function blockedFindings(claimed: ClaimedMetric, chosen: Candidate): Finding[] {
  const { written, metric } = claimed;
  const { stage, literalFile: file } = written;
  if (chosen.obstacle === null) return [];
  return [
    findingAt(chosen.literals[0] ?? null, {
      kind: 'blocked-place',
      severity: 'blocker',
      file,
      message: `${stage.key}.${metric}: ${chosen.source} ${chosen.obstacle}`,
      remedy:
        chosen.remedy ??
        `make it readable, or list it in metric_sources.${testFileName(stage.test)}.ignored_constants`,
    }),
  ];
}

/** A literal that is only the default of a variable says nothing where the launch sets that variable. */
function environmentFindings(claimed: ClaimedMetric, { variable, source, literals }: Candidate): Finding[] {
  const { stage, context, literalFile: file } = claimed.written;
  const launched = { ...context.config.auto_env, ...stage.extra_env };
  const value = variable === undefined ? undefined : launched[variable];
  if (variable === undefined || value === undefined) return [];
  return [
    findingAt(literals[0] ?? null, {
      kind: 'environment-default',
      severity: 'warning',
      file,
      message: `${source} is the default of ${variable}, which the config sets to ${value}: the literal is not the gate`,
      remedy: `take ${variable} out of auto_env and extra_env, or list ${source} in ignored_constants`,
    }),
  ];
}

/** One entry for each choice, of the first few: a person copies the one that is meant. */
function entriesToPaste(equal: readonly Candidate[]): string {
  const entries = equal.slice(0, 4).map((kept) => {
    const others = equal.filter((candidate) => candidate !== kept).map(({ source }) => `"${source}"`);
    return `ignored_constants: [${others.join(', ')}] keeps ${kept.source}`;
  });
  return `${entries.join('; ')}${equal.length > entries.length ? '; …' : ''}`;
}

function passedOverFinding(
  claimed: ClaimedMetric,
  { candidate, chosen }: { candidate: Candidate; chosen: Candidate },
): Finding {
  const { written, metric } = claimed;
  const { stage, literalFile: file } = written;
  const why = candidate.isCap === true ? 'only caps a computed threshold' : 'is no reference';
  return findingAt(candidate.literals[0] ?? null, {
    kind: 'passed-over',
    severity: 'info',
    file,
    message: `${stage.key}.${metric} is ${claimant(chosen)}; ${candidate.source} ${why} and is left alone`,
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
