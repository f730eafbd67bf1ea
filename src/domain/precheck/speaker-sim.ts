import { checkResult, type CheckResult } from './checks.ts';
import type { PrecheckRequirements } from './requirements.ts';
import { shellWord } from './shell-word.ts';

/** The two files of the WavLM speaker verification, in the order in which they are looked at. */
export const speakerSimFiles = ['wavlm_large.pt', 'wavlm_large_finetune.pth'] as const;

/** Anything smaller is a truncated download. */
const smallestBytes = 100 * 1024 * 1024;
const markerVersion = 2;

export interface SpeakerSimFacts {
  /** Absolute path of `SEEDTTS_SIM_CACHE_DIR`. */
  dir: string;
  /** Text of `.complete`, null when it does not exist. */
  marker: string | null;
  /** Sizes in bytes, null for a file that does not exist. */
  sizes: Record<(typeof speakerSimFiles)[number], number | null>;
}

/** What is wrong with the assets, null when they are a cache hit of their bootstrap. */
export function speakerSimProblem({ marker, sizes }: SpeakerSimFacts): string | null {
  if (marker === null) {
    return 'missing .complete — run speaker_similarity_assets --warm-cache';
  }
  const missing = speakerSimFiles.find((name) => sizes[name] === null);
  if (missing !== undefined) {
    return `missing ${missing}`;
  }
  const small = speakerSimFiles.find((name) => (sizes[name] ?? 0) < smallestBytes);
  return small === undefined ? markerProblem(marker, sizes) : `${small} too small (truncated?)`;
}

/** The bootstrap's own rule for a hit: exactly the two files recorded, both with their present size. */
function markerProblem(marker: string, sizes: SpeakerSimFacts['sizes']): string | null {
  const parsed = parseObject(marker);
  if (parsed === null) {
    return null;
  }
  if (parsed['schema_version'] !== markerVersion) {
    return `.complete has schema_version ${String(parsed['schema_version'])}, expected ${markerVersion}`;
  }
  const files = asObject(parsed['files']) ?? {};
  const recorded = Object.keys(files).sort();
  if (recorded.join() !== [...speakerSimFiles].sort().join()) {
    return `.complete records ${recorded.join(', ') || 'no file'}, expected ${speakerSimFiles.join(', ')}`;
  }
  const other = speakerSimFiles.find((name) => asObject(files[name])?.['size'] !== sizes[name]);
  return other === undefined ? null : `${other} is not the size that .complete records`;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return null;
  }
}

function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
}

export interface SpeakerSimQuestion {
  asked: PrecheckRequirements['speaker_sim'];
  /** Null when the environment has no `SEEDTTS_SIM_CACHE_DIR`. */
  facts: SpeakerSimFacts | null;
  repoRoot: string;
  venvPython: string;
  /** File of the active host profile, null without one. */
  hostFile: string | null;
  hfTokenSet: boolean;
}

/** Whether the speaker-similarity assets are there, where a selected stage needs them. */
export function judgeSpeakerSim(question: SpeakerSimQuestion): CheckResult {
  const { asked, facts } = question;
  if (facts === null) {
    const errors = asked.required
      ? [
          {
            message: 'SEEDTTS_SIM_CACHE_DIR is not set, but similarity stages need the speaker_sim assets',
            remedies: ["set it in the model's auto_env, or physical.speaker_sim in the host profile"],
          },
        ]
      : [];
    return checkResult({
      id: 'speaker_sim',
      lines: ['speaker_sim: no directory set'],
      errors,
      applies: false,
    });
  }
  const problem = speakerSimProblem(facts);
  const detail = problem ?? speakerSimFiles.join(' + ');
  if (!asked.required) {
    const lines = [`speaker_sim: ${facts.dir} (not needed for this run; ${detail})`];
    return checkResult({ id: 'speaker_sim', lines, applies: false });
  }
  const errors =
    problem === null
      ? []
      : [
          {
            message: `speaker_sim assets in ${facts.dir}: ${problem}; HF_TOKEN is ${question.hfTokenSet ? '' : 'not '}set here`,
            remedies: bootstrapCommands(question, facts.dir),
          },
        ];
  return checkResult({ id: 'speaker_sim', lines: [`speaker_sim: ${facts.dir} (${detail})`], errors });
}

function bootstrapCommands({ asked, ...question }: SpeakerSimQuestion, dir: string): string[] {
  const { repoRoot, venvPython, hostFile } = question;
  const command =
    `cd ${shellWord(repoRoot)} && SEEDTTS_SIM_CACHE_DIR=${shellWord(dir)} ${shellWord(venvPython)} ` +
    '-m benchmarks.metrics.speaker_similarity_assets --warm-cache';
  const profile =
    asked.host_command && hostFile !== null
      ? [`or the host's own: speaker_similarity_bootstrap.warm_cache.command in ${hostFile}`]
      : [];
  const token = asked.hf_token_hint === null ? [] : [`HF_TOKEN: ${asked.hf_token_hint}`];
  return [command, ...profile, ...token];
}
