import type { SourcePosition } from './source-facts.ts';

/**
 * `error`: no schema can be made of this file, nothing is written. `blocker`: the schema is written, but a stage cannot be
 * started until it is resolved. `warning`, `info`: discovery succeeded.
 */
export type Severity = 'error' | 'blocker' | 'warning' | 'info';

export type FindingKind =
  | 'syntax-error'
  | 'unreadable-file'
  | 'glob-without-match'
  | 'preset-overlap'
  | 'duplicate-stage'
  | 'invalid-scope'
  | 'needs-config'
  | 'ambiguous-metric'
  | 'ambiguous-scope'
  | 'not-usable'
  | 'derived'
  | 'fixed'
  | 'unmatched'
  | 'unclaimed'
  | 'no-scope'
  | 'no-counts'
  | 'order-dependent'
  | 'config-entry'
  | 'alias-clash'
  | 'wildcard-import'
  | 'empty-preset';

/** Something that a person should know about a test file or the config. */
export interface Finding {
  kind: FindingKind;
  severity: Severity;
  /** Repository-relative path, or the config key that is meant. */
  file: string;
  line: number | null;
  column: number | null;
  message: string;
  remedy?: string;
}

/** Where a finding is, in the form that editors make a link of: `file:line:column`. */
export function findingPlace(finding: Finding): string {
  const { file, line, column } = finding;
  return line === null ? file : `${file}:${line}:${column ?? 1}`;
}

/** The finding as one line, without indentation. */
export function describeFinding(finding: Finding): string {
  const label = { error: 'error', blocker: 'blocked', warning: 'warn', info: 'info' }[finding.severity];
  const remedy = finding.remedy === undefined ? '' : ` → ${finding.remedy}`;
  return `[${label}] ${findingPlace(finding)}: ${finding.message}${remedy}`;
}

export function findingAt(
  position: SourcePosition | null,
  finding: Omit<Finding, 'line' | 'column'>,
): Finding {
  return { ...finding, line: position?.line ?? null, column: position?.column ?? null };
}
