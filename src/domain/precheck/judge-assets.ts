import { checkResult, type CheckResult, type Gap } from './check-result.ts';
import type { HubKind } from './hub-snapshot.ts';
import type { PrecheckRequirements } from './requirements.ts';
import { shellWord } from './shell-word.ts';

/** One hub repository as `precheck.json` has it (spec 04 §9). */
export interface AssetFact {
  id: string;
  kind: HubKind;
  required: boolean;
  cached: boolean;
  /** Commit of the default revision in the cache, null where there is none. */
  revision: string | null;
  /** Why it does not count as cached. */
  problem: string | null;
  /** Absolute paths of unfinished downloads. */
  unfinished: string[];
}

export interface AssetsQuestion {
  scope: PrecheckRequirements['scope'];
  /** Models first, required ones first. */
  assets: readonly AssetFact[];
  /** Datasets that tests ask for and the config does not list. */
  unlistedDatasets: readonly string[];
  /** Absolute folder that was searched. */
  hubDir: string;
  /** The setting that led there, such as `HF_HOME=/x (host)`. */
  hubSetting: string;
  /** Null where no profile is active. */
  hostName: string | null;
  /** `HF_HOME` of the environment, null where the library's default counts. */
  hfHome: string | null;
  /** Effective `HF_ENDPOINT`, null for the hub's own. */
  endpoint: string | null;
  hfTokenSet: boolean;
}

const mainEndpoint = 'https://huggingface.co';

/** Whether the models and datasets that a run needs are in the hub cache (spec 04 §2 row 8, §4–6). */
export function judgeAssets(question: AssetsQuestion): CheckResult {
  const { assets, unlistedDatasets } = question;
  const required = assets.filter((asset) => asset.required);
  const missing = required.filter(({ cached }) => !cached);
  if (required.length === 0) {
    const lines = ['assets: no model or dataset of a hub needed', ...optionalLines(assets)];
    return checkResult({ id: 'assets', lines, applies: false });
  }
  const datasets = required.filter(({ kind }) => kind === 'dataset').length;
  const headline =
    question.scope === 'configured'
      ? 'assets (all datasets):'
      : `assets (required for selected stages, ${datasets} dataset(s)):`;
  const note =
    unlistedDatasets.length === 0
      ? []
      : [
          `note: test(s) reference repo(s) not listed in config.yaml hf_datasets: [${unlistedDatasets.join(', ')}]`,
        ];
  return checkResult({
    id: 'assets',
    lines: [headline, ...required.map((asset) => assetLine(asset, '✗')), ...note, ...optionalLines(assets)],
    errors: missing.length === 0 ? [] : [missingGap(question, missing)],
  });
}

function assetLine({ kind, id, cached, revision, problem }: AssetFact, gapMark: '✗' | '·'): string {
  const detail = cached ? `revision ${revision?.slice(0, 8) ?? '?'}` : (problem ?? 'not cached');
  return `${cached ? '✓' : gapMark} ${kind}: ${id} (${detail})`;
}

function optionalLines(assets: readonly AssetFact[]): string[] {
  return (['model', 'dataset'] as const).flatMap((kind) => {
    const others = assets.filter((asset) => !asset.required && asset.kind === kind);
    return others.length === 0
      ? []
      : [`other ${kind}s (not needed for this run):`, ...others.map((asset) => assetLine(asset, '·'))];
  });
}

/** One error for all missing repositories, with one command each (spec 04 §2, §11: no bulk download). */
function missingGap(question: AssetsQuestion, missing: readonly AssetFact[]): Gap {
  const { hubDir, hubSetting, hostName, hfTokenSet, endpoint } = question;
  const listed = missing.map(({ kind, id, problem }) => `${kind} ${id} (${problem ?? 'not cached'})`);
  const profile = hostName === null ? 'no host profile is active' : `host profile ${hostName}`;
  const fallback =
    endpoint === null || endpoint.replace(/\/+$/, '') === mainEndpoint
      ? []
      : [`if ${endpoint} does not answer: the same with HF_ENDPOINT=${mainEndpoint}`];
  return {
    message:
      `missing: ${listed.join(', ')}; searched ${hubDir} (${hubSetting}; ${profile}); ` +
      `HF_TOKEN, which private repositories need, is ${hfTokenSet ? '' : 'not '}set here`,
    remedies: [
      ...missing.map((asset) => downloadCommand(asset, question)),
      ...fallback,
      ...missing.flatMap(leftoverCommand),
    ],
  };
}

/** A download that was given up leaves its part for ever, also after another one has succeeded. */
function leftoverCommand({ unfinished }: AssetFact): string[] {
  return unfinished.length === 0
    ? []
    : [`if that leaves it unfinished and no download runs: rm ${unfinished.map(shellWord).join(' ')}`];
}

function downloadCommand({ id, kind }: AssetFact, { endpoint, hfHome }: AssetsQuestion): string {
  const variables = [
    ...(hfHome === null ? [] : [`HF_HOME=${shellWord(hfHome)}`]),
    `HF_ENDPOINT=${shellWord(endpoint ?? mainEndpoint)}`,
  ];
  const type = kind === 'dataset' ? ' --repo-type dataset' : '';
  return `${variables.join(' ')} huggingface-cli download ${shellWord(id)}${type}`;
}
