/** A Python version (PEP 440), normalised. */
export interface Version {
  epoch: number;
  /** Without trailing zeros: 1.0 is 1. */
  release: number[];
  pre: { phase: 'a' | 'b' | 'rc'; number: number } | null;
  post: number | null;
  dev: number | null;
  /** After `+`; empty without one. */
  local: string;
}

const shape = new RegExp(
  String.raw`^\s*v?(?:(?<epoch>\d+)!)?(?<release>\d+(?:\.\d+)*)` +
    String.raw`(?:[-_.]?(?<phase>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?<pre>\d*))?` +
    String.raw`(?<post>-(?<implicit>\d+)|[-_.]?(?:post|rev|r)[-_.]?(?<explicit>\d*))?` +
    String.raw`(?<dev>[-_.]?dev[-_.]?(?<devNumber>\d*))?` +
    String.raw`(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*$`,
  'i',
);

const phases: Record<string, 'a' | 'b' | 'rc'> = { a: 'a', alpha: 'a', b: 'b', beta: 'b' };

/** A version by PEP 440, null for a text that is none. */
export function parseVersion(text: string): Version | null {
  const groups = shape.exec(text)?.groups;
  if (groups === undefined) {
    return null;
  }
  const { epoch, release = '', phase, pre, post, implicit, explicit, dev, devNumber, local = '' } = groups;
  return {
    epoch: Number(epoch ?? 0),
    release: withoutTrailingZeros(release.split('.').map(Number)),
    pre:
      phase === undefined ? null : { phase: phases[phase.toLowerCase()] ?? 'rc', number: Number(pre || 0) },
    post: post === undefined ? null : Number(implicit ?? (explicit || 0)),
    dev: dev === undefined ? null : Number(devNumber || 0),
    local: local.toLowerCase().replaceAll(/[-_]/g, '.'),
  };
}

function withoutTrailingZeros(release: number[]): number[] {
  const last = release.findLastIndex((part) => part !== 0);
  return release.slice(0, Math.max(last, 0) + 1);
}

/** Below, equal (0) or above, as PEP 440 sorts; local suffixes are not looked at. */
export function compareVersions(a: Version, b: Version): number {
  const pairs = sortKey(a).map((part, index) => [part, sortKey(b)[index]] as const);
  for (const [left, right] of pairs) {
    const difference = compareLists(left, right ?? []);
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
}

/** A development release comes before its pre-releases, those before the release, a post-release after it. */
function sortKey(version: Version): number[][] {
  const { epoch, release, pre, post, dev } = version;
  const onlyDev = pre === null && post === null && dev !== null;
  const phase = pre === null ? (onlyDev ? -1 : 3) : ['a', 'b', 'rc'].indexOf(pre.phase);
  return [[epoch], release, [phase, pre?.number ?? 0], [post ?? -1], [dev ?? Infinity]];
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const left = a[index] ?? 0;
    const right = b[index] ?? 0;
    if (left !== right) {
      return left - right;
    }
  }
  return 0;
}

/**
 * Whether a version satisfies one clause of a specifier (PEP 440); null when one of the two is no version.
 *
 * @param clause `operator` as in `==`, `version` possibly ending in `.*`
 */
export function satisfies(text: string, clause: { operator: string; version: string }): boolean | null {
  const { operator } = clause;
  if (operator === '===') {
    return text.trim() === clause.version.trim();
  }
  const wildcard = clause.version.endsWith('.*');
  const version = parseVersion(text);
  const wanted = parseVersion(wildcard ? clause.version.slice(0, -2) : clause.version);
  if (version === null || wanted === null) {
    return null;
  }
  const order = compareVersions(version, wanted);
  switch (operator) {
    case '==':
    case '!=': {
      const equal = wildcard
        ? startsWith(text, clause.version.slice(0, -2))
        : order === 0 && (wanted.local === '' || wanted.local === version.local);
      return equal === (operator === '==');
    }
    case '<=':
      return order <= 0;
    case '>=':
      return order >= 0;
    case '<':
      return order < 0;
    case '>':
      return order > 0;
    case '~=':
      return order >= 0 && startsWith(text, clause.version.split('.').slice(0, -1).join('.'));
    default:
      return null;
  }
}

/** Whether the release begins with the same numbers, zeros at the end included: 2.11.3 begins with 2.11. */
function startsWith(text: string, prefix: string): boolean {
  const numbers = (version: string): string[] =>
    /^\s*v?(?:\d+!)?([\d.]+)/i.exec(version)?.[1]?.split('.') ?? [];
  const wanted = numbers(prefix);
  const found = numbers(text);
  return wanted.every((part, index) => Number(part) === Number(found[index] ?? 0));
}
