import type { StageDiscovery } from './discover-stages.ts';
import { describeFinding, type Finding, type FindingKind } from './finding.ts';

/** Kinds of which there is usually one per constant or stage: one line for each file says them all. */
const gathered: ReadonlySet<FindingKind> = new Set(['unmatched', 'no-scope']);

/**
 * Everything a discovery has to say, as lines with two leading spaces: first config and convention per file (spec 02
 * §10), then the findings, gravest last, so that they are what is still visible on a terminal.
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
      const subject = finding.message.split(' ')[0] ?? '';
      return finding.line === null ? subject : `${subject} (line ${finding.line})`;
    });
    const what = first.kind === 'unmatched' ? 'unmatched constants' : 'no sample scope';
    return [`  [info] ${first.file}: ${what}: ${subjects.join(', ')}`];
  });
}

/** `[<model>] <n> stages written to <path>, <a> metric(s) OK, <b> need config` (spec 02 §10). */
export function describeTotals(totals: {
  model: string;
  stages: number;
  /** `written to <path>`, `unchanged in <path>`, … */
  outcome: string;
  counts: StageDiscovery['counts'];
}): string {
  const { ok, needsConfig, ambiguous } = totals.counts;
  const doubtful = ambiguous === 0 ? '' : `, ${ambiguous} ambiguous`;
  return `[${totals.model}] ${totals.stages} stages ${totals.outcome}, ${ok} metric(s) OK, ${needsConfig} need config${doubtful}`;
}
