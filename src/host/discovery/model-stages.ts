import { CalibError } from '../../domain/calib-error.ts';
import { describeFinding } from '../../domain/discovery/finding.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { parseStagesYaml, renderStagesYaml } from '../../domain/stages/stages-yaml.ts';
import { messageOf, utcTimestamp } from '../../domain/text.ts';
import { type Catalog, openCatalog } from '../catalog/open-catalog.ts';
import { gitText } from '../git/git.ts';
import { sha256Of } from '../run-directory/files.ts';
import { readStagesFile, type StagesText } from '../run-directory/stages-copy.ts';
import { discoverModel } from './discover-model.ts';

/** A model's stage definitions: the catalog's file, or what discovery finds in the checkout where there is none. */
export interface ModelStages extends StagesText {
  /** True where the catalog has no `stages.yaml`; `path` is then where it would be. */
  discovered: boolean;
}

export interface ModelStagesQuestion {
  /** Absolute path of the catalog's `stages.yaml`, which need not exist. */
  path: string;
  catalogDir: string;
  model: string;
  /** Absolute path of the checkout; asked for only where there is no file. */
  repoRoot: () => Promise<string>;
}

/**
 * A model's stages as text. Discovered ones bear the time of the commit that is checked out, so that the same checkout gives
 * the same bytes, and so the same hash, at each call and on each host.
 *
 * @throws CalibError `invalid-input` where the file cannot be read, or there is none and discovery refuses
 */
export async function readModelStages(question: ModelStagesQuestion): Promise<ModelStages> {
  const { path, catalogDir, model } = question;
  const found = await readStagesFile(path);
  if (found !== null) {
    requireText(found);
    return { ...found, discovered: false };
  }
  const repoRoot = await question.repoRoot().catch((cause: unknown) => {
    throw new CalibError(
      'invalid-input',
      `${path}: does not exist yet, and the stages cannot be discovered: ${messageOf(cause)}`,
      {
        remedy: `give the checkout with --repo-root DIR, or make the file with: calib discover --model ${model}`,
        cause,
      },
    );
  });
  const { config } = await (await openCatalog(catalogDir)).loadModel(model);
  const discovery = await discoverModel({ repoRoot, config, discoveredAt: await commitTime(repoRoot) });
  const errors = discovery.findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    const lines = errors.map((finding) => `  ${describeFinding(finding)}`);
    throw new CalibError(
      'invalid-input',
      `${path}: does not exist yet, and the stages cannot be discovered in ${repoRoot}:\n${lines.join('\n')}`,
      { remedy: `correct that and see the result with: calib discover --model ${model}` },
    );
  }
  const text = renderStagesYaml(discovery.stages);
  return { path, text, sha256: sha256Of(Buffer.from(text)), discovered: true };
}

/** {@link readModelStages} of an opened catalog, with the stages themselves. */
export async function loadModelStages(
  catalog: Catalog,
  model: string,
  repoRoot: () => Promise<string>,
): Promise<{ file: string; sha256: string; stages: StageDefinition[]; discovered: boolean }> {
  const file = catalog.stagesPath(model);
  const found = await readModelStages({ path: file, catalogDir: catalog.dir, model, repoRoot });
  const stages = parseStagesYaml(found.text, file);
  return { file, sha256: found.sha256, stages, discovered: found.discovered };
}

/** The session keeps a copy whose hash must be the file's: what is no text would not come back as the same bytes. */
function requireText({ path, text, sha256 }: StagesText): void {
  if (sha256Of(Buffer.from(text)) === sha256) return;
  throw new CalibError('invalid-input', `${path}: the file is not UTF-8 text`, {
    remedy: 'save the file as UTF-8',
  });
}

/** When HEAD was committed, `YYYY-MM-DDTHH:MM:SSZ`; the epoch where there is no commit to ask. */
async function commitTime(repoRoot: string): Promise<string> {
  const seconds = await gitText(repoRoot, ['show', '--no-patch', '--format=%ct', 'HEAD']).then(
    Number,
    () => 0,
  );
  return utcTimestamp(new Date(seconds * 1000));
}
