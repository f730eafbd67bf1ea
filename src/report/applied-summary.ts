import type { AppliedCheck, AppliedDocument } from '../domain/apply/applied-document.ts';
import { counted } from '../domain/counted.ts';
import { describeDirection, resolvedSource } from './applied-changes.ts';

/**
 * What an apply did, a line each: for the command's answer, the workflow's result and its page in the Web UI. Custom
 * numbers are marked, warnings and the check come last.
 */
export function appliedSummary(applied: AppliedDocument): string[] {
  const { changes, edits, files, warnings, check, undone } = applied;
  const changed = changes.map(
    (change) =>
      `${change.file}:${change.line} ${resolvedSource(change)} = ${change.new_text} (was ${change.old_text}), ${describeDirection(change)}`,
  );
  return [
    edits === 0
      ? `${applied.mode}: every threshold stays as it is, no file edited`
      : `${applied.mode}: ${counted(edits, 'literal')} in ${counted(files.length, 'file')} changed`,
    ...changed,
    ...warnings.map((warning) => `warning: ${warning}`),
    ...checkLines(check),
    ...(undone === null
      ? []
      : [`undone at ${undone.at}: the old bytes are restored`, ...checkLines(undone.check)]),
  ];
}

function checkLines(check: AppliedCheck | null): string[] {
  return check === null ? [] : [`check: ${check.ok ? 'passed' : 'NOT passed'}`, ...check.lines];
}
