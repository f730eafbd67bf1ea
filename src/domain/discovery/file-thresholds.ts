import { findCandidates, type Candidate } from './candidates.ts';
import type { FileQuestion } from './discover-file.ts';
import { findingAt, type Finding } from './finding.ts';
import { listedConstants, type ListedConstants } from './listed-constants.ts';
import { contextVariables } from './sample-scope.ts';
import { testFileName } from './source.ts';
import { unmatchedConstants } from './unmatched-constants.ts';
import type { ReadSource } from './write-stage.ts';

/** The thresholds of a test: those of its threshold file where the config names one, else its own. */
export function fileThresholds(question: FileQuestion): { candidates: Candidate[]; findings: Finding[] } {
  const { config, names, test, thresholds } = question;
  const settings = config.metric_sources[testFileName(test.path)];
  const holder = thresholds ?? test;
  const ignored = listedConstants(settings?.ignored_constants);
  const fixed = listedConstants(settings?.fixed_constants);
  const search = { names, ignored, fixed };
  const { assignments, asides, wildcardImports } = holder.facts;
  const { candidates, findings } = findCandidates({ file: holder.path, assignments, asides, ...search });
  const context = new Set(contextVariables(test.facts));
  const isKnown = (source: string) =>
    context.has(source) || ignored.hasSource(source) || fixed.hasSource(source);
  return {
    candidates,
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
