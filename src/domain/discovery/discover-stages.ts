import type { ModelConfig } from '../catalog/model-config.ts';
import { metricNames, metricRegistry } from '../metrics/metric-names.ts';
import { shadowedAliases } from '../selection/select.ts';
import type { StageDefinition } from '../stages/stage.ts';
import type { HostDevice } from './candidates/device-row.ts';
import { discoverFile, type FileDiscovery, type StageLiteral } from './discover-file.ts';
import { describeFinding, type Finding, findingAt, type FindingKind } from './finding.ts';
import { testFileName } from './source.ts';
import type { ReadSource } from './write-stage.ts';

export interface DiscoveryQuestion {
  config: ModelConfig;
  /** The test files that parsed, in processing order. */
  tests: readonly ReadSource[];
  /** The threshold files that parsed, by the path that the config gives. */
  thresholdFiles: ReadonlyMap<string, ReadSource>;
  /** What is known of the device that the thresholds are for; absent where no host is given. */
  host?: HostDevice | null;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  discoveredAt: string;
}

export interface StageDiscovery {
  /** In emission order. */
  stages: StageDefinition[];
  /** What is printed per file about config and convention. */
  lines: string[];
  findings: Finding[];
  literals: StageLiteral[];
  counts: MetricCounts;
}

/** Emitted metrics by status. */
export interface MetricCounts {
  ok: number;
  needsConfig: number;
  ambiguous: number;
  blocked: number;
}

/** What one test file gives, with the threshold file that the config names for it. */
export type FileDiscoverer = (test: ReadSource, thresholds: ReadSource | null) => FileDiscovery;

/** Discovers files one by one, in any order, by the rules of one model's config. */
export function fileDiscoverer(
  question: Pick<DiscoveryQuestion, 'config' | 'host' | 'discoveredAt'>,
): FileDiscoverer {
  const { config, host = null, discoveredAt } = question;
  const registry = metricRegistry(config);
  const names = metricNames(config);
  return (test, thresholds) =>
    discoverFile({ config, registry, names, test, thresholds, host, discoveredAt });
}

/**
 * From parsed test files and a model's config to its stages.
 *
 * @param ready what files without a threshold file give, by path, where that is known already
 */
export function discoverStages(
  question: DiscoveryQuestion,
  ready: ReadonlyMap<string, FileDiscovery> = new Map(),
): StageDiscovery {
  const { config, tests, thresholdFiles } = question;
  const discover = fileDiscoverer(question);
  const files = tests.flatMap((test) => {
    const thresholdPath = config.metric_sources[testFileName(test.path)]?.threshold_file;
    const thresholds = thresholdPath === undefined ? null : thresholdFiles.get(thresholdPath);
    // A threshold file that could not be read is reported where it was read; without it the test has no stages.
    return thresholds === undefined ? [] : [ready.get(test.path) ?? discover(test, thresholds)];
  });
  const stages = files.flatMap((file) => file.stages);
  return {
    stages,
    lines: files.flatMap((file) => file.lines),
    findings: [
      ...unique(files.flatMap((file) => file.findings)),
      ...duplicateKeys(stages),
      ...aliasClashes(stages),
    ],
    literals: files.flatMap((file) => file.literals),
    counts: countMetrics(stages),
  };
}

/** Counts per emitted metric. */
function countMetrics(stages: readonly StageDefinition[]): MetricCounts {
  const statuses = stages.flatMap((stage) => Object.values(stage.metrics).map((metric) => metric.status));
  const count = (status: string) => statuses.filter((one) => one === status).length;
  return {
    ok: count('OK'),
    needsConfig: count('NEEDS_CONFIG'),
    ambiguous: count('AMBIGUOUS'),
    blocked: count('BLOCKED'),
  };
}

/** Tests that share a threshold file would report its constants once each. */
function unique(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()];
}

function duplicateKeys(stages: readonly StageDefinition[]): Finding[] {
  const first = new Map<string, StageDefinition>();
  return stages.flatMap((stage) => {
    const earlier = first.get(stage.key);
    first.set(stage.key, earlier ?? stage);
    if (earlier === undefined) {
      return [];
    }
    const other = earlier.test === stage.test ? 'another variant or preset of the same file' : earlier.test;
    return [
      findingAt(null, {
        kind: 'duplicate-stage',
        severity: 'error',
        file: stage.test,
        message: `the stage key ${stage.key} is also that of ${other}`,
        remedy: 'rename one of them, or change stage_base_strip_prefix or stage_base_strip_suffix',
      }),
    ];
  });
}

/** A key is looked up before an alias, so an equal alias can never be meant. */
function aliasClashes(stages: readonly StageDefinition[]): Finding[] {
  return shadowedAliases(stages).map((key) =>
    findingAt(null, {
      kind: 'alias-clash',
      severity: 'warning',
      file: key,
      message: 'this stage key is also an alias of other stages; --stages will take it for the key',
    }),
  );
}

/** Kinds of which there is usually one per constant or stage: one line for each file says them all. */
const gathered: ReadonlySet<FindingKind> = new Set(['unmatched', 'other-number', 'no-scope', 'derived']);

const gatheredWords: Partial<Record<FindingKind, string>> = {
  unmatched: 'unmatched constants',
  'other-number': 'other numbers, which are not calibrated',
  'no-scope': 'no sample scope',
  derived: 'computed, so not calibrated themselves',
};

/**
 * Everything a discovery has to say, as lines with two leading spaces: first config and convention per file, then the
 * findings, gravest last, so that they are what is still visible on a terminal.
 */
export function describeDiscovery(discovery: Pick<StageDiscovery, 'lines' | 'findings'>): string[] {
  const ordered = (['info', 'warning', 'blocker', 'error'] as const).flatMap((severity) =>
    discovery.findings.filter((finding) => finding.severity === severity),
  );
  const single = ordered.filter((finding) => !gathered.has(finding.kind));
  return [
    ...discovery.lines,
    ...gatheredLines(ordered.filter((finding) => gathered.has(finding.kind))),
    ...single.map((finding) => `  ${describeFinding(finding)}`),
  ];
}

function gatheredLines(findings: readonly Finding[]): string[] {
  const byPlace = new Map<string, Finding[]>();
  for (const finding of findings) {
    const place = `${finding.kind} ${finding.file}`;
    byPlace.set(place, [...(byPlace.get(place) ?? []), finding]);
  }
  return [...byPlace.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) {
      return [];
    }
    const subjects = group.map((finding) => {
      const subject = finding.message.split(/ (?:is|has|matches|stands) /)[0] ?? '';
      return finding.line === null ? subject : `${subject} (line ${finding.line})`;
    });
    return [`  [info] ${first.file}: ${gatheredWords[first.kind] ?? first.kind}: ${subjects.join(', ')}`];
  });
}

/** `[<model>] <n> stages written to <path>, <a> metric(s) OK, <b> need config`. */
export function describeTotals(totals: {
  model: string;
  stages: number;
  /** `written to <path>`, `unchanged in <path>`, … */
  outcome: string;
  counts: StageDiscovery['counts'];
}): string {
  const { ok, needsConfig, ambiguous, blocked } = totals.counts;
  const doubtful = [
    ...(ambiguous === 0 ? [] : [`, ${ambiguous} ambiguous`]),
    ...(blocked === 0 ? [] : [`, ${blocked} blocked`]),
  ].join('');
  return `[${totals.model}] ${totals.stages} stages ${totals.outcome}, ${ok} metric(s) OK, ${needsConfig} need config${doubtful}`;
}
