import type { RunSnapshot } from '../../domain/audit/run-snapshot.ts';
import { thresholdId } from '../../domain/apply/located-threshold.ts';
import type { ContextBinding } from '../../domain/discovery/source-facts.ts';
import { messageOf } from '../../domain/message-of.ts';
import { sessionCommit } from '../../domain/plan/plan.ts';
import type { EvidencePattern } from '../../domain/evidence/log-evidence.ts';
import type { CurrentThreshold, ReportFacts } from '../../domain/report/report-facts.ts';
import { readContextBindings } from '../../python/context-bindings.ts';
import { readApplied } from '../apply/applied-file.ts';
import { readEnvironment } from '../fingerprint/environment-file.ts';
import { showFileAtCommit } from '../git/show-file-at-commit.ts';
import { listDiscarded } from './list-discarded.ts';
import { readLogEvidence } from './read-log-evidence.ts';
import { isCommitId } from './read-commit-range.ts';
import { readCurrentLiterals } from './read-current-literals.ts';
import { readPrecheck } from './read-precheck.ts';

export interface ReadReportFactsOptions {
  snapshot: RunSnapshot;
  /** Absolute path of the checkout; null when unknown, then context lines say `?`. */
  repoRoot: string | null;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  now: string;
  /** Patterns to count in the logs, where the plan records none; default: the plan's. */
  evidence?: readonly EvidencePattern[];
}

export interface CollectedFacts {
  facts: ReportFacts;
  /** What could not be read and is therefore `?` in the report. */
  warnings: string[];
}

/** Everything a report needs beside the observations (spec 06 §6); nothing here can refuse a report. */
export async function readReportFacts(options: ReadReportFactsOptions): Promise<CollectedFacts> {
  const { snapshot, repoRoot, now, evidence } = options;
  const warnings: string[] = [];
  const bindings = await readBindingsAtCommit(options, warnings);
  const environment = await readOrWarn(() => readEnvironment(snapshot.run_dir), warnings);
  const facts: ReportFacts = {
    snapshot,
    now,
    precheck: await readPrecheck(snapshot.run_dir),
    ...(environment === null ? {} : { environment_identity: environment.identity_sha256 }),
    bindings,
    discarded: await listDiscarded(snapshot.run_dir),
    thresholds: repoRoot === null ? [] : await readThresholds(repoRoot, snapshot),
    evidence: await readLogEvidence({ snapshot, patterns: evidence ?? snapshot.plan.evidence ?? [] }),
    applied: await readOrWarn(() => readApplied(snapshot.run_dir), warnings),
    extra_sections: [],
  };
  return { facts, warnings };
}

/** Null, with a warning, for a file that cannot be read. */
async function readOrWarn<T>(read: () => Promise<T | null>, warnings: string[]): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    warnings.push(messageOf(error));
    return null;
  }
}

/**
 * Context bindings of each test file as the session commit has it: the work tree may already hold something else
 * (spec 06 §6).
 */
async function readBindingsAtCommit(
  { snapshot, repoRoot }: ReadReportFactsOptions,
  warnings: string[],
): Promise<Record<string, ContextBinding[] | null>> {
  const sha = sessionCommit(snapshot.plan);
  const bindings: Record<string, ContextBinding[] | null> = {};
  for (const path of new Set(snapshot.stages.map((stage) => stage.test))) {
    bindings[path] = null;
    if (repoRoot === null || !isCommitId(sha)) {
      const missing = repoRoot === null ? 'no checkout is known' : 'the plan names no commit';
      warnings.push(`${path} cannot be read at the session commit: ${missing}`);
      continue;
    }
    try {
      const source = await showFileAtCommit({ repoRoot, sha, path });
      bindings[path] = source === null ? null : readContextBindings(source);
      if (source === null) {
        warnings.push(`commit ${sha} has no ${path}`);
      }
    } catch (error) {
      warnings.push(`${path} cannot be read at ${sha}: ${messageOf(error)}`);
    }
  }
  return bindings;
}

async function readThresholds(repoRoot: string, snapshot: RunSnapshot): Promise<CurrentThreshold[]> {
  const { literals } = await readCurrentLiterals({ repoRoot, stages: snapshot.stages });
  return snapshot.stages.flatMap((stage) =>
    Object.keys(stage.metrics).map((metric) => {
      const literal = literals[thresholdId(stage.key, metric)];
      return {
        stage_key: stage.key,
        metric_key: metric,
        value: literal?.kind === 'found' ? literal.value : null,
      };
    }),
  );
}
