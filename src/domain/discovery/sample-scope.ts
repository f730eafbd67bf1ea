import type { MetricSource, Variant } from '../catalog/metric-source.ts';
import { sampleScopePresets } from '../metrics/metric-names.ts';
import { isConstant, type Assignment, type SourceFacts } from './source-facts.ts';

/** How many samples CI runs, as far as source and config say. */
export type SampleScope =
  | { kind: 'known'; samples: number; origin: string }
  | { kind: 'ambiguous'; values: { name: string; samples: number; line: number }[] }
  | { kind: 'invalid'; name: string; text: string; line: number }
  | { kind: 'none' };

export interface ScopeQuestion {
  /** Facts of the test file, never of the threshold file. */
  facts: SourceFacts;
  source: MetricSource;
  variant: { name: string; settings: Variant } | null;
  group: string;
}

/** A constant of this name sets a load or a length, never a number of samples. */
const neverAScope = /(?:^|_)(?:CONCURRENCY|TOKENS?)(?:_|$)/;

/** The scope of a file without any other; not a preset, but no threshold either. */
export const asrScope = 'SEEDTTS_ASR_CORRECTNESS_SAMPLES';

/**
 * Config, then the variant's own context variables, then what is bound to `max_samples`, then the presets; the first that
 * answers decides.
 */
export function sampleScope(question: ScopeQuestion): SampleScope {
  const declared = declaredSamples(question);
  if (declared !== null) {
    return { kind: 'known', samples: declared, origin: 'config' };
  }
  const { facts, variant, group } = question;
  const listed = firstListed(facts.assignments, variant?.settings.context_vars ?? []);
  if (listed !== null) {
    return listed;
  }
  const bound = scopeOf(facts.assignments, scopeVariables(facts));
  if (bound.kind !== 'none') {
    return bound;
  }
  for (const preset of presetOrder(group, variant?.name ?? null)) {
    const scope = scopeOf(facts.assignments, [preset]);
    if (scope.kind !== 'none') {
      return scope;
    }
  }
  return { kind: 'none' };
}

/** The first of a variant's own context variables that is a number and may be a scope: they are listed in that order. */
function firstListed(assignments: readonly Assignment[], names: readonly string[]): SampleScope | null {
  for (const name of names.filter((one) => !neverAScope.test(one))) {
    const scope = scopeOf(assignments, [name]);
    if (scope.kind !== 'none') return scope;
  }
  return null;
}

/** The names of a test's context variables, source order, sample-scope presets left out. */
export function contextVariables(facts: SourceFacts): string[] {
  const names = facts.contextBindings.flatMap((binding) => (binding.name === null ? [] : [binding.name]));
  return [...new Set(names)].filter((name) => !sampleScopePresets.includes(name));
}

function declaredSamples(question: ScopeQuestion): number | null {
  const { source, variant, group } = question;
  for (const declared of [variant?.settings.expected_samples, source.expected_samples]) {
    const samples = typeof declared === 'object' ? declared[group] : declared;
    if (samples !== undefined) {
      return samples;
    }
  }
  return null;
}

/** Names bound to `max_samples` and to no other context keyword. */
function scopeVariables(facts: SourceFacts): string[] {
  const elsewhere = new Set(
    facts.contextBindings
      .filter((binding) => binding.keyword !== 'max_samples')
      .map((binding) => binding.name),
  );
  const bound = facts.contextBindings.filter((binding) => binding.keyword === 'max_samples');
  return [...new Set(bound.flatMap(({ name }) => (name === null ? [] : [name])))].filter(
    (name) => !elsewhere.has(name) && !neverAScope.test(name) && !sampleScopePresets.includes(name),
  );
}

function presetOrder(group: string, variant: string | null): string[] {
  const [fullSet, similarity, streaming] = sampleScopePresets;
  const isStream = variant === 'stream';
  return [
    group === 'similarity' ? similarity : undefined,
    isStream ? streaming : undefined,
    isStream || ['wer', 'speed', 'utmos'].includes(group) ? fullSet : undefined,
    asrScope,
  ].filter((name) => name !== undefined);
}

/** The one integer that the names stand for; annotated assignments count, booleans, floats and `None` do not. */
function scopeOf(assignments: readonly Assignment[], names: readonly string[]): SampleScope {
  const integers = names.flatMap((name) => integersOf(assignments, name));
  const invalid = integers.find(({ samples }) => samples < 1);
  if (invalid !== undefined) {
    return { kind: 'invalid', name: invalid.name, text: String(invalid.samples), line: invalid.line };
  }
  const [first] = integers;
  if (first === undefined) {
    return { kind: 'none' };
  }
  return integers.every(({ samples }) => samples === first.samples)
    ? { kind: 'known', samples: first.samples, origin: first.name }
    : { kind: 'ambiguous', values: integers };
}

/** Values under a condition count as well: which of two numbers CI runs cannot be read from the source. */
function integersOf(assignments: readonly Assignment[], name: string) {
  const bindings = assignments.filter((assignment) => assignment.name === name);
  if (!bindings.some(isConstant)) {
    return [];
  }
  return bindings.flatMap(({ form, value, target }) =>
    (form === 'plain' || form === 'annotated' || form === 'conditional') &&
    value.kind === 'number' &&
    value.isInteger
      ? [{ name, samples: value.value, line: target.line }]
      : [],
  );
}
