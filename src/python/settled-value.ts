import { isConstant, type Assignment, type ConstantValue } from '../domain/discovery/source-facts.ts';

/**
 * The value that a module-level name certainly has after the module has run: that of its last plain or annotated
 * assignment (spec 06 §8), null where anything else (a condition, `+=`, an import, …) binds it afterwards.
 */
function settledAssignment(assignments: readonly Assignment[], name: string): Assignment | null {
  const last = assignments.findLast((assignment) => assignment.name === name);
  return last !== undefined && isConstant(last) ? last : null;
}

/** The number behind a name, null when there is none or it is not certain. */
export function settledNumber(
  assignments: readonly Assignment[],
  name: string,
): Extract<ConstantValue, { kind: 'number' }> | null {
  const value = settledAssignment(assignments, name)?.value;
  return value?.kind === 'number' ? value : null;
}
