import type { ModelConfig } from '../catalog/model-config.ts';
import type { MetricKind } from '../metrics/metric-kind.ts';
import { type MetricNames, pinnedConstants } from '../metrics/metrics.ts';
import { findCandidates, type Candidate } from './candidates.ts';
import { findingAt, type Finding } from './finding.ts';
import { listedConstants, type ListedConstants } from './listed-constants.ts';
import { contextVariables } from './sample-scope.ts';
import { testFileName } from './source.ts';
import { unmatchedConstants } from './unmatched-constants.ts';
import type { ReadSource } from './write-stage.ts';

export interface FileQuestion {
  config: ModelConfig;
  registry: ReadonlyMap<string, MetricKind>;
  names: MetricNames;
  test: ReadSource;
  /** The threshold file that the config names for this test, null without one. */
  thresholds: ReadSource | null;
  discoveredAt: string;
}

/** The thresholds of a test: those of its threshold file where the config names one, else its own. */
export function fileThresholds(question: FileQuestion): { candidates: Candidate[]; findings: Finding[] } {
  const { config, names, test, thresholds } = question;
  const settings = config.metric_sources[testFileName(test.path)];
  const holder = thresholds ?? test;
  const ignored = listedConstants(settings?.ignored_constants);
  const fixed = listedConstants([...pinnedIn(holder), ...(settings?.fixed_constants ?? [])]);
  const search = { names, ignored, fixed };
  const { assignments, asides, wildcardImports } = holder.facts;
  const { candidates, findings } = findCandidates({ file: holder.path, assignments, asides, ...search });
  const context = new Set(contextVariables(test.facts));
  const isKnown = (source: string) =>
    context.has(source) || ignored.hasSource(source) || fixed.hasSource(source);
  return {
    candidates: candidates.map((candidate) => withRole(candidate, { names, holder })),
    findings: [
      ...findings,
      ...wildcardImports.map((wildcard) =>
        findingAt(wildcard, {
          kind: 'wildcard-import',
          severity: 'info',
          file: holder.path,
          message: `constants that "from ${wildcard.module} import *" brings along are not seen`,
        }),
      ),
      ...unmatchedConstants({ file: holder.path, assignments, names, isKnown }),
      ...absentEntries({ holder, lists: [ignored, fixed] }),
      ...(thresholds === null ? [] : misplacedThresholds({ test, thresholds, search })),
    ],
  };
}

/** Pinned by the suite itself; listed in no config, so only what is there counts. */
function pinnedIn({ facts }: ReadSource): string[] {
  return pinnedConstants.filter((pinned) => facts.assignments.some(({ name }) => name === pinned));
}

/** What the rest of the module and the metrics' names say about a candidate beyond its literal. */
function withRole(
  candidate: Candidate,
  { names, holder }: { names: FileQuestion['names']; holder: ReadSource },
): Candidate {
  const { name, key, doubt } = candidate;
  const claims = key === null ? names.claimsOf(name) : [];
  const [first] = claims;
  return {
    ...candidate,
    isCap: key === null && holder.facts.cappingNames.includes(name),
    ...(claims.length < 2
      ? {}
      : {
          doubt: doubt ?? `fits the metrics ${claims.join(' and ')}`,
          remedy: `name the right one under metrics: ${first}: {match: "^${name}$"}, or list it in ignored_constants`,
        }),
  };
}

function absentEntries(question: { holder: ReadSource; lists: ListedConstants[] }): Finding[] {
  const { holder, lists } = question;
  const { assignments, asides } = holder.facts;
  const present = new Set([...assignments, ...asides].map(({ name }) => name));
  return lists
    .flatMap(({ entries }) => entries)
    .filter(({ symbol }) => !present.has(symbol))
    .map(({ entry }) =>
      findingAt(null, {
        kind: 'config-entry',
        severity: 'warning',
        file: holder.path,
        message: `the config lists ${entry} as ignored or fixed, but the file does not have it`,
      }),
    );
}

/** A threshold that was left behind in the test file would be asserted by CI and seen by nobody. */
function misplacedThresholds(question: {
  test: ReadSource;
  thresholds: ReadSource;
  search: Pick<Parameters<typeof findCandidates>[0], 'names' | 'ignored' | 'fixed'>;
}): Finding[] {
  const { test, thresholds, search } = question;
  const { assignments, asides } = test.facts;
  const { candidates } = findCandidates({ file: test.path, assignments, asides, ...search });
  return candidates.map((candidate) =>
    findingAt(candidate.literals[0] ?? null, {
      kind: 'not-usable',
      severity: 'warning',
      file: test.path,
      message: `${candidate.source} (${candidate.metric}) is not calibrated: the config reads this test's thresholds from ${thresholds.path}`,
      remedy: 'move it there, or list it in ignored_constants',
    }),
  );
}
