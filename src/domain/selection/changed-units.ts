import { type StageDefinition, thresholdFileOf } from '../stages/stage.ts';

/** A test file of the selection, and what of it changed. */
export interface ChangedTest {
  test: string;
  /** Changed files that it is, asserts against or imports; empty where none did. Sorted. */
  files: string[];
}

/**
 * Which test files of a selection changed, in selection order: the file itself, the file that holds its literals, or
 * anything that it imports.
 *
 * @param question `importsOf` gives a file and all that it imports; `changed` the files that differ
 */
export function changedTests(question: {
  stages: readonly StageDefinition[];
  importsOf: (path: string) => ReadonlySet<string>;
  changed: ReadonlySet<string>;
}): ChangedTest[] {
  const { stages, importsOf, changed } = question;
  const tests = new Map<string, Set<string>>();
  for (const stage of stages) {
    const files = tests.get(stage.test) ?? new Set(importsOf(stage.test));
    for (const file of importsOf(thresholdFileOf(stage))) files.add(file);
    tests.set(stage.test, files);
  }
  return [...tests].map(([test, files]) => ({
    test,
    files: [...files].filter((file) => changed.has(file)).sort(),
  }));
}
