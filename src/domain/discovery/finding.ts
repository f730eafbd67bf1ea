import { type Assignment, isConstant, type SourcePosition } from './source-facts.ts';

/**
 * `error`: no schema can be made of this file, nothing is written. `blocker`: the schema is written, but a stage
 * cannot be started until it is resolved. `warning`, `info`: discovery succeeded.
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
  | 'passed-over'
  | 'ambiguous-scope'
  | 'not-usable'
  | 'blocked-place'
  | 'environment-default'
  | 'derived'
  | 'fixed'
  | 'unmatched'
  | 'unclaimed'
  | 'other-number'
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

const formWords: Readonly<Record<Assignment['form'], string>> = {
  plain: 'is assigned',
  annotated: 'is assigned',
  tuple: 'is assigned as part of a tuple',
  augmented: 'is changed by an augmented assignment',
  item: 'has an item assigned',
  conditional: 'is assigned conditionally',
  walrus: 'is assigned inside an expression',
  imported: 'is imported',
  deleted: 'is deleted',
  global: 'is set by a function that declares it global',
  rebound: 'is bound by a loop, a with statement, an except clause or a definition',
};

/** The finding for a threshold's name that no plain assignment binds. */
export function unusableForm(binding: Assignment, file: string): Finding {
  const { name, form, target, value } = binding;
  if (form === 'imported' && value.kind === 'computed') {
    return findingAt(target, {
      kind: 'not-usable',
      severity: 'warning',
      file,
      message: `${name} is ${value.text}: its literal is not in this file`,
      remedy:
        'name the file that holds it as threshold_file in metric_sources, or list it in ignored_constants',
    });
  }
  return findingAt(target, {
    kind: 'not-usable',
    severity: 'warning',
    file,
    message: `${name} ${formWords[form]}: only a plain module-level assignment of a number can be calibrated`,
  });
}

/** Why a symbol that has a proper assignment has no certain value: more bindings than that one; null when it has. */
export function doubtOf(bindings: readonly Assignment[]): string | null {
  const [first, ...others] = bindings;
  if (first === undefined || others.length === 0) {
    return null;
  }
  const forms = new Set(
    bindings.map((binding) => (isConstant(binding) ? 'is assigned' : formWords[binding.form])),
  );
  const lines = bindings.map((binding) => `${binding.target.line}:${binding.target.column}`);
  return bindings.every(isConstant)
    ? `is assigned ${bindings.length} times (at ${lines.join(', ')})`
    : `has ${bindings.length} bindings (at ${lines.join(', ')}; it ${[...forms].join(' and ')})`;
}
