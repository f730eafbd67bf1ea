import type { AppliedDocument } from '../apply/applied-document.ts';

/** One file of a publish, by repository-relative path (spec 06 §13). */
export interface PublishedFile {
  path: string;
  kind: 'thresholds' | 'stages' | 'report';
}

/** Where the report of a session is kept in the repository (spec 06 §13). */
export function publishedReportPath(sessionId: string): string {
  return `docs/calibration/${sessionId}-report.md`;
}

/**
 * Exactly what a publish commits: the edited files, the catalog's stages where they lie in the repository and have
 * changed, the report.
 *
 * @param stagesPath repository-relative; null when it is elsewhere or unchanged
 */
export function publishedFiles(
  applied: Pick<AppliedDocument, 'session_id' | 'files'>,
  stagesPath: string | null,
): PublishedFile[] {
  const files: PublishedFile[] = [
    ...applied.files.map(({ file }) => ({ path: file, kind: 'thresholds' }) as const),
    ...(stagesPath === null ? [] : [{ path: stagesPath, kind: 'stages' } as const]),
    { path: publishedReportPath(applied.session_id), kind: 'report' },
  ];
  return files.filter(({ path }, index) => files.findIndex((other) => other.path === path) === index);
}
