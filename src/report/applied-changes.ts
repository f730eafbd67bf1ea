import type { AppliedChange, AppliedCheck, AppliedDocument } from '../domain/apply/applied-document.ts';
import { formatFixed } from '../domain/numbers/python-numbers.ts';
import { counted } from '../domain/text.ts';
import { tableRow } from './metric-table.ts';

const heading = '## Applied changes';
const provenanceHeading = '## Provenance';

/**
 * The section on applied changes, as Markdown that ends with a blank line: the table, every change once as
 * `<file>:<symbol> = <new>`, and what the check afterwards found. Empty when nothing was changed.
 */
export function renderAppliedChanges(applied: Pick<AppliedDocument, 'changes' | 'check' | 'undone'>): string {
  const { changes, check, undone } = applied;
  if (changes.length === 0) {
    return '';
  }
  const rows = changes.map((change) =>
    tableRow([
      change.stage_key,
      resolvedSource(change),
      trimZeros(change.old_text),
      trimZeros(change.new_text),
      describeDirection(change),
    ]),
  );
  const header = ['| Stage | Metric | Old | New | Direction |', '|-------|--------|-----|-----|-----------|'];
  const written = changes.map(
    (change) => `\`${change.file}:${resolvedSource(change)} = ${change.new_text}\``,
  );
  const list = [...new Set(written)].map((line) => `- ${line}`);
  return [
    heading,
    '',
    ...header,
    ...rows,
    '',
    ...list,
    '',
    ...checkLines('Check after applying', check),
    ...(undone === null ? [] : undoneLines(undone)),
    '',
  ].join('\n');
}

function checkLines(title: string, check: AppliedCheck | null): string[] {
  return check === null
    ? []
    : [
        `${title} (${check.at}): ${check.ok ? 'passed' : '**not passed**'}`,
        '',
        ...check.lines.map((line) => `- ${line.replaceAll(/\s*\n\s*/g, '; ')}`),
        '',
      ];
}

function undoneLines({ at, check }: NonNullable<AppliedDocument['undone']>): string[] {
  return [
    `> **Undone** at ${at}: the files hold the old literals again.`,
    '',
    ...checkLines('Check after undoing', check),
  ];
}

/** The source with the outer key that was edited: `_X_P95[8]['throughput_qps']`. */
export function resolvedSource({
  place,
  source,
  concurrency,
}: Pick<AppliedChange, 'place' | 'source' | 'concurrency'>): string {
  if (place !== undefined) {
    return place;
  }
  return concurrency === null ? source : source.replace('[', `[${concurrency}][`);
}

/** Puts the section immediately before the provenance, in place of an earlier one. */
export function insertAppliedChanges(report: string, section: string): string {
  const { before, after } = splitAppliedChanges(report);
  return `${before}${section}${after}`;
}

/** The section that a report already holds, so that writing the report again keeps it; empty without one. */
export function extractAppliedChanges(report: string): string {
  return splitAppliedChanges(report).section;
}

function splitAppliedChanges(report: string): { before: string; section: string; after: string } {
  const provenance = startOfLine(report, provenanceHeading);
  const end = provenance === -1 ? report.length : provenance;
  const start = startOfLine(report, heading);
  const from = start === -1 || start > end ? end : start;
  return { before: report.slice(0, from), section: report.slice(from, end), after: report.slice(end) };
}

function startOfLine(text: string, line: string): number {
  if (text.startsWith(`${line}\n`)) {
    return 0;
  }
  const found = text.lastIndexOf(`\n${line}\n`);
  return found === -1 ? -1 : found + 1;
}

/** `tightens (+2.6%)`, from the value really written; custom numbers are marked. */
export function describeDirection(change: AppliedChange): string {
  const { old_value: old, new_value: next, worst } = change;
  // A gate that was off came on.
  const tightens = old === null || (worst === 'min' ? next > old : next < old);
  const percent = old === null || old === 0 ? 'n/a' : signedPercent(((next - old) / old) * 100);
  const marks = [
    ...(change.custom ? ['custom'] : []),
    ...(change.stricter_than_observed ? ['stricter than observed'] : []),
  ];
  return `${tightens ? 'tightens' : 'loosens'} (${[percent, ...marks].join(', ')})`;
}

/** One decimal, always with its sign. */
export function signedPercent(percent: number): string {
  const text = formatFixed(percent, 1);
  return `${text.startsWith('-') ? '' : '+'}${text}%`;
}

/** Trailing zeros of plain decimals say nothing; exponents and other spellings stay as written. */
function trimZeros(literal: string): string {
  return /^[+-]?\d+\.\d+$/.test(literal) ? literal.replace(/0+$/, '').replace(/\.$/, '') : literal;
}

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
    ...checkSummary(check),
    ...(undone === null
      ? []
      : [`undone at ${undone.at}: the old bytes are restored`, ...checkSummary(undone.check)]),
  ];
}

function checkSummary(check: AppliedCheck | null): string[] {
  return check === null ? [] : [`check: ${check.ok ? 'passed' : 'NOT passed'}`, ...check.lines];
}
