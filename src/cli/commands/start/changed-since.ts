import { CalibError } from '../../../domain/calib-error.ts';
import { changedTests, type ChangedTest } from '../../../domain/selection/changed-units.ts';
import type { SessionPlan } from '../../../domain/session/session-plan.ts';
import type { StageDefinition } from '../../../domain/stages/stage.ts';
import { importReader } from '../../../host/discovery/imported-files.ts';
import { changedSince } from '../../../host/git/changed-since.ts';
import { note } from '../../output.ts';

/** Changed files that are named for a test, in the plan and on the terminal. */
const mostNamed = 20;

/** What is left of a selection, and why, for the plan. */
export interface ChangedSelection {
  stages: StageDefinition[];
  record: NonNullable<SessionPlan['changed_since']>;
}

/**
 * Narrows a selection to the test files that changed since a reference, and says so before anything starts.
 *
 * @throws CalibError `invalid-input` for a reference that is no commit, `refused` when nothing changed
 */
export async function narrowToChanged(
  stages: readonly StageDefinition[],
  { repoRoot, reference }: { repoRoot: string; reference: string },
): Promise<ChangedSelection> {
  const { base, files } = await changedSince(repoRoot, reference);
  const tests = changedTests({ stages, importsOf: importReader(repoRoot), changed: files });
  const changed = tests.filter((test) => test.files.length > 0);
  const since = `${reference} (${base.slice(0, 8)})`;
  note(`changed since ${since}: ${changed.length} of ${tests.length} test files`);
  for (const { test, files: named } of changed) note(`  ${test}: ${namedFiles(named)}`);
  if (changed.length === 0) {
    throw new CalibError('refused', `nothing that the selected stages run changed since ${since}`, {
      remedy: 'name another commit, or leave --changed-since out to calibrate all of them',
    });
  }
  const left = tests.filter((test) => test.files.length === 0).map(({ test }) => test);
  if (left.length > 0) note(`  left out: ${namedFiles(left)}`);
  const kept = new Set(changed.map(({ test }) => test));
  return { stages: stages.filter(({ test }) => kept.has(test)), record: recordOf(reference, base, changed) };
}

function namedFiles(files: readonly string[]): string {
  const shown = files.slice(0, 5).join(', ');
  return files.length > 5 ? `${shown} and ${files.length - 5} more` : shown;
}

function recordOf(
  reference: string,
  base: string,
  changed: readonly ChangedTest[],
): ChangedSelection['record'] {
  return {
    ref: reference,
    base,
    tests: Object.fromEntries(changed.map(({ test, files }) => [test, files.slice(0, mostNamed)])),
  };
}
