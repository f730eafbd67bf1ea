import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { z } from 'zod';

import { thresholdId } from '../../../domain/apply/thresholds.ts';
import type { RunSnapshot } from '../../../domain/audit/strict.ts';
import type { ContextBinding } from '../../../domain/discovery/source-facts.ts';
import type { EvidencePattern } from '../../../domain/evidence/log-evidence.ts';
import type { CurrentThreshold, PrecheckFacts, ReportFacts } from '../../../domain/report/facts.ts';
import { defaultSuiteTarget, sessionRisk } from '../../../domain/risk/session-risk.ts';
import { type Plan, sessionCommit } from '../../../domain/session/session-plan.ts';
import { messageOf } from '../../../domain/text.ts';
import { readApplied } from '../../apply/run-apply.ts';
import { readEvidence } from '../../evidence/read-evidence.ts';
import { assertedGates, readSessionGates } from '../../gates/read-session-gates.ts';
import { readCiRecord } from '../../fingerprint/ci-record.ts';
import { readEnvironment } from '../../fingerprint/environment-file.ts';
import { gitText, showFileAtCommit } from '../../git/git.ts';
import { listDiscarded } from '../discard-repeat.ts';
import { isFolder } from '../files.ts';
import { readCurrentLiterals } from '../literals.ts';
import { readLogEvidence } from '../logs/log-evidence.ts';
import { runPaths } from '../paths.ts';
import { type ReadAtCommit, readContext, readTableKey } from '../read-context.ts';

export interface CommitRange {
  repoRoot: string;
  /** Commit ids. */
  before: string;
  after: string;
}

export interface CommitRangeText {
  /** `git log --oneline before..after`; null when git cannot tell. */
  log: string | null;
  /** `git diff --stat before..after`; null when git cannot tell. */
  stat: string | null;
  /** Of the two commits, those that the checkout does not have: another clone's, or cut off by a shallow one. */
  absent: string[];
}

/** What changed between two commits; never throws: a comparison is worth having without it. */
export async function readCommitRange({ repoRoot, before, after }: CommitRange): Promise<CommitRangeText> {
  // Both come from files; anything but a hash could be read as an option.
  if (!isCommitId(before) || !isCommitId(after)) {
    return { log: null, stat: null, absent: [] };
  }
  const absent: string[] = [];
  for (const commit of new Set([before, after])) {
    if (!(await isPresent(repoRoot, commit))) {
      absent.push(commit);
    }
  }
  const range = `${before}..${after}`;
  const ask = async (args: string[]) =>
    absent.length > 0 ? null : await gitText(repoRoot, [...args, range, '--']).catch(() => null);
  return {
    log: await ask(['log', '--oneline', '--no-decorate', '--no-color', '--max-count=500']),
    stat: await ask(['diff', '--no-ext-diff', '--no-color', '--stat']),
    absent,
  };
}

async function isPresent(repoRoot: string, commit: string): Promise<boolean> {
  return await gitText(repoRoot, ['rev-parse', '--verify', '--quiet', `${commit}^{commit}`]).then(
    () => true,
    () => false,
  );
}

/** True for a full or abbreviated commit hash. */
export function isCommitId(text: string): boolean {
  return /^[0-9a-f]{7,64}$/.test(text);
}

const text = z.string().nullish().catch(null);

/** Only what a report shows; a field of another type counts as not recorded. */
const precheckSchema = z.looseObject({
  versions: z.looseObject({ sglang: text, torch: text }).nullish().catch(null),
  gpu_summary: text,
  driver: text,
  cuda: text,
});

/** The report's part of `precheck.json`; null when there is none that can be read: it is evidence, not a gate. */
export async function readPrecheck(runDir: string): Promise<PrecheckFacts | null> {
  let document: unknown;
  try {
    document = JSON.parse(await readFile(runPaths.precheck(runDir), 'utf8'));
  } catch {
    return null;
  }
  const parsed = precheckSchema.safeParse(document);
  if (!parsed.success) {
    return null;
  }
  const { versions, gpu_summary: gpuSummary, driver, cuda } = parsed.data;
  return {
    sglang: versions?.sglang || null,
    torch: versions?.torch || null,
    gpu_summary: gpuSummary && gpuSummary !== 'unknown' ? gpuSummary : null,
    driver: driver || null,
    cuda: cuda || null,
  };
}

export interface ReadRepoRootOptions {
  runDir: string;
  plan: Plan;
  /** What the operator said (option or environment); wins without further question. */
  given: string | undefined;
}

/**
 * The checkout that a run directory belongs to, absolute: as given, as planned, or (v0.6.0 plans do not say) the work
 * tree around the run directory or around the catalog that the plan names.
 * Null when there is none; then nothing can be read from source.
 */
export async function readRepoRoot({ runDir, plan, given }: ReadRepoRootOptions): Promise<string | null> {
  if (given !== undefined && given !== '') {
    return resolve(given);
  }
  if (plan.repo_root !== undefined && (await isFolder(plan.repo_root))) {
    return plan.repo_root;
  }
  const places = [
    resolve(runDir),
    ...(plan.stages_yaml === undefined ? [] : [dirname(resolve(plan.stages_yaml))]),
  ];
  for (const place of places) {
    const root = await topLevel(place);
    if (root !== null) {
      return root;
    }
  }
  return null;
}

async function topLevel(folder: string): Promise<string | null> {
  try {
    return await gitText(folder, ['rev-parse', '--show-toplevel']);
  } catch {
    // Not a work tree, or no such folder: another place may be.
    return null;
  }
}

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

/** Everything a report needs beside the observations; nothing here can refuse a report. */
export async function readReportFacts(options: ReadReportFactsOptions): Promise<CollectedFacts> {
  const { snapshot, repoRoot, now, evidence } = options;
  const warnings: string[] = [];
  const read = cachedReader(options);
  const bindings = await readBindingsAtCommit(options, read, warnings);
  const environment = await readOrWarn(() => readEnvironment(snapshot.run_dir), warnings);
  const gates = await readSessionGates({ snapshot, repoRoot });
  const risk = await readOrWarn(
    async () =>
      sessionRisk({ snapshot, gates: assertedGates(gates), attempts: 1, suiteTarget: defaultSuiteTarget }),
    warnings,
  );
  const evidenceOfGates = await readOrWarn(() => readEvidence(snapshot, gates), warnings);
  const ci = await readCiRecord(snapshot.run_dir);
  const facts: ReportFacts = {
    snapshot,
    now,
    precheck: await readPrecheck(snapshot.run_dir),
    ...(environment === null
      ? {}
      : { environment_identity: environment.identity_sha256, cpu_model: environment.cpu_model ?? null }),
    bindings,
    table_keys: await readTableKeys(options, read),
    discarded: await listDiscarded(snapshot.run_dir),
    thresholds: repoRoot === null ? [] : await readThresholds(repoRoot, snapshot),
    evidence: await readLogEvidence({ snapshot, patterns: evidence ?? snapshot.plan.evidence ?? [] }),
    applied: await readOrWarn(() => readApplied(snapshot.run_dir), warnings),
    ...(risk === null || risk.metrics.length === 0 ? {} : { risk }),
    ...(evidenceOfGates === null ? {} : { gate_evidence: evidenceOfGates }),
    ...(ci === null ? {} : { ci }),
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
 * Context bindings of each test file as the session commit has it: the work tree may already hold something else.
 */
async function readBindingsAtCommit(
  { snapshot, repoRoot }: ReadReportFactsOptions,
  read: ReadAtCommit,
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
      bindings[path] = await readContext(read, path);
      if (bindings[path] === null) {
        warnings.push(`commit ${sha} has no ${path}`);
      }
    } catch (error) {
      warnings.push(`${path} cannot be read at ${sha}: ${messageOf(error)}`);
    }
  }
  return bindings;
}

/** Files as the session commit has them, each read once; the caller knows that checkout and commit are there. */
function cachedReader({ snapshot, repoRoot }: ReadReportFactsOptions): ReadAtCommit {
  const sha = sessionCommit(snapshot.plan);
  const texts = new Map<string, Promise<string | null>>();
  return async (path) => {
    const known = texts.get(path) ?? showFileAtCommit({ repoRoot: repoRoot ?? '', sha, path });
    texts.set(path, known);
    return await known;
  };
}

/** Null for a stage whose table cannot be read: its concurrency is then looked for elsewhere, or unknown. */
async function readTableKeys(
  { snapshot, repoRoot }: ReadReportFactsOptions,
  read: ReadAtCommit,
): Promise<Record<string, number | null>> {
  const keys: Record<string, number | null> = {};
  if (repoRoot === null || !isCommitId(sessionCommit(snapshot.plan))) return keys;
  for (const stage of snapshot.stages) {
    keys[stage.key] = await readTableKey(read, stage).catch(() => null);
  }
  return keys;
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
