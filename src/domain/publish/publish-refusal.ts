import type { AppliedDocument } from '../apply/applied-document.ts';

export interface PublishState {
  /** `applied.json`; null when nothing was ever applied. */
  applied: AppliedDocument | null;
  /** `report.md`; null when there is none. */
  report: string | null;
  /** SHA-256 (hex) of each edited file as it stands now, by repository-relative path; null when it cannot be read. */
  hashes: Readonly<Record<string, string | null>>;
}

export interface PublishRefusal {
  reason: string;
  remedy: string;
}

/**
 * Why a session's thresholds must not be offered for review, or null (spec 06 §13): before the apply, after its undo, or
 * when a file is no longer as the apply left it.
 */
export function publishRefusal({ applied, report, hashes }: PublishState): PublishRefusal | null {
  if (applied === null) {
    return {
      reason: 'no thresholds of this session were applied',
      remedy:
        'decide first with `calib apply`; a session that ended with --mode report has nothing to publish',
    };
  }
  if (applied.undone !== null) {
    return {
      reason: `the apply was undone at ${applied.undone.at}`,
      remedy: 'there is nothing to publish; a new session can be applied again',
    };
  }
  const changed = applied.files.filter(({ file, sha256_after: after }) => hashes[file] !== after);
  if (changed.length > 0) {
    const lines = changed.map(({ file }) => `  ${file}${hashes[file] == null ? ' (cannot be read)' : ''}`);
    return {
      reason: `these files are no longer as the apply left them:\n${lines.join('\n')}`,
      remedy: 'publish what calib wrote before editing further, or commit your own edits yourself',
    };
  }
  if (report === null) {
    return { reason: 'the session has no report.md', remedy: 'write it with `calib report --run-dir DIR`' };
  }
  if (report.includes('{{CONTEXT:')) {
    return {
      reason: 'report.md has context lines that are not resolved',
      remedy: 'write it again with `calib report --run-dir DIR`',
    };
  }
  return null;
}
