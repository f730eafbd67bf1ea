/** What a check says at its beginning: `✓` leave alone, `✗` a gap, `·` nothing is required here. */
export type CheckMark = '✓' | '✗' | '·';

/** Every check, in the order of the lines. */
export const checkIds = [
  'model',
  'interpreter',
  'repository',
  'git',
  'host',
  'pins',
  'install',
  'imports',
  'pytest',
  'environment',
  'slice',
  'jit_cache',
  'assets',
  'speaker_sim',
  'capabilities',
  'disk',
  'gpus',
  'ci_reference',
] as const;
export type CheckId = (typeof checkIds)[number];

/** Something that must be put right before GPU time is spent. */
export interface Gap {
  /** Names what was looked at, what was found and what was expected. */
  message: string;
  /** Commands, or a sentence where no command helps; calib runs none of them. */
  remedies: string[];
}

export interface CheckResult {
  id: CheckId;
  mark: CheckMark;
  /** The headline, then details; without mark and indentation of the check itself. */
  lines: string[];
  errors: Gap[];
  warnings: string[];
}

export interface CheckFinding {
  id: CheckId;
  lines: string[];
  errors?: Gap[];
  warnings?: string[];
  /** False where there was nothing to check: the mark is then `·`. */
  applies?: boolean;
}

/** A check's result; its mark follows from what was found. */
export function checkResult({
  id,
  lines,
  errors = [],
  warnings = [],
  applies = true,
}: CheckFinding): CheckResult {
  return { id, mark: errors.length > 0 ? '✗' : applies ? '✓' : '·', lines, errors, warnings };
}

/** A check's lines as printed: the headline with its mark, details four columns in. */
export function renderCheck({ mark, lines: [headline = '', ...details] }: CheckResult): string[] {
  return [`${mark} ${headline}`, ...details.map((line) => `    ${line}`)];
}

/** Warnings, errors with their remedies, an empty line and the verdict. */
export function renderSummary(checks: readonly CheckResult[]): string[] {
  const errors = checks.flatMap((check) => check.errors);
  return [
    ...checks.flatMap(({ warnings }) => warnings.map((warning) => `warning: ${warning}`)),
    ...errors.flatMap(({ message, remedies }) => [
      `error: ${message}`,
      ...remedies.map((remedy) => `  → ${remedy}`),
    ]),
    '',
    errors.length === 0 ? 'precheck OK' : `precheck FAILED (${errors.length} error(s))`,
  ];
}

/** A gap as one line, for a workflow's failure message. */
export function gapText({ message, remedies }: Gap): string {
  return remedies.length === 0 ? message : `${message} → ${remedies.join(' | ')}`;
}

/** A gate of the precheck runbook as `precheck.json` records it. */
export interface GateFact {
  gate: string;
  title: string;
  mark: CheckMark;
  checks: CheckId[];
}

const gates: readonly [gate: string, title: string, checks: CheckId[] | 'all'][] = [
  ['0', 'scope', ['model']],
  ['0a', 'fresh or resume', ['git']],
  ['1', 'host profile', ['host']],
  ['2', 'repository, venv, pins', ['repository', 'interpreter', 'pins', 'install', 'imports', 'pytest']],
  ['3', 'slice directories', ['environment', 'slice', 'jit_cache']],
  ['4', 'GPUs idle', ['gpus']],
  ['5', 'weights and datasets', ['assets']],
  ['6', 'speaker similarity', ['speaker_sim']],
  ['7', 'capabilities', ['capabilities']],
  ['8', 'precheck as a whole', 'all'],
  // Run on request, outside of any session; a program cannot decide it.
  ['9', 'smoke test', []],
];

/** The runbook's gates over the results of the checks: `✗` if any failed, `·` if none applied. */
export function judgeGates(results: readonly CheckResult[]): GateFact[] {
  return gates.map(([gate, title, checks]) => {
    const of = results.filter(({ id }) => checks === 'all' || checks.includes(id));
    const failed = of.some(({ mark }) => mark === '✗');
    const passed = of.some(({ mark }) => mark === '✓');
    return {
      gate,
      title,
      mark: failed ? '✗' : passed ? '✓' : '·',
      checks: of.map(({ id }) => id),
    };
  });
}
