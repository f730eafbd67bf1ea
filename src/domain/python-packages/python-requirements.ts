import { type MarkerEnvironment, markerHolds } from './environment-marker.ts';
import type { PrecheckRequirements } from '../precheck/requirements.ts';
import { parseVersion, satisfies } from './version.ts';

/** One dependency of a Python project (PEP 508). */
export interface Requirement {
  /** Normalised: lower case, runs of `-`, `_` and `.` as one `-`. */
  name: string;
  extras: string[];
  /** Empty for any version. */
  clauses: { operator: string; version: string }[];
  /** After `;`, null without one. */
  marker: string | null;
}

/** A distribution's name as PEP 503 compares it: `Foo_Bar` and `foo-bar` are one package. */
export function normalisedName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

const shape =
  /^\s*(?<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[(?<extras>[^\]]*)\])?\s*(?<rest>.*)$/s;
const clauseShape = /^(?<operator>===|==|~=|!=|<=|>=|<|>)\s*(?<version>[^\s,;()]+)$/;

/** A dependency string taken apart, null when it is none. A direct reference (`name @ url`) has no clauses. */
export function parseRequirement(text: string): Requirement | null {
  const groups = shape.exec(text)?.groups;
  if (groups?.['name'] === undefined) {
    return null;
  }
  const rest = groups['rest'] ?? '';
  const direct = rest.startsWith('@');
  // A URL may hold `;`, so its marker must have a space before (PEP 508).
  const end = direct ? rest.search(/\s;/) : rest.indexOf(';');
  const specifier = (end < 0 ? rest : rest.slice(0, end)).trim();
  const marker = end < 0 ? '' : rest.slice(rest.indexOf(';', end) + 1).trim();
  const clauses = direct ? [] : parseClauses(specifier.replace(/^\((.*)\)$/s, '$1'));
  return clauses === null
    ? null
    : {
        name: normalisedName(groups['name']),
        extras: (groups['extras'] ?? '')
          .split(',')
          .map((extra) => normalisedName(extra.trim()))
          .filter((extra) => extra !== ''),
        clauses,
        marker: marker === '' ? null : marker,
      };
}

function parseClauses(specifier: string): Requirement['clauses'] | null {
  const parts = specifier
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const clauses = parts.map((part) => clauseShape.exec(part)?.groups);
  return clauses.some((groups) => groups === undefined)
    ? null
    : clauses.map((groups) => ({
        operator: groups?.['operator'] ?? '',
        version: groups?.['version'] ?? '',
      }));
}

type PinRule = PrecheckRequirements['pins'][number];

/** What a checkout pins of one package. */
export interface FoundPin {
  /** After `==`; null when there is no exact pin. */
  version: string | null;
  /** The dependencies of that name that apply here, as they stand in the file. */
  written: string[];
}

/**
 * The exact pin of a package among a project's dependencies: names normalised, extras passed over, markers
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
 * Whether an installed version is the pinned one. `exact`: the same version, local suffix included.
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
