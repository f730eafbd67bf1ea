import { readFile } from 'node:fs/promises';

import { CalibError } from '../domain/calib-error.ts';
import { type StrictAuditDocument, renderStrictAudit } from '../domain/audit/strict-audit.ts';
import { type StatusDocument, statusIsReady } from '../domain/audit/status-document.ts';
import { planQuery, statusQuery, strictAuditQuery, unitsQuery } from '../workflows/messages.ts';
import { utcTimestamp } from '../domain/clock.ts';
import { exitCode } from './exit-code.ts';
import { requireOnThisMachine } from './locate-run-directory.ts';
import { answer, answerJson } from './output.ts';
import type { QueryTopic } from './query.ts';
import { requireWorker } from './require-worker.ts';
import { queryOf } from './query-session.ts';
import { resolveSession, withSessionClient } from './session-client.ts';

/** Asks a session and prints its answer; exit codes as of the local command of the same name. */
export async function answerQuery(reference: string, topic: QueryTopic, json: boolean): Promise<void> {
  await withSessionClient(async (client) => {
    const session = await resolveSession(client, reference);
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
    const { runPaths } = await import('../host/run-directory/paths.ts');
    const text = await readFile(runPaths.report(runDir), 'utf8').catch((cause: unknown) => {
      throw new CalibError('not-ready', `no report in ${runDir} yet`, {
        remedy: 'it is written when every repeat is strict ✓; `calib watch` shows how far the session is',
        cause,
      });
    });
    answer(text);
    return;
  }
  const { printApplyPlan } = await import('./apply-plan.ts');
  await printApplyPlan(runDir);
}
