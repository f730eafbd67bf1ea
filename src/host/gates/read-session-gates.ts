import { dirname, resolve } from 'node:path';

import type { RunSnapshot } from '../../domain/audit/strict.ts';
import type { SessionGates } from '../../domain/risk/session-risk.ts';
import { sessionCommit } from '../../domain/session/session-plan.ts';
import { thresholdFileOf } from '../../domain/stages/stage.ts';
import { messageOf } from '../../domain/text.ts';
import { withFilesAtCommit } from './files-at-commit.ts';
import { type ObservedGates, readObservedGates } from './read-observed-gates.ts';

/** The gates of a session, or why they are not known. */
export type GatesOfSession =
  | ({ kind: 'read' } & Pick<ObservedGates, 'gates' | 'observed'>)
  | { kind: 'unknown'; reason: string };

/**
 * The gates of a session's metrics as its commit has them, held against what a smoke at that commit observed. Never throws:
 * where they cannot be read it says why.
 *
 * @param question `repoRoot`: absolute path of the checkout; null when unknown
 */
export async function readSessionGates(question: {
  snapshot: RunSnapshot;
  repoRoot: string | null;
}): Promise<GatesOfSession> {
  const { snapshot, repoRoot } = question;
  const { stages, plan } = snapshot;
  const commit = sessionCommit(plan);
  if (repoRoot === null) return { kind: 'unknown', reason: 'no checkout of the suite is known' };
  if (!/^[0-9a-f]{7,64}$/.test(commit)) return { kind: 'unknown', reason: 'the plan names no commit' };
  const extra = stages.flatMap((stage) => [stage.test, thresholdFileOf(stage)]);
  try {
    return await withFilesAtCommit({ repoRoot, commit, extra }, async (folder) => {
      const runRoot = dirname(resolve(snapshot.run_dir));
      const where = { runRoot, model: plan.model, gitSha: commit, root: folder };
      const { gates, observed } = await readObservedGates({ repoRoot: folder, stages, where });
      return { kind: 'read', gates, observed };
    });
  } catch (error) {
    return {
      kind: 'unknown',
      reason: `the session's commit ${commit.slice(0, 12)} cannot be read in ${repoRoot}: ${messageOf(error)}`,
    };
  }
}

/** The same as the test files assert them: what a smoke observed is no rule that predicts another literal. */
export function assertedGates(gates: GatesOfSession): SessionGates {
  return gates.kind === 'unknown' ? gates : { kind: 'read', gates: gates.gates.map(({ source }) => source) };
}
