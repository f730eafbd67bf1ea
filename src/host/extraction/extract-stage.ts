import { extractValues } from '../../domain/observation/extract-values.ts';
import {
  type LoadedDocument,
  type StageExtraction,
  wantedValues,
} from '../../domain/observation/extraction.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { readResultFile } from './read-result-file.ts';

/** Where one launch of pytest left its result files. */
export interface ExtractionScope {
  /** Absolute path of pytest's `--basetemp`. */
  baseTemp: string;
  /** When this attempt's pytest was started; older files are another invocation's. */
  launchedAt: Date;
  /** `clock_behind_s` of the attempt: how much older the files may look because the clock was set back meanwhile. */
  clockBehindS?: number | undefined;
}

/** Reads one stage's metrics, counts and result files (spec 05 §9); every null has its reason. */
export async function extractStage(
  request: ExtractionScope & { stage: StageDefinition },
): Promise<StageExtraction> {
  return await extractWith(request.stage, request, new Map());
}

/** `extractStage` for all stages that one pytest invocation fed, each result file loaded once; by stage key. */
export async function extractRepeat(
  request: ExtractionScope & { stages: readonly StageDefinition[] },
): Promise<Record<string, StageExtraction>> {
  const documents = new Map<string, LoadedDocument>();
  const extractions: Record<string, StageExtraction> = {};
  for (const stage of request.stages) {
    extractions[stage.key] = await extractWith(stage, request, documents);
  }
  return extractions;
}

async function extractWith(
  stage: StageDefinition,
  { baseTemp, launchedAt, clockBehindS = 0 }: ExtractionScope,
  documents: Map<string, LoadedDocument>,
): Promise<StageExtraction> {
  for (const { source } of wantedValues(stage)) {
    const jsonFile = source.json_file;
    if (jsonFile === null || documents.has(jsonFile)) continue;
    documents.set(jsonFile, await readResultFile({ baseTemp, jsonFile, launchedAt, clockBehindS }));
  }
  return extractValues(stage, documents);
}
