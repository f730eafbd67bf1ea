import { type Plan, sessionCommit } from '../session/session-plan.ts';
import type { CellFile, RunSnapshot } from './strict.ts';

/** What an inspection of every recorded artifact found; all lists hold `<stage>/run<k>` or `<stage>/run<k>: <why>`. */
export interface ProvenanceFindings {
  missing_sha: string[];
  /** Unreadable, or recorded on another commit. */
  mismatches: string[];
  /** Right commit, but another work tree or session, or other bytes than were committed. */
  altered?: string[];
}

/** Git provenance, fields in the original tool's order. */
export interface ProvenanceDocument {
  ok: boolean;
  calibration_git_sha: string;
  missing_sha: string[];
  mismatches: string[];
  reason: string;
}

/** Looks at every file of the planned matrix; absent and never committed ones are not artifacts. */
export function provenanceFindings(snapshot: RunSnapshot): ProvenanceFindings {
  const findings = { missing_sha: [] as string[], mismatches: [] as string[], altered: [] as string[] };
  for (const stage of snapshot.stages) {
    for (const [index, file] of (snapshot.cells[stage.key] ?? []).entries()) {
      inspectArtifact({ name: `${stage.key}/run${index + 1}`, file, plan: snapshot.plan, findings });
    }
  }
  return findings;
}

interface InspectOptions {
  name: string;
  file: CellFile;
  plan: Plan;
  findings: Required<ProvenanceFindings>;
}

function inspectArtifact({ name, file, plan, findings }: InspectOptions): void {
  if (file.kind === 'corrupt') {
    findings.mismatches.push(`${name}: corrupt json`);
  }
  if (file.kind !== 'recorded' || file.integrity === 'uncommitted') {
    return;
  }
  const { git_sha: sha, tree_fingerprint: tree, session_id: session } = file.observation;
  const commit = sessionCommit(plan);
  if (!sha) {
    findings.missing_sha.push(name);
  } else if (commit !== '' && sha !== commit) {
    findings.mismatches.push(`${name}: artifact ${sha.slice(0, 8)} != calibration ${commit.slice(0, 8)}`);
  } else if (tree && plan.tree_fingerprint && tree !== plan.tree_fingerprint) {
    findings.altered.push(
      `${name}: tree fingerprint ${tree.slice(0, 8)} != plan ${plan.tree_fingerprint.slice(0, 8)}`,
    );
  } else if (session && plan.session_id && session !== plan.session_id) {
    findings.altered.push(`${name}: recorded by session ${session}, not ${plan.session_id}`);
  }
  if (file.integrity === 'edited') {
    findings.altered.push(`${name}: edited after its repeat was committed`);
  }
}

/** The verdict over the findings; a plan without a commit never passes. */
export function provenanceDocument(matrix: {
  calibration_git_sha: string;
  provenance: ProvenanceFindings;
}): ProvenanceDocument {
  const { missing_sha: missing, altered = [] } = matrix.provenance;
  const mismatches = [...matrix.provenance.mismatches, ...altered];
  const commit = matrix.calibration_git_sha;
  return {
    ok: commit !== '' && missing.length === 0 && mismatches.length === 0,
    calibration_git_sha: commit,
    missing_sha: missing,
    mismatches,
    reason: provenanceReason({ commit, missing, mismatches, altered }),
  };
}

function provenanceReason(
  found: Record<'missing' | 'mismatches' | 'altered', string[]> & { commit: string },
): string {
  if (found.commit === '') {
    return 'plan.json has no calibration_git_sha';
  }
  if (found.missing.length > 0) {
    return `${found.missing.length} run(s) missing git_sha (recorded without a commit)`;
  }
  if (found.mismatches.length === 0) {
    return '';
  }
  // "On a different commit" would be untrue of a changed work tree or an edited file.
  return found.altered.length === 0
    ? `${found.mismatches.length} run(s) recorded on a different commit`
    : `${found.mismatches.length} run(s) differ from the calibration commit, its work tree, session or committed bytes`;
}

/** Lists up to ten entries, indented by two, and how many more there are. */
export function renderFindings(entries: readonly string[]): string[] {
  const LIMIT = 10;
  const shown = entries.slice(0, LIMIT).map((entry) => `  ${entry}`);
  return entries.length > LIMIT ? [...shown, `  … and ${entries.length - LIMIT} more`] : shown;
}
