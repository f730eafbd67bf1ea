import type { CheckResult } from '../../domain/precheck/check-result.ts';
import { snapshotProblem, type HubKind } from '../../domain/precheck/hub-snapshot.ts';
import { judgeAssets, type AssetFact } from '../../domain/precheck/judge-assets.ts';
import { judgeSpeakerSim } from '../../domain/precheck/speaker-sim.ts';
import { hubPlace, listHubRepository } from './hub-cache.ts';
import { childEnvironment, type PrecheckRequest } from './precheck-request.ts';
import { readSpeakerSim } from './read-speaker-sim.ts';

export interface CheckedAssets {
  result: CheckResult;
  assets: AssetFact[];
}

/** Models and datasets in the hub cache, all looked up at once (spec 04 §4–6). */
export async function checkAssets(request: PrecheckRequest): Promise<CheckedAssets> {
  const { requirements } = request;
  const { models, datasets, host, environment } = requirements;
  const env = childEnvironment(request);
  const { dir, setting } = hubPlace(env);
  const wanted: [HubKind, boolean, string[]][] = [
    ['model', true, models.required],
    ['dataset', true, datasets.required],
    ['model', false, models.optional],
    ['dataset', false, datasets.optional],
  ];
  const assets = await Promise.all(
    wanted.flatMap(([kind, required, ids]) =>
      ids.map(async (id): Promise<AssetFact> => {
        const listing = await listHubRepository(dir, kind, id);
        const problem = snapshotProblem(kind, listing);
        const { revision, incomplete: unfinished } = listing;
        return { id, kind, required, cached: problem === null, revision, problem, unfinished };
      }),
    ),
  );
  const source = environment.find(({ name }) => setting.startsWith(`${name}=`))?.source;
  const result = judgeAssets({
    scope: requirements.scope,
    assets,
    unlistedDatasets: requirements.unlisted_datasets,
    hubDir: dir,
    hubSetting: source === undefined ? setting : `${setting} from ${source}`,
    hostName: host?.name ?? null,
    hfHome: env['HF_HOME'] ?? null,
    endpoint: env['HF_ENDPOINT'] ?? null,
    hfTokenSet: hasHfToken(request.env),
  });
  return { result, assets };
}

/** The WavLM assets, where `SEEDTTS_SIM_CACHE_DIR` says (spec 04 §7). */
export async function checkSpeakerSim(request: PrecheckRequest): Promise<CheckResult> {
  const { requirements, repoRoot, venvPython, env } = request;
  const dir = childEnvironment(request)['SEEDTTS_SIM_CACHE_DIR'];
  return judgeSpeakerSim({
    asked: requirements.speaker_sim,
    facts: dir ? await readSpeakerSim(dir) : null,
    repoRoot,
    venvPython,
    hostFile: requirements.host?.file ?? null,
    hfTokenSet: hasHfToken(env),
  });
}

/** Whether a token is there; its value is nobody's business. */
export function hasHfToken(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env['HF_TOKEN'] || env['HUGGING_FACE_HUB_TOKEN']);
}
