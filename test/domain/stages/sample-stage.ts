import * as fc from 'fast-check';

import type { StageDefinition } from '../../../src/domain/stages/stage.ts';

/** A plain stage; fields can be replaced. */
export function sampleStage(fields: Partial<StageDefinition> = {}): StageDefinition {
  return {
    key: 'chart_accuracy',
    test: 'tests/test_chart_ci.py',
    title: 'CHART Accuracy',
    group: 'accuracy',
    extra_env: {},
    context_vars: ['MAX_SAMPLES'],
    test_file_sha256: 'a'.repeat(64),
    last_discovered_at: '2025-06-01T12:00:00Z',
    sample_counts: {
      total: { json_file: 'r.json', json_path: 'summary.total' },
      ok: { json_file: null, json_path: null },
    },
    metrics: {
      accuracy: {
        source: 'CHART_MIN_ACCURACY',
        json_file: 'r.json',
        json_path: 'summary.accuracy',
        worst: 'min',
        display: { label: 'Acc (%)', scale: 100, digits: 2 },
        status: 'OK',
      },
    },
    ...fields,
  };
}

const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,12}$/);
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom('a"b', 'a\\b', 'a: b # c', '1', 'null', 'true', '- x', '\\n', 'a\nb\tc'),
);
const sha = fc.oneof(
  fc.stringMatching(/^[0-9a-f]{64}$/),
  fc.constantFrom('1'.repeat(64), `${'1'.repeat(30)}e${'2'.repeat(33)}`, '0'.repeat(64)),
);
const jsonSource = fc.record({ json_file: fc.option(text), json_path: fc.option(text) });
const metric = fc.record({
  source: text,
  json_file: fc.option(text),
  json_path: fc.option(text),
  worst: fc.constantFrom('min' as const, 'max' as const),
  display: fc.record({
    label: text,
    scale: fc.constantFrom(1, 100, 0.001),
    digits: fc.integer({ min: 0, max: 6 }),
  }),
  status: fc.constantFrom('OK' as const, 'NEEDS_CONFIG' as const, 'AMBIGUOUS' as const),
});

/** Any stage, with the optional fields present or absent, and texts that YAML would read as something else. */
export const anyStage: fc.Arbitrary<StageDefinition> = fc.record(
  {
    key: name,
    test: fc.oneof(
      name.map((stem) => `tests/${stem}.py`),
      fc.constantFrom('tests/a b.py', 'tests/ü#1.py', 'tests/a: b.py', '0x10'),
    ),
    title: text,
    group: name,
    extra_env: fc.dictionary(fc.stringMatching(/^[A-Z_]{1,8}$/), text, { maxKeys: 3, noNullPrototype: true }),
    context_vars: fc.array(fc.stringMatching(/^_?[A-Z][A-Z0-9_]{0,8}$/), { maxLength: 3 }),
    variant: text,
    calibration_preset: text,
    gpus: fc.integer({ min: 1, max: 8 }),
    hf_model_ids: fc.array(text, { minLength: 1, maxLength: 3 }),
    test_file_sha256: sha,
    last_discovered_at: fc.constant('2025-06-01T12:00:00Z'),
    expected_samples: fc.integer({ min: 1, max: 5000 }),
    threshold_file: text,
    threshold_file_sha256: sha,
    sample_counts: fc.record({ total: jsonSource, ok: jsonSource }),
    metrics: fc.dictionary(name, metric, { maxKeys: 3, noNullPrototype: true }),
  },
  {
    requiredKeys: [
      'key',
      'test',
      'title',
      'group',
      'extra_env',
      'context_vars',
      'test_file_sha256',
      'last_discovered_at',
      'metrics',
    ],
  },
);
