import { extractValues, type StageExtraction } from '../../../src/domain/observation/extract-metrics.ts';
import type { JudgedEnd } from '../../../src/domain/observation/observation.ts';
import type { StageDefinition, StageMetric } from '../../../src/domain/stages/stage.ts';

export const RESULT_FILE = 'test_nova_0/results.json';

/** A metric read from `path` of the fixture's one result file. */
export function metricAt(path: string | null, overrides: Partial<StageMetric> = {}): StageMetric {
  return {
    source: 'NOVA_MIN',
    json_file: path === null ? null : RESULT_FILE,
    json_path: path,
    worst: 'min',
    display: { label: 'Nova', scale: 1, digits: 3 },
    status: path === null ? 'NEEDS_CONFIG' : 'OK',
    ...overrides,
  };
}

/** A stage with two metrics and counts, all from one result file. */
export function makeStage(overrides: Partial<StageDefinition> = {}): StageDefinition {
  return {
    key: 'nova_speed',
    test: 'tests/test_nova_ci.py',
    title: 'NOVA Speed',
    group: 'speed',
    extra_env: {},
    context_vars: [],
    test_file_sha256: 'a'.repeat(64),
    last_discovered_at: '2026-04-23T05:00:00Z',
    sample_counts: {
      total: { json_file: RESULT_FILE, json_path: 'summary.total' },
      ok: { json_file: RESULT_FILE, json_path: 'summary.ok' },
    },
    metrics: { throughput_qps: metricAt('speed.qps'), rtf_mean: metricAt('speed.rtf', { worst: 'max' }) },
    ...overrides,
  };
}

export function makeDocsStage(): StageDefinition {
  const { sample_counts: _unused, ...stage } = makeStage({ key: 'docs', group: 'docs', metrics: {} });
  return stage;
}

export const GOOD_DOCUMENT = { summary: { total: 20, ok: 20 }, speed: { qps: 4.5, rtf: 0.25 } };

/** What a stage reads from a document that lies at `RESULT_FILE`. */
export function extractionFrom(stage: StageDefinition, document: unknown): StageExtraction {
  const file = {
    path: `/basetemp/${RESULT_FILE}`,
    sha256: 'b'.repeat(64),
    mtime: '2026-04-23T05:10:00.000Z',
  };
  return extractValues(stage, new Map([[RESULT_FILE, { kind: 'document', value: document, file }]]));
}

/** What a stage reads when its result file was never written. */
export function extractionWithoutFile(stage: StageDefinition): StageExtraction {
  const problem = { kind: 'file_missing' as const, text: 'the file does not exist', nearest: [] };
  return extractValues(stage, new Map([[RESULT_FILE, { kind: 'problem', problem }]]));
}

export const PASSED: JudgedEnd = { outcome: 'ok', reason: '', exit_code: 0, signal: null };
export const ASSERTION: JudgedEnd = { outcome: 'assertion', reason: 'exit 1', exit_code: 1, signal: null };
export const CRASHED: JudgedEnd = {
  outcome: 'infra',
  reason: 'crashed (SIGSEGV)',
  exit_code: null,
  signal: 'SIGSEGV',
};
