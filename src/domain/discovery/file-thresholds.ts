import type { MetricSource } from '../catalog/metric-source.ts';
import type { ModelConfig } from '../catalog/model-config.ts';
import type { MetricKind } from '../metrics/metric-kind.ts';
import { type MetricNames, pinnedConstants } from '../metrics/metric-names.ts';
import { isDataFile } from '../places/place.ts';
import type { Candidate, CandidateResult, CandidateSearch } from './candidates/candidate.ts';
import { findCandidates } from './candidates/candidates.ts';
import { claimedCandidates } from './candidates/claimed-places.ts';
import { chooseDevice, type HostDevice } from './candidates/device-row.ts';
import { findingAt, type Finding } from './finding.ts';
import { listedConstants, type ListedConstants } from './candidates/listed-constants.ts';
import { otherNumbers } from './other-numbers.ts';
import { contextVariables } from './sample-scope.ts';
import { testFileName } from './source.ts';
import { unmatchedConstants } from './candidates/unmatched-constants.ts';
import type { ReadSource } from './write-stage.ts';

export interface FileQuestion {
  config: ModelConfig;
  registry: ReadonlyMap<string, MetricKind>;
  names: MetricNames;
  test: ReadSource;
  /** The threshold file that the config names for this test, null without one. */
  thresholds: ReadSource | null;
  /** What is known of the host's device; null where no host is given. */
  host: HostDevice | null;
  discoveredAt: string;
}

/** The thresholds of a test: those of its threshold file where the config names one, else its own. */
export function fileThresholds(question: FileQuestion): { candidates: Candidate[]; findings: Finding[] } {
  const { config, names, test, thresholds } = question;
  const settings = config.metric_sources[testFileName(test.path)];
  const holder = thresholds ?? test;
  const ignored = listedConstants(settings?.ignored_constants);
  const fixed = listedConstants([...pinnedIn(holder), ...(settings?.fixed_constants ?? [])]);
  const { assignments, wildcardImports } = holder.facts;
  const search = { ...searchOf(question, holder), ignored, fixed };
  const found = findCandidates(search);
  const claims = claimedIn(settings, search);
  const { candidates, findings } = withClaims(found, claims, holder.path);
  const context = new Set(contextVariables(test.facts));
  const caps = new Set(holder.facts.cappingNames);
  const isKnown = (source: string) =>
    context.has(source) || ignored.hasSource(source) || fixed.hasSource(source);
  const all = [
    ...findings,
    ...wildcardImports.map((wildcard) =>
      findingAt(wildcard, {
        kind: 'wildcard-import',
        severity: 'info',
        file: holder.path,
        message: `constants that "from ${wildcard.module} import *" brings along are not seen`,
      }),
    ),
    ...unmatchedConstants({
      file: holder.path,
      assignments,
      literals: holder.facts.literals,
      names,
      isKnown,
    }),
    ...absentEntries({ holder, lists: [ignored, fixed] }),
    ...(thresholds === null
      ? []
      : misplacedThresholds({ thresholds, search: { ...searchOf(question, test), ignored, fixed } })),
  ];
  return {
    candidates: candidates.map((candidate) => withRole(candidate, { names, caps })),
    findings: [...all, ...otherNumbers(test.path, test.facts, { candidates, findings: all, isKnown })],
  };
}

function searchOf(question: FileQuestion, holder: ReadSource): Omit<CandidateSearch, 'ignored' | 'fixed'> {
  const { config, names, registry, test, host } = question;
  const name = testFileName(test.path);
  const settings = config.metric_sources[name];
  const key = settings?.device_key ?? config.device_key;
  const { assignments, asides, literals, concurrency } = holder.facts;
  const environment = { ...config.auto_env, ...config.extra_env[name] };
  const defaults = [...test.facts.environmentDefaults, ...holder.facts.environmentDefaults];
  return {
    file: holder.path,
    settings: `metric_sources.${name}`,
    assignments,
    asides,
    literals,
    names: isDataFile(holder.path) ? dataNames(names, registry) : names,
    device: key === undefined ? null : chooseDevice({ key, host, environment, defaults }),
    concurrency: test.facts.concurrency ?? concurrency,
    fillPending: settings?.fill_pending === true,
  };
}

/** In a data file every metric's own key counts: there are no other names to go by. */
function dataNames(names: MetricNames, registry: FileQuestion['registry']): MetricNames {
  return { ...names, ofNestedKey: (key) => names.ofNestedKey(key) ?? (registry.has(key) ? key : null) };
}

function claimedIn(settings: MetricSource | undefined, search: CandidateSearch): Candidate[] {
  const fillPending = search.fillPending;
  const variants = Object.entries(settings?.variants ?? {});
  return [
    ...claimedCandidates({ places: settings?.places ?? {}, search, fillPending, variant: null }),
    ...variants.flatMap(([variant, { places = {} }]) =>
      claimedCandidates({ places, search, fillPending, variant }),
    ),
  ];
}

/** A place that the config names stands in for whatever the names would say about its metric and its literal. */
function withClaims(found: CandidateResult, claims: readonly Candidate[], file: string): CandidateResult {
  const metrics = new Map(
    claims.filter(({ variant }) => variant === undefined).map((claim) => [claim.metric, claim]),
  );
  const sources = new Set(claims.map(({ source }) => source));
  const roots = new Set(claims.map(({ name }) => name));
  const replaced = found.candidates.filter(
    ({ metric, source }) => metrics.has(metric) || sources.has(source),
  );
  const left = new Set(replaced);
  return {
    candidates: [...found.candidates.filter((candidate) => !left.has(candidate)), ...claims],
    findings: [
      ...found.findings.filter(
        ({ kind, message }) => kind !== 'not-usable' || !roots.has(message.split(/[ [.]/)[0] ?? ''),
      ),
      ...replaced
        .filter(({ source }) => !sources.has(source))
        .map(({ metric, source, literals }) =>
          findingAt(literals[0] ?? null, {
            kind: 'passed-over',
            severity: 'info',
            file,
            message: `${source} is left alone: the config names ${metrics.get(metric)?.source ?? 'another place'} for ${metric}`,
          }),
        ),
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
  { names, caps }: { names: FileQuestion['names']; caps: ReadonlySet<string> },
): Candidate {
  const { name, key, doubt } = candidate;
  const claims = key === null && candidate.isClaimed !== true ? names.claimsOf(name) : [];
  const [first] = claims;
  return {
    ...candidate,
    isCap: key === null && caps.has(name),
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
function misplacedThresholds(question: { thresholds: ReadSource; search: CandidateSearch }): Finding[] {
  const { thresholds, search } = question;
  const { candidates } = findCandidates(search);
  return candidates.map((candidate) =>
    findingAt(candidate.literals[0] ?? null, {
      kind: 'not-usable',
      severity: 'warning',
      file: search.file,
      message: `${candidate.source} (${candidate.metric}) is not calibrated: the config reads this test's thresholds from ${thresholds.path}`,
      remedy: 'move it there, or list it in ignored_constants',
    }),
  );
}
