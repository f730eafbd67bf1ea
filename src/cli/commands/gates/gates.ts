import { join, resolve } from 'node:path';

import type { Command } from 'commander';

import { CalibError } from '../../../domain/calib-error.ts';
import type { GateSource } from '../../../domain/gates/build-gates.ts';
import type { Gate, GatesDocument } from '../../../domain/gates/gate.ts';
import type { FileReading } from '../../../domain/gates/reading.ts';
import { addExamples, answer, answerJson, note, warn } from '../../output.ts';
import { addSharedOptions, createContext, type CliContext } from '../../options.ts';

interface GatesOptions {
  literal?: string[];
  runRoot?: string;
}

/** `gates`: what CI compares each metric with, read from the suite's assertions; nothing of the suite is run. */
export function register(program: Command): void {
  const command = program
    .command('gates')
    .description('Print the number that the suite compares each metric with, read from its assertions.')
    .option(
      '--literal <stage.metric=value...>',
      'show the gate as it would be with this literal (may be given several times)',
    )
    .option(
      '--run-root <dir>',
      'folder of the runs whose smokes were observed (default: .tune-runs in the checkout)',
    )
    .action(async (options: GatesOptions, self: Command) => printGates(options, createContext(self)));
  addSharedOptions(command, ['catalog', 'host', 'model', 'repo-root', 'compat', 'json']);
  addExamples(command, [
    'calib gates --model tts --repo-root ~/sglang-omni',
    'calib gates --model tts --json',
    'calib gates --model tts --literal tts_higgs_wer.wer_corpus=0.0125',
  ]);
}

async function printGates(options: GatesOptions, context: CliContext): Promise<void> {
  const { readObservedGates } = await import('../../../host/gates/read-observed-gates.ts');
  const { observedGateAt } = await import('../../../domain/gates/match-observed.ts');
  const { gateAt } = await import('../../../domain/gates/build-gates.ts');
  const { discoverModel } = await import('../../../host/discovery/discover-model.ts');
  const model = await context.model();
  await context.announceHost();
  const repoRoot = (await context.repoRoot()).path;
  const discoveredAt = '1970-01-01T00:00:00Z';
  const host = await context.device();
  const { stages, findings } = await discoverModel({ repoRoot, config: model.config, host, discoveredAt });
  for (const { severity, file, message } of findings) {
    if (severity === 'error') {
      note(`${file}: ${message}`);
    }
  }
  const head = await headOf(repoRoot);
  const runRoot = resolve(options.runRoot ?? join(repoRoot, '.tune-runs'));
  const where = head === null ? null : { runRoot, model: model.name, gitSha: head, root: repoRoot };
  const { gates, readings } = await readObservedGates({ repoRoot, stages, where });
  const values = literalValues(
    options.literal ?? [],
    gates.map(({ source }) => source),
  );
  const answers = gates.map(({ source, gate }) => {
    const value = values.get(nameOf(source));
    return value === undefined ? gate : observedGateAt(gate, gateAt(source, value));
  });
  for (const { stage, metric, observed } of answers) {
    if (observed?.agreement === 'differ')
      warn(`${stage}.${metric}: ${observed.note ?? 'read and observed differ'}`);
  }
  if (context.json) {
    const document: GatesDocument = {
      schema: 'calib.gates/1',
      model: model.name,
      git_sha: head,
      gates: answers,
    };
    answerJson(document);
    return;
  }
  await printTable(answers, readings);
}

function nameOf({ metric }: GateSource): string {
  return `${metric.stage}.${metric.metric}`;
}

async function headOf(repoRoot: string): Promise<string | null> {
  const { gitText } = await import('../../../host/git/git.ts');
  return gitText(repoRoot, ['rev-parse', 'HEAD']).catch(() => null);
}

/** `STAGE.METRIC=VALUE`, each of a metric that there is. */
function literalValues(given: readonly string[], gates: readonly GateSource[]): Map<string, number> {
  const names = new Set(gates.map(nameOf));
  return new Map(
    given.map((text) => {
      const cut = text.lastIndexOf('=');
      const name = text.slice(0, cut);
      const number = text.slice(cut + 1);
      const value = number.trim() === '' ? Number.NaN : Number(number);
      if (!names.has(name) || !Number.isFinite(value)) {
        const what = names.has(name)
          ? `${JSON.stringify(number)} is no number`
          : `there is no metric ${JSON.stringify(name)}`;
        throw new CalibError('invalid-input', `--literal ${text}: ${what}`, {
          remedy: 'give --literal STAGE.METRIC=NUMBER with a name that calib gates prints',
        });
      }
      return [name, value];
    }),
  );
}

async function printTable(gates: readonly Gate[], readings: readonly FileReading[]): Promise<void> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: ['metric', 'place', 'literal', 'status', 'CI asserts', 'where, or why not'],
    style: { head: [], border: [] },
    wordWrap: false,
  });
  for (const gate of gates) {
    table.push([
      `${gate.stage}.${gate.metric}`,
      gate.place,
      gate.literal === null ? '-' : String(gate.literal),
      gate.status,
      asserted(gate),
      whereOf(gate),
    ]);
  }
  answer(table.toString());
  const count = (status: Gate['status']): number => gates.filter((gate) => gate.status === status).length;
  const observed = count('observed') === 0 ? '' : `${count('observed')} observed, `;
  answer(
    `${gates.length} metrics: ${count('read')} read, ${observed}${count('inert')} inert, ${count('unread')} unread`,
  );
  const apart = readings.flatMap((reading) => reading.apart).length;
  if (apart > 0) {
    answer(`${apart} other comparisons of two measurements or of tensors are no gates of a metric`);
  }
}

function asserted({ op, threshold, assertions }: Gate): string {
  if (op === null) {
    return '-';
  }
  const number = threshold === null ? 'not certain' : String(threshold);
  const centre = assertions[0]?.centre ?? null;
  const text = op === 'within' && centre !== null ? `within ${number} of ${centre}` : `${op} ${number}`;
  return assertions.length > 1 ? `${text} (${assertions.length} assertions)` : text;
}

function whereOf({ assertions, reason, decided_by: decider }: Gate): string {
  if (reason !== null) {
    return decider === null || reason.includes(decider.place)
      ? reason
      : `${reason} (${decider.place} = ${decider.value})`;
  }
  return assertions[0]?.at ?? '-';
}
