import type { RunSnapshot } from '../../domain/audit/strict.ts';
import type { RiskDocument } from '../../domain/risk/risk-document.ts';
import { sessionRisk, type SessionGates } from '../../domain/risk/session-risk.ts';
import { sessionCommit } from '../../domain/session/session-plan.ts';
import { thresholdFileOf } from '../../domain/stages/stage.ts';
import { messageOf } from '../../domain/text.ts';
import { withFilesAtCommit } from '../gates/files-at-commit.ts';
import { readGates } from '../gates/read-gates.ts';

export interface ReadRiskOptions {
  snapshot: RunSnapshot;
  /** Absolute path of the checkout; null when unknown. */
  repoRoot: string | null;
  /** Attempts that CI gives a test before it counts as failed; default 1. */
  attempts?: number;
  /** Share of unchanged commits that the whole suite may fail; default 0.05. */
  suiteTarget?: number;
}

/** The risk of a session's gates, which are read as its commit has them. Never throws for a gate that cannot be read. */
export async function readRisk(options: ReadRiskOptions): Promise<RiskDocument> {
  const { snapshot, repoRoot, attempts = 1, suiteTarget = 0.05 } = options;
  const gates = await gatesAtCommit(snapshot, repoRoot);
  return sessionRisk({ snapshot, gates, attempts, suiteTarget });
}

async function gatesAtCommit(snapshot: RunSnapshot, repoRoot: string | null): Promise<SessionGates> {
  const commit = sessionCommit(snapshot.plan);
  const { stages } = snapshot;
  if (repoRoot === null) return { kind: 'unknown', reason: 'no checkout of the suite is known' };
  if (!/^[0-9a-f]{7,64}$/.test(commit)) return { kind: 'unknown', reason: 'the plan names no commit' };
  const extra = stages.flatMap((stage) => [stage.test, thresholdFileOf(stage)]);
  try {
    return await withFilesAtCommit({ repoRoot, commit, extra }, async (folder) => ({
      kind: 'read',
      gates: (await readGates({ repoRoot: folder, stages })).gates,
    }));
  } catch (error) {
    return {
      kind: 'unknown',
      reason: `the session's commit ${commit.slice(0, 12)} cannot be read in ${repoRoot}: ${messageOf(error)}`,
    };
  }
}
