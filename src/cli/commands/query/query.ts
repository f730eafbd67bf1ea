import { readFile } from 'node:fs/promises';

import { Argument, type Command } from 'commander';

import { type StatusDocument, statusIsReady } from '../../../domain/audit/status-document.ts';
import { renderStrictAudit, type StrictAuditDocument } from '../../../domain/audit/strict-audit.ts';
import { CalibError } from '../../../domain/calib-error.ts';
import { utcTimestamp } from '../../../domain/text.ts';
import { planQuery, statusQuery, strictAuditQuery, unitsQuery } from '../../../workflows/messages.ts';
import { addSharedOptions, type CliContext, createContext } from '../../options.ts';
import { exitCode } from '../../exit-code.ts';
import { addExamples, answer, answerJson } from '../../output.ts';
import { requireOnThisMachine } from '../../session/locate-run-directory.ts';
import { queryOf } from '../../session/query-session.ts';
import { resolveSession } from '../../session/resolve-session.ts';
import { requireWorker, withSessionClient } from '../../session/session-client.ts';

const topics = ['status', 'strict-audit', 'plan', 'units', 'apply-plan', 'report'] as const;
export type QueryTopic = (typeof topics)[number];

export function register(program: Command): void {
  const command = program
    .command('query')
    .description('Ask a session for an answer from its own state, whether it runs or has ended.')
    .argument('<session>', 'session id, unambiguous prefix, or latest')
    .addArgument(new Argument('<topic>', 'what to ask').choices(topics));
  addSharedOptions(command, ['repo-root', 'any', 'json']);
  addExamples(command, ['calib query latest strict-audit', 'calib query latest units --json']);
  command.action(async (reference: string, topic: QueryTopic, _options: unknown, self: Command) => {
    await answerQuery(createContext(self), reference, topic);
  });
}

/** Asks a session and prints its answer; exit codes as of the local command of the same name. */
export async function answerQuery(
  context: Pick<CliContext, 'repoRoot' | 'any' | 'json'>,
  reference: string,
  topic: QueryTopic,
): Promise<void> {
  const { json } = context;
  await withSessionClient(async (client) => {
    const session = await resolveSession(client, reference, context);
    await requireWorker(client);
    const ask = <T>(query: Parameters<typeof queryOf<T>>[2]) => queryOf<T>(client, session, query);
    switch (topic) {
      case 'status': {
        const status = await ask<StatusDocument>(statusQuery);
        // A query sees the time of the session's last event, which may be days ago.
        answerJson({ ...status, timestamp: utcTimestamp(new Date()) });
        process.exitCode = statusIsReady(status) ? exitCode.done : exitCode.notReady;
        return;
      }
      case 'strict-audit': {
        const audit = await ask<StrictAuditDocument>(strictAuditQuery);
        if (json) answerJson(audit);
        else answer(renderStrictAudit(audit));
        process.exitCode =
          audit.strict_complete && audit.git_provenance.ok ? exitCode.done : exitCode.notReady;
        return;
      }
      case 'plan':
        answerJson(await ask(planQuery));
        return;
      case 'units':
        answerJson(await ask(unitsQuery));
        return;
      case 'apply-plan':
      case 'report':
        await answerFromDirectory(session, (await ask<{ run_dir: string }>(planQuery)).run_dir, topic);
    }
  });
}

/** The documents too large for a history are read where the session has written them. */
async function answerFromDirectory(
  session: string,
  runDir: string,
  topic: 'apply-plan' | 'report',
): Promise<void> {
  await requireOnThisMachine({ session, runDir });
  if (topic === 'report') {
    const { runPaths } = await import('../../../host/run-directory/paths.ts');
    const text = await readFile(runPaths.report(runDir), 'utf8').catch((cause: unknown) => {
      throw new CalibError('not-ready', `no report in ${runDir} yet`, {
        remedy: 'it is written when every repeat is strict ✓; `calib watch` shows how far the session is',
        cause,
      });
    });
    answer(text);
    return;
  }
  const { printApplyPlan } = await import('../apply-plan/apply-plan.ts');
  await printApplyPlan(runDir);
}
