import { type Command, InvalidArgumentError } from 'commander';

import type { RiskDocument } from '../../../domain/risk/risk-document.ts';
import type { RiskRow } from '../../../report/risk-text.ts';
import { addSharedOptions, createContext, type CliContext, sharedOptionValues } from '../../options.ts';
import { addExamples, answer, answerJson, colours, parseCount } from '../../output.ts';
import { addRunArguments, givenRunDirectory } from '../../session/run-arguments.ts';

/** CI configurations with more retries than this do not exist. */
const mostAttempts = 100;

interface RiskOptions {
  runDir?: string;
  attempts: number;
  suiteTarget: number;
  all?: true;
}

/** `risk`: how often each gate fails unchanged code, and what it catches; from recorded runs, writes nothing. */
export function register(program: Command): void {
  const command = program
    .command('risk')
    .description('Print how often each gate will fail unchanged code and what it catches. Writes nothing.')
    .option('--attempts <r>', 'attempts that CI gives a test before it counts as failed', parseAttempts, 1)
    .option('--suite-target <share>', 'share of unchanged commits that the suite may fail', parseShare, 0.05)
    .option('--all', 'also list the gates without worry')
    .action(async (reference: string | undefined, options: RiskOptions, self: Command) => {
      const context = createContext(self);
      const runDir = await givenRunDirectory(context, { reference, runDir: options.runDir });
      await printRisk(runDir, { ...options, context, givenRoot: sharedOptionValues(self).repoRoot });
    });
  addRunArguments(command);
  addSharedOptions(command, ['repo-root', 'any', 'json']);
  addExamples(command, ['calib risk latest', 'calib risk latest --attempts 3 --suite-target 2%']);
}

/** @throws InvalidArgumentError for anything but a whole number from 1 to 100 */
function parseAttempts(text: string): number {
  const count = parseCount(text);
  if (count > mostAttempts) throw new InvalidArgumentError(`at most ${mostAttempts} attempts.`);
  return count;
}

/** `5%` or `0.05`. @throws InvalidArgumentError for anything that is no share between 0 and 1 */
export function parseShare(text: string): number {
  const [, number, sign] = /^(\d{1,10}(?:\.\d{1,10})?)\s*(%?)$/.exec(text.trim()) ?? [];
  const share = Number(number) / (sign === '%' ? 100 : 1);
  if (!(share > 0 && share < 1)) {
    throw new InvalidArgumentError('a share is written as in 5% or 0.05, above 0 and below 100%.');
  }
  return share;
}

async function printRisk(
  runDir: string,
  options: RiskOptions & { context: CliContext; givenRoot: string | undefined },
): Promise<void> {
  const { readRunDirectory } = await import('../../../host/run-directory/stages-copy.ts');
  const { readRepoRoot } = await import('../../../host/run-directory/report/report-facts.ts');
  const { assertedGates, readSessionGates } = await import('../../../host/gates/read-session-gates.ts');
  const { sessionRisk } = await import('../../../domain/risk/session-risk.ts');
  const snapshot = await readRunDirectory(runDir);
  const given = options.givenRoot ?? process.env['TUNE_REPO_ROOT'];
  const repoRoot = await readRepoRoot({ runDir, plan: snapshot.plan, given });
  const { attempts, suiteTarget } = options;
  const gates = assertedGates(await readSessionGates({ snapshot, repoRoot }));
  const document = sessionRisk({ snapshot, gates, attempts, suiteTarget });
  if (options.context.json) answerJson(document);
  else await printTexts(document, options.all === true);
}

/** Narrower than this the columns hold single words. */
const [narrowest, widest] = [80, 160];

async function printTexts(document: RiskDocument, showsAll: boolean): Promise<void> {
  const { riskTexts } = await import('../../../report/risk-text.ts');
  const texts = riskTexts(document);
  for (const sentence of texts.summary) answer(sentence);
  const rows = showsAll ? [...texts.shown, ...texts.folded] : texts.shown;
  if (rows.length > 0) answer(`\n${await tableOf(texts.columns, rows)}`);
  if (!showsAll && texts.folded.length > 0) answer(`${texts.foldedTitle} (--all lists them)`);
  answer('');
  for (const note of texts.notes) answer(note);
}

async function tableOf(columns: readonly string[], rows: readonly RiskRow[]): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const width = Math.min(widest, Math.max(narrowest, process.stdout.columns ?? 120));
  const free = width - columns.length * 3 - 1;
  const shares = [0.25, 0.1, 0.15, 0.17, 0.16, 0.17];
  const paint = colours(process.stdout);
  const table = new Table({
    head: [...columns],
    colWidths: shares.map((share) => Math.max(9, Math.floor(free * share)) + 2),
    wordWrap: true,
    wrapOnWordBoundary: true,
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    const verdict = row.class === 'coin' ? paint.red(row.verdict) : row.verdict;
    const name = { content: row.id, wrapOnWordBoundary: false };
    table.push([name, row.worst, row.failsWhen, row.falseFail, row.catches, verdict]);
  }
  return table.toString();
}
