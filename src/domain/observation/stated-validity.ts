import type { JsonSource, StageDefinition } from '../stages/stage.ts';

type ConfiguredStage = Pick<StageDefinition, 'observation_validity' | 'allowed_pytest_failure'>;

/** What a test itself says about its run; absent where nothing is configured, null where it cannot be read. */
export interface StatedValidity {
  observation_valid?: boolean | null | undefined;
  allowed_pytest_failure?: boolean | null | undefined;
}

/** The booleans that a stage reads from its results, under the keys that problems with them have. */
export function statedSources(stage: ConfiguredStage): { key: keyof ConfiguredStage; source: JsonSource }[] {
  const { observation_validity: valid, allowed_pytest_failure: allowed } = stage;
  return [
    ...(valid === undefined ? [] : [{ key: 'observation_validity' as const, source: valid }]),
    ...(allowed === undefined ? [] : [{ key: 'allowed_pytest_failure' as const, source: allowed }]),
  ];
}

/**
 * Why a repeat with complete numbers does not count by what its test says of itself; null when it does. A serving
 * benchmark checks itself and asserts its thresholds last, so exit code 1 alone cannot tell "too slow" from "broken".
 *
 * @param end how pytest ended in words (`exit 1`, a signal, …); null where it passed
 */
export function statedProblem(
  stage: ConfiguredStage,
  stated: StatedValidity,
  end: string | null,
): string | null {
  const { observation_valid: valid = null, allowed_pytest_failure: allowed = null } = stated;
  if (stage.observation_validity !== undefined && valid !== true) {
    return valid === null ? 'observation_validity_missing' : 'observation_validity_failed';
  }
  if (stage.allowed_pytest_failure === undefined) return null;
  if (end === null) return allowed === true ? 'unexpected_recorded_pytest_failure' : null;
  if (allowed !== true) {
    return allowed === null ? 'allowed_pytest_failure_missing' : `unexpected_pytest_failure (${end})`;
  }
  return end === 'exit 1' ? null : end;
}
