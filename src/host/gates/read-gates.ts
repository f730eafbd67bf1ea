import { realpath } from 'node:fs/promises';

import { thresholdId, type LocatedThresholds } from '../../domain/apply/thresholds.ts';
import { findGates, type GateSource, type MetricLiteral } from '../../domain/gates/build-gates.ts';
import type { FileReading } from '../../domain/gates/reading.ts';
import { thresholdFileOf, type StageDefinition } from '../../domain/stages/stage.ts';
import { readAssertions } from '../../python/assertions/read-assertions.ts';
import { ModuleFiles } from '../../python/assertions/syntax/module-files.ts';
import { readCurrentLiterals } from '../run-directory/literals.ts';
import { repositoryFiles } from './repository-files.ts';

export interface ReadGatesQuestion {
  /** Absolute path of the checkout. */
  repoRoot: string;
  stages: readonly StageDefinition[];
}

export interface GatesReading {
  gates: GateSource[];
  readings: FileReading[];
}

/**
 * The gates of a model's metrics as the checkout's test files assert them. Reads only below the repository root and
 * never runs what it reads; what cannot be read is an unread gate, not an error.
 */
export async function readGates({ repoRoot, stages }: ReadGatesQuestion): Promise<GatesReading> {
  const files = new ModuleFiles(repositoryFiles(await realpath(repoRoot)));
  const tests = [...new Set(stages.map(({ test }) => test))];
  const readings = tests.map((testFile) => readAssertions({ files, testFile }));
  const located = await readCurrentLiterals({ repoRoot, stages });
  return { gates: findGates(metricLiterals(stages, located), readings), readings };
}

function metricLiterals(stages: readonly StageDefinition[], located: LocatedThresholds): MetricLiteral[] {
  return stages.flatMap((stage) =>
    Object.entries(stage.metrics).map(([metric, { source }]): MetricLiteral => {
      const literal = located.literals[thresholdId(stage.key, metric)];
      const shared = {
        stage: stage.key,
        metric,
        place: source,
        file: thresholdFileOf(stage),
        test: stage.test,
      };
      if (literal?.kind !== 'found') {
        return { ...shared, found: null, problem: literal?.reason ?? 'its literal was not located' };
      }
      const { place, line, column, value, isInteger } = literal;
      return value === null
        ? {
            ...shared,
            place,
            found: null,
            problem: `${place} is ${literal.text}: it is still to be calibrated`,
          }
        : { ...shared, place, found: { line, column, value, isInteger }, problem: null };
    }),
  );
}
