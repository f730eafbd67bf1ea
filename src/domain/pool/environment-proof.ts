import { compareEnvironments } from '../fingerprint/compare-environments.ts';
import { identityDifferenceLines } from '../fingerprint/difference-text.ts';
import type { EnvironmentFacts } from '../fingerprint/environment-document.ts';

/** Whether a host of a pool is the environment that its session began in. */
export interface EnvironmentProof {
  /** What differs, and what the home host knows and this one cannot tell; empty where it is proven. */
  reasons: string[];
  /** What could not be compared, because the home host does not know it. */
  notes: string[];
}

/**
 * Holds a host against the session's environment (spec 07 §5.3). Stricter than a resume on one host, where something that
 * can no longer be read is probably what it was: nothing is known of this host but what it shows.
 *
 * @param standard as the home host recorded it
 * @param here as this host is now
 */
export function proveEnvironment(standard: EnvironmentFacts, here: EnvironmentFacts): EnvironmentProof {
  const comparison = compareEnvironments(standard, here);
  const unknown = comparison.unknown.filter((entry) => entry.class === 'identity');
  const names = (side: 'a' | 'b'): string[] =>
    unknown.filter(({ known_in }) => known_in === side).map(({ field }) => field);
  return {
    reasons: [
      ...identityDifferenceLines(comparison),
      ...names('a').map((field) => `${field}: recorded on the home host, cannot be read here`),
    ],
    notes: names('b').map((field) => `${field} is not known of the home host, so not compared`),
  };
}
