import { compareEnvironments, identityDifferenceLines } from '../fingerprint/compare.ts';
import type { CiMetrics } from '../fingerprint/ci-metrics.ts';
import type { EnvironmentFacts } from '../fingerprint/environment.ts';
import { type CheckResult, checkResult } from './checks.ts';

/** The environment that CI recorded, or why it cannot be told. */
export type CiEnvironment =
  | { kind: 'facts'; source: string; facts: EnvironmentFacts; metrics?: CiMetrics | undefined }
  | { kind: 'unreadable'; source: string; reason: string };

/**
 * Whether this machine is like the one on which CI asserts the thresholds: a calibration on another one sets thresholds that
 * CI then misses, or that no longer catch anything. Only what both know is compared.
 *
 * @param question `mayDiffer` names fields whose difference is a warning
 */
export function judgeCiReference(question: {
  ci: CiEnvironment;
  here: EnvironmentFacts;
  mayDiffer: readonly string[];
}): CheckResult {
  const { ci, here, mayDiffer } = question;
  const id = 'ci_reference';
  if (ci.kind === 'unreadable') {
    const message = `the environment of CI (${ci.source}) cannot be read: ${ci.reason}`;
    const remedies = ['have CI record it with calib fingerprint, or correct ci_reference in the config'];
    return checkResult({ id, lines: [`CI: ${ci.source} cannot be read`], errors: [{ message, remedies }] });
  }
  const comparison = compareEnvironments(ci.facts, here);
  const isAllowed = ({ field }: { field: string }) => mayDiffer.includes(field);
  const { differences, compared, unknown } = comparison;
  const wrong = identityDifferenceLines({
    ...comparison,
    differences: differences.filter((one) => !isAllowed(one)),
  });
  const allowed = identityDifferenceLines({
    ...comparison,
    differences: differences.filter((one) => isAllowed(one) || one.class === 'context'),
  });
  const hidden = unknown
    .filter((one) => one.class === 'identity' && one.known_in === 'a')
    .map(({ field }) => field);
  const errors = [
    ...(compared.length === 0
      ? [
          {
            message: `${ci.source} and this machine have nothing in common that decides numbers`,
            remedies: ['have CI record its environment with calib fingerprint'],
          },
        ]
      : []),
    ...wrong.map((line) => ({
      message: `unlike CI (${ci.source}), ${line}`,
      remedies: [
        'calibrate on a machine like that of CI, or name the field in ci_reference.may_differ of the config',
      ],
    })),
  ];
  const same = `CI: ${compared.length} fields compared with ${ci.source}`;
  return checkResult({
    id,
    lines: [wrong.length === 0 ? same : `${same}, ${wrong.length} unlike`, ...wrong],
    errors,
    warnings: [
      ...allowed.map((line) => `unlike CI, as ci_reference.may_differ allows: ${line}`),
      ...(hidden.length === 0
        ? []
        : [`CI records what cannot be told here, so it is not compared: ${hidden.join(', ')}`]),
    ],
  });
}
