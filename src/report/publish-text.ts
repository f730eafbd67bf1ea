import { harmlessBlock } from '../domain/untrusted/harmless-text.ts';
import { harmlessMarkdown } from '../domain/untrusted/markdown-text.ts';
import type { AppliedChange, AppliedDocument } from '../domain/apply/applied-document.ts';
import { directionOf } from '../domain/apply/thresholds.ts';
import { counted } from '../domain/text.ts';
import { describeEvidence, type LogEvidence } from '../domain/evidence/log-evidence.ts';
import type { Plan } from '../domain/session/session-plan.ts';
import type { PublishedFile } from '../domain/publish/publish.ts';
import type { PrecheckFacts } from '../domain/report/facts.ts';
import { resolvedSource, signedPercent } from './applied-changes.ts';
import { tableRow } from './metric-table.ts';

export interface PublishFacts {
  plan: Plan;
  applied: AppliedDocument;
  precheck: PrecheckFacts | null;
  evidence: readonly LogEvidence[];
  files: readonly PublishedFile[];
  /** What a fresh clone would lack to calibrate again, one line each. */
  missing?: readonly string[];
  /** As the operator knows it; the directory itself is not published. */
  runDir: string;
}

/** The message of the commit that a publish makes: subject, numbers, every literal once, the session. */
export function commitMessage(facts: PublishFacts): string {
  const { applied } = facts;
  const literals = distinctLiterals(applied.changes).map(
    (change) =>
      `${change.file}: ${resolvedSource(change)} ${change.old_text} -> ${change.new_text}, ${changeText(change)}`,
  );
  return harmlessBlock(
    [
      `Calibrate ${applied.model} thresholds at ${applied.calibration_git_sha.slice(0, 12)}`,
      '',
      summarySentence(facts),
      '',
      ...literals,
      ...(literals.length === 0 ? [] : ['']),
      `Calibration-Session: ${applied.session_id}`,
      `Calibration-Commit: ${applied.calibration_git_sha}`,
      '',
    ].join('\n'),
  );
}

/** A ready pull-request text, Markdown. */
export function pullRequestText(facts: PublishFacts): string {
  const { applied, plan } = facts;
  const report = facts.files.find(({ kind }) => kind === 'report')?.path ?? '?';
  const lines = [
    '## Summary',
    '',
    summarySentence(facts),
    '',
    `- Calibrated commit: \`${applied.calibration_git_sha}\` (branch ${plan.git_branch || '?'})`,
    `- Run directory: \`${facts.runDir}\` (local, not committed)`,
    `- Full report with every run: \`${report}\``,
    '',
    '## Thresholds',
    '',
    ...thresholdTable(applied.changes),
    '',
    '## Evidence in the logs',
    '',
    ...evidenceLines(facts.evidence),
    '',
    '## Environment',
    '',
    ...environmentLines(facts),
    '',
    '## Apply policy',
    '',
    ...policyLines(applied),
    '',
    ...missingLines(facts.missing ?? []),
    '## Tests and hooks',
    '',
    ...checkLines(applied),
    '- [ ] the suite passes once more against the new thresholds',
    '- [ ] commit hooks have run',
    '',
  ];
  return harmlessMarkdown(lines.join('\n'));
}

function missingLines(missing: readonly string[]): string[] {
  if (missing.length === 0) return [];
  return [
    '## Not in the repository',
    '',
    'A fresh clone lacks:',
    '',
    ...missing.map((line) => `- ${line}`),
    '',
  ];
}

function summarySentence({ applied, plan }: PublishFacts): string {
  const literals = distinctLiterals(applied.changes);
  const tightened = literals.filter((change) => directionText(change) === 'tightens').length;
  const custom = literals.filter((change) => change.custom).length;
  const moved = [
    `${tightened} tightened`,
    `${literals.length - tightened} loosened`,
    ...(custom === 0 ? [] : [`${custom} of them chosen by hand`]),
  ];
  return (
    `${counted(plan.stages.length, 'stage')} of ${applied.model} measured ${counted(plan.repeats, 'time')} on one ` +
    `commit, every run complete; ${counted(literals.length, 'literal')} changed: ${moved.join(', ')}.`
  );
}

function thresholdTable(changes: readonly AppliedChange[]): string[] {
  if (changes.length === 0) return ['No literal had to be changed.'];
  const header = ['Stage', 'Literal', 'Runs', 'Worst', 'Old', 'New', 'Change'];
  return [
    tableRow(header),
    tableRow(header.map(() => '---')),
    ...changes.map((change) =>
      tableRow([
        change.stage_key,
        `\`${change.file}:${resolvedSource(change)}\``,
        change.per_run_raw.join(', '),
        `${change.worst_raw ?? '?'}`,
        change.old_text,
        change.new_text,
        `${changeText(change)}${originText(change)}`,
      ]),
    ),
  ];
}

/** `tightens (+2.6%)`, from the value really written. */
function changeText(change: AppliedChange): string {
  const { old_value: old, new_value: next } = change;
  const percent = old === null || old === 0 ? 'n/a' : signedPercent(((next - old) / old) * 100);
  return `${directionText(change)} (${percent})`;
}

function directionText({ old_value: current, new_value: next, worst }: AppliedChange): string {
  return current === null ? 'tightens' : directionOf({ current, next, worst });
}

function originText({ custom, stricter_than_observed: stricter }: AppliedChange): string {
  if (!custom) return '';
  return stricter ? ', chosen by hand, **stricter than observed**' : ', chosen by hand';
}

function evidenceLines(evidence: readonly LogEvidence[]): string[] {
  return evidence.length === 0
    ? ["The model's config names no patterns that would prove an optimisation active."]
    : evidence.map((each) => `- ${describeEvidence(each, '**')}`);
}

function environmentLines({ plan, precheck }: PublishFacts): string[] {
  const cpuOnly = plan.units?.every((unit) => unit.gpus === 0) === true;
  return [
    `- Host: ${plan.hostname ?? '?'}${plan.host ? ` (profile ${plan.host})` : ''}`,
    `- GPU: ${cpuOnly ? 'none used (CPU)' : `${precheck?.gpu_summary ?? '?'}, driver ${precheck?.driver ?? '?'}`}`,
    ...(precheck?.sglang || precheck?.torch
      ? [`- sglang ${precheck.sglang ?? '?'} · torch ${precheck.torch ?? '?'}`]
      : []),
    `- Python: ${plan.venv_python ?? '?'} (${plan.venv_source ?? '?'})`,
    ...(plan.calib_version === undefined ? [] : [`- calib v${plan.calib_version}`]),
    ...(plan.precheck_skipped === true ? ['- Precheck: **skipped**'] : []),
    ...(plan.forced_environments ?? []).map(
      ({ differences }) => `- **Another environment was forced**: ${differences.join('; ')}`,
    ),
    ...(plan.dirty === true ? ['- Work tree: **differed from the commit**, see the report'] : []),
  ];
}

function policyLines({ mode, applied_at: at, decide, warnings }: AppliedDocument): string[] {
  const decisions = Object.entries(decide).map(([id, answer]) => `- decided by hand: ${id} = ${answer}`);
  return [
    `- mode \`${mode}\`, ${at}: ${policy[mode]}`,
    ...decisions,
    ...warnings.map((warning) => `- warning: ${warning.replaceAll('\n', ' ')}`),
  ];
}

const policy = {
  smart:
    'accuracy, WER, similarity and UTMOS follow the worst run in both directions, speed only where that tightens; ' +
    'what loosens was asked for',
  full: 'every metric follows the worst run',
};

function checkLines({ check }: AppliedDocument): string[] {
  return check === null
    ? ['- calib has not checked the edited files']
    : check.lines.map((line) => `- ${check.ok ? '' : '**check failed** '}${line}`);
}

/** Two metrics may share a literal: in lists of literals it stands once. */
function distinctLiterals(changes: readonly AppliedChange[]): AppliedChange[] {
  const place = (change: AppliedChange) => `${change.file}:${change.line}:${change.column}`;
  return changes.filter(
    (change, index) => changes.findIndex((other) => place(other) === place(change)) === index,
  );
}
