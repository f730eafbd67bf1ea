import { findingAt, type Finding } from './finding.ts';
import { isConstant, type Assignment } from './source-facts.ts';

/** What a value is, for messages. */
export const kindWords: Readonly<Record<Assignment['value']['kind'], string>> = {
  number: 'a number',
  dictionary: 'a dictionary',
  boolean: 'a boolean',
  none: 'None',
  string: 'a string',
  collection: 'a collection',
  computed: 'computed',
};

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
