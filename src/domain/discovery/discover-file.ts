import type { MetricSource } from '../catalog/metric-source.ts';
import type { StageDefinition } from '../stages/stage.ts';
import type { Candidate } from './candidates/candidate.ts';
import { type FileQuestion, fileThresholds } from './file-thresholds.ts';
import { findingAt, type Finding } from './finding.ts';
import {
  describeMerge,
  type InferredSource,
  inferSource,
  isDocsTest,
  mergeSource,
  stageBase,
  testFileName,
} from './source.ts';
import { stageFindings } from './stage-findings.ts';
import { groupCandidates, type GroupedCandidates } from './stage-groups.ts';
import { writeDocsStage, writeStage, type StageContext } from './write-stage.ts';

export interface FileDiscovery {
  stages: StageDefinition[];
  /** What is printed about config and convention. */
  lines: string[];
  findings: Finding[];
  /** Where the literals behind each metric stand. */
  literals: StageLiteral[];
}

/** The literals that one metric of one stage may be written to; several where a dictionary has several outer keys. */
export interface StageLiteral {
  stage: string;
  metric: string;
  source: string;
  /** Repository-relative path of the file they stand in. */
  file: string;
  positions: { line: number; column: number; text: string }[];
}

/** Discovers the stages of one test file. Pure: the same facts and config give the same result. */
export function discoverFile(question: FileQuestion): FileDiscovery {
  const { config, test, discoveredAt } = question;
  const base = stageBase(test.path, config);
  if (isDocsTest(test.path)) {
    const stage = writeDocsStage({ config, base, test, discoveredAt });
    return { stages: [stage], lines: [], findings: [], literals: [] };
  }
  const name = testFileName(test.path);
  const configured = config.metric_sources[name];
  const inferred = inferSource(test.facts);
  const source = mergeSource(configured, inferred);
  const { candidates, findings } = fileThresholds(question);
  const { registry, thresholds } = question;
  const grouped = groupCandidates({ candidates, source, registry });
  const context: StageContext = { config, registry, base, test, thresholds, source, discoveredAt };
  const written = grouped.groups.map((stageGroup) => ({
    stageGroup,
    stage: writeStage(context, stageGroup),
  }));
  const metrics = candidates.map((candidate) => candidate.metric);
  const literalFile = (thresholds ?? test).path;
  return {
    // No schema may let a preset write another preset's literal, so such a file gives none.
    stages: grouped.overlapping.length > 0 ? [] : written.map(({ stage }) => stage),
    lines: describeMerge({ file: name, configured, inferred, metrics }),
    findings: [
      ...findings,
      ...claimFindings(grouped, literalFile),
      ...(candidates.length === 0 ? [] : emptyFindings(grouped, { source, file: test.path })),
      ...orderFindings(inferred, configured === undefined ? null : configured.json_file, test.path),
      ...written.flatMap((one) => stageFindings({ ...one, context, literalFile })),
    ],
    literals: written.flatMap(({ stageGroup, stage }) =>
      [...stageGroup.claims].flatMap(([metric, claimants]) =>
        literalsOf({ stage, metric, claimants, literalFile }),
      ),
    ),
  };
}

function claimFindings(grouped: GroupedCandidates, file: string): Finding[] {
  return [
    ...grouped.overlapping.map(({ candidate, presets }) =>
      findingAt(candidate.literals[0] ?? null, {
        kind: 'preset-overlap',
        severity: 'error',
        file,
        message: `${candidate.source} is claimed by the presets ${presets.join(' and ')}; no preset may write another preset's literal`,
        remedy: 'narrow their constant_filter so that each symbol fits one preset',
      }),
    ),
    ...grouped.unclaimed.map((candidate) =>
      findingAt(candidate.literals[0] ?? null, {
        kind: 'unclaimed',
        severity: 'warning',
        file,
        message: `${candidate.source} (${candidate.metric}) fits no constant_filter of any variant or preset: not calibrated`,
      }),
    ),
  ];
}

/** Calibration never picks: a preset or variant without a stage would silently not be run. */
function emptyFindings(grouped: GroupedCandidates, place: { source: MetricSource; file: string }): Finding[] {
  const { source, file } = place;
  const used = new Set(
    grouped.groups.flatMap(({ preset, variant }) => [`preset ${preset?.name}`, `variant ${variant?.name}`]),
  );
  const named = [
    ...Object.keys(source.calibration_presets ?? {}).map((name) => `preset ${name}`),
    ...Object.keys(source.variants ?? {}).map((name) => `variant ${name}`),
  ];
  return named
    .filter((name) => !used.has(name))
    .map((name) =>
      findingAt(null, {
        kind: 'empty-preset',
        severity: 'warning',
        file,
        message: `the ${name} takes no threshold, so it has no stage and will not be calibrated`,
        remedy: `correct its constant_filter, or add its thresholds`,
      }),
    );
}

/** The running number of a directory depends on the order of tests whose names are equal up to the cut. */
function orderFindings(
  inferred: InferredSource | null,
  configuredFile: string | null | undefined,
  file: string,
): Finding[] {
  if (inferred === null || inferred.sharesDirectoryWith.length === 0 || typeof configuredFile === 'string') {
    return [];
  }
  const message = `${inferred.json_file} is order-dependent: the first 30 characters of the test's name are also those of ${inferred.sharesDirectoryWith.join(', ')}`;
  return [findingAt(null, { kind: 'order-dependent', severity: 'warning', file, message })];
}

function literalsOf(metric: {
  stage: StageDefinition;
  metric: string;
  claimants: readonly Candidate[];
  literalFile: string;
}): StageLiteral[] {
  return metric.claimants.map((candidate) => ({
    stage: metric.stage.key,
    metric: metric.metric,
    source: candidate.source,
    file: metric.literalFile,
    positions: candidate.literals,
  }));
}
