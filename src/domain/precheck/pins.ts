import { markerHolds, type MarkerEnvironment } from './environment-marker.ts';
import type { PrecheckRequirements } from './requirements.ts';
import { normalisedName, parseRequirement } from './requirement.ts';
import { parseVersion, satisfies } from './version.ts';

type PinRule = PrecheckRequirements['pins'][number];

/** What a checkout pins of one package. */
export interface FoundPin {
  /** After `==`; null when there is no exact pin. */
  version: string | null;
  /** The dependencies of that name that apply here, as they stand in the file. */
  written: string[];
}

/**
 * The exact pin of a package among a project's dependencies (spec 04 §3): names normalised, extras passed over, markers
 * evaluated. A marker that cannot be read counts as one that holds.
 */
export function findPin(
  dependencies: readonly string[],
  name: string,
  environment: MarkerEnvironment,
): FoundPin {
  const wanted = normalisedName(name);
  const applying = dependencies.flatMap((written) => {
    const requirement = parseRequirement(written);
    const applies =
      requirement?.name === wanted &&
      (requirement.marker === null || markerHolds(requirement.marker, environment) !== false);
    return applies ? [{ written, clauses: requirement.clauses }] : [];
  });
  const exact = applying
    .flatMap(({ clauses }) => clauses)
    .find(({ operator }) => operator === '==' || operator === '===');
  return { version: exact?.version ?? null, written: applying.map(({ written }) => written) };
}

/**
 * Whether an installed version is the pinned one (spec 04 §3). `exact`: the same version, local suffix included.
 * `release`: the same release with any local suffix, so 2.11.0+cu130 is 2.11.0 but 2.11.01 is not. A pin ending in `.*`
 * asks for the beginning only.
 */
export function matchesPin(installed: string, pin: string, match: PinRule['match']): boolean {
  if (pin.endsWith('.*')) {
    return satisfies(installed, { operator: '==', version: pin }) === true;
  }
  const found = parseVersion(installed);
  const wanted = parseVersion(pin);
  if (found === null || wanted === null) {
    return installed.trim() === pin.trim();
  }
  const same = satisfies(installed, { operator: '==', version: pin }) === true;
  return match === 'release' ? same : same && found.local === wanted.local;
}
