import type { Command } from 'commander';

import { CalibError } from '../../../domain/calib-error.ts';
import type { EnvironmentComparison } from '../../../domain/fingerprint/compare.ts';
import type { FingerprintClass } from '../../../domain/fingerprint/environment.ts';
import type { RecordedEnvironment } from '../../../host/fingerprint/environment-file.ts';
import { exitCode } from '../../exit-code.ts';
import { addExamples, answer, answerJson } from '../../output.ts';
import { addSharedOptions, sharedOptionValues } from '../../options.ts';

/** `compare-env`: what differs between two recorded environments, read-only. */
export function register(program: Command): void {
  const command = program
    .command('compare-env')
    .description(
      'Compare the environments of two run directories field by field, first what decides numbers. Exit code 0 when that ' +
        'is equal as far as both know it, 1 when it differs.',
    )
    .argument('<a>', 'run directory, environment.json or precheck.json')
    .argument('<b>', 'another one')
    .action(async (a: string, b: string, _options: object, self: Command) =>
      compareEnv(a, b, sharedOptionValues(self).json === true),
    );
  addSharedOptions(command, ['json']);
  addExamples(command, [
    'calib compare-env .tune-runs/20260423T050000Z_mmsu_r3 .tune-runs/20260501T050000Z_mmsu',
    'calib compare-env .tune-runs/20260423T050000Z_mmsu_r3 /tmp/precheck/precheck.json --json',
  ]);
}

async function compareEnv(placeA: string, placeB: string, json: boolean): Promise<void> {
  const { readNamedEnvironment } = await import('../../../host/fingerprint/environment-file.ts');
  const { compareEnvironments } = await import('../../../domain/fingerprint/compare.ts');
  const { differenceText } = await import('../../../domain/fingerprint/compare.ts');
  const [a, b] = [await readNamedEnvironment(placeA), await readNamedEnvironment(placeB)];
  const comparison = compareEnvironments(a.facts, b.facts);
  if (comparison.compared.length === 0) {
    throw new CalibError(
      'invalid-input',
      `nothing that decides numbers is recorded in both ${a.file} and ${b.file}`,
      {
        remedy: 'compare with a directory whose environment gate was not skipped',
      },
    );
  }
  if (json) {
    answerJson({ a: sourceOf(a), b: sourceOf(b), ...comparison });
  } else {
    const lines = (className: FingerprintClass): string[] =>
      comparison.differences
        .filter((difference) => difference.class === className)
        .map((difference) => `  ${differenceText(difference)}`);
    answer(`A: ${sourceText(a)}`);
    answer(`B: ${sourceText(b)}`);
    answer(comparison.equal ? 'identity: equal' : ['identity differs:', ...lines('identity')].join('\n'));
    answer(['context:', ...(lines('context').length === 0 ? ['  equal'] : lines('context'))].join('\n'));
    unknownLines(comparison).forEach(answer);
  }
  process.exitCode = comparison.equal ? exitCode.done : exitCode.notReady;
}

function sourceOf({ file, identity_sha256 }: RecordedEnvironment): object {
  return { file, identity_sha256 };
}

function sourceText({ file, identity_sha256: identity }: RecordedEnvironment): string {
  return identity === null ? file : `${file} (${identity.slice(0, 12)})`;
}

function unknownLines({ unknown }: EnvironmentComparison): string[] {
  return (['a', 'b'] as const).flatMap((side) => {
    const fields = unknown.filter(({ known_in }) => known_in === side).map(({ field }) => field);
    return fields.length === 0
      ? []
      : [`only ${side.toUpperCase()} knows, not compared: ${fields.join(', ')}`];
  });
}
