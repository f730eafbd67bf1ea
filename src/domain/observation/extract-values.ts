import type { StageDefinition } from '../stages/stage.ts';
import {
  type ExtractionProblem,
  type LoadedDocument,
  type ResultFile,
  type StageExtraction,
  type WantedValue,
  countKey,
  wantedValues,
} from './extraction.ts';
import { readJsonPath } from './read-json-path.ts';

/**
 * Reads a stage's metrics and counts from its loaded result files (spec 05 §9). `documents` holds one entry per
 * configured `json_file`; nothing is parsed from stdout.
 */
export function extractValues(
  stage: Pick<StageDefinition, 'metrics' | 'sample_counts'>,
  documents: ReadonlyMap<string, LoadedDocument>,
): StageExtraction {
  const values = new Map<string, number>();
  const problems: Record<string, ExtractionProblem> = {};
  const files = new Map<string, ResultFile>();
  for (const wanted of wantedValues(stage)) {
    const reading = readValue(wanted, documents, files);
    if (typeof reading === 'number') values.set(wanted.key, reading);
    else problems[wanted.key] = reading;
  }
  return {
    metrics: Object.fromEntries(Object.keys(stage.metrics).map((key) => [key, values.get(key) ?? null])),
    sample_counts: {
      total: values.get(countKey('total')) ?? null,
      ok: values.get(countKey('ok')) ?? null,
    },
    why: Object.fromEntries(Object.entries(problems).map(([key, problem]) => [key, problem.text])),
    problems,
    result_files: [...files.values()],
  };
}

function readValue(
  wanted: WantedValue,
  documents: ReadonlyMap<string, LoadedDocument>,
  files: Map<string, ResultFile>,
): number | ExtractionProblem {
  const { json_file: file, json_path: path } = wanted.source;
  if (file === null || path === null) {
    return { kind: 'not_configured', file, path, nearest: [], text: 'no json_file/json_path in stages.yaml' };
  }
  const loaded = documents.get(file);
  if (loaded === undefined) throw new Error(`result file ${file} was never loaded`);
  if (loaded.kind === 'problem') {
    return { ...loaded.problem, file, path, text: `${file}: ${withNearest(loaded.problem)}` };
  }
  files.set(loaded.file.path, loaded.file);
  const reading = readJsonPath(loaded.value, path, wanted.as);
  if (reading.ok) return reading.value;
  return { ...reading.problem, file, path, text: `${file}::${path}: ${withNearest(reading.problem)}` };
}

function withNearest(problem: Pick<ExtractionProblem, 'text' | 'nearest'>): string {
  return problem.nearest.length === 0
    ? problem.text
    : `${problem.text}; there is: ${problem.nearest.join(', ')}`;
}
