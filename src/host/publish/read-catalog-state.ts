import { realpath } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';

import type { AppliedDocument } from '../../domain/apply/applied-document.ts';
import type { RunSnapshot } from '../../domain/audit/strict.ts';
import { sessionCommit } from '../../domain/session/session-plan.ts';
import { shippedCatalogDir } from '../catalog/open-catalog.ts';
import { runGit, versionControlPlace } from '../git/git.ts';
import { pathExists } from '../run-directory/files.ts';

/** The part of a publish that concerns the catalog. */
export interface CatalogState {
  /** Repository-relative where the repository has to take the file over; null when it has it, or cannot. */
  stagesPath: string | null;
  configPath: string | null;
  /** What a fresh clone of the repository would lack, one line each. */
  missing: string[];
}

interface CatalogQuestion {
  snapshot: RunSnapshot;
  /** Absolute. */
  repoRoot: string;
  applied: AppliedDocument | null;
}

/**
 * Which of the model's catalog files a publish has to bring into the repository, and which of what a fresh clone needs
 * cannot be brought there. A catalog that calib ships is nothing that a clone could lack; a host profile describes one
 * machine, so it is only told, never committed.
 */
export async function readCatalogState(question: CatalogQuestion): Promise<CatalogState> {
  const { snapshot, repoRoot, applied } = question;
  const { plan } = snapshot;
  const commit = sessionCommit(plan);
  const catalogDir = plan.catalog_dir;
  const locked = catalogDir === undefined ? undefined : join(catalogDir, 'models', plan.model, 'stages.yaml');
  const stages = applied?.check?.stages_yaml ?? locked ?? plan.stages_yaml;
  const stagesFile = stages === undefined ? null : await lookAt(repoRoot, resolve(repoRoot, stages), commit);
  if (catalogDir === undefined) return { stagesPath: changed(stagesFile), configPath: null, missing: [] };
  const config = await lookAt(repoRoot, join(catalogDir, 'models', plan.model, 'config.yaml'), commit);
  const profile =
    plan.host == null ? null : await lookAt(repoRoot, join(catalogDir, 'hosts', `${plan.host}.yaml`), commit);
  const missing = (await isShipped(catalogDir))
    ? []
    : [lackText(config), stagesFile?.exists === true ? lackText(stagesFile) : null, profileText(profile)];
  return {
    stagesPath: changed(stagesFile),
    configPath: changed(config),
    missing: missing.filter((line) => line !== null),
  };
}

/** How a file stands to the repository. */
interface Looked {
  /** Absolute. */
  path: string;
  /** Repository-relative; meaningless where it lies outside. */
  inside: string;
  exists: boolean;
  place: Awaited<ReturnType<typeof versionControlPlace>>;
  tracked: boolean;
  /** True when it differs from the session commit, also because that has no such file. */
  differs: boolean;
}

async function lookAt(repoRoot: string, path: string, commit: string): Promise<Looked> {
  const place = await versionControlPlace(repoRoot, path);
  const inside = relative(await realpath(repoRoot), await realpath(path).catch(() => path));
  const exists = await pathExists(path);
  if (place === 'outside') return { path, inside, exists, place, tracked: false, differs: true };
  const tracked = (await runGit(repoRoot, ['ls-files', '-z', '--', inside])).stdout.length > 0;
  const args = ['diff', '--quiet', '--no-ext-diff', commit, '--', inside];
  // A path that git does not track is no difference to it, and new to the repository.
  const { exitCode } = await runGit(repoRoot, args, { acceptedExitCodes: [1] });
  return { path, inside, exists, place, tracked, differs: exitCode === 1 || !tracked };
}

/** A file that was deleted is no file to publish. */
function changed(file: Looked | null): string | null {
  return file !== null && file.exists && file.place === 'visible' && file.differs ? file.inside : null;
}

function lackText({ path, inside, exists, place, tracked }: Looked): string | null {
  if (!exists) return `${path} is not there any more`;
  if (place === 'outside') return `${path} lies outside the repository`;
  return place === 'ignored' && !tracked ? `${inside} is ignored by git` : null;
}

function profileText(profile: Looked | null): string | null {
  if (profile === null || profile.tracked) return null;
  return `the host profile ${profile.path} is not in the repository (\`--no-host\` does without one)`;
}

async function isShipped(catalogDir: string): Promise<boolean> {
  const [used, shipped] = await Promise.all(
    [catalogDir, shippedCatalogDir()].map(async (dir) => await realpath(dir).catch(() => resolve(dir))),
  );
  return used === shipped;
}
