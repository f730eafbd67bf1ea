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
