import { describe, expect, test } from 'vitest';

import { completenessDocument, matrixFromSnapshot } from '../../../src/domain/audit/matrix.ts';
import type { CellFile, RunSnapshot } from '../../../src/domain/audit/strict.ts';
import type { StageDefinition } from '../../../src/domain/stages/stage.ts';
import {
  COMMIT,
  makeDocsStage,
  makeMetric,
  makeObservation,
  makeSnapshot,
  makeStage,
  OTHER_COMMIT,
  recorded,
} from './snapshot-fixture.ts';

const completenessOf = (snapshot: RunSnapshot) => completenessDocument(matrixFromSnapshot(snapshot));

function reasonOf(file: CellFile, stage: StageDefinition = makeStage()): string | undefined {
  const snapshot = makeSnapshot({ stages: [stage], cells: { [stage.key]: [file] }, plan: { repeats: 1 } });
  return completenessOf(snapshot).missing[0]?.reason;
}

describe('completeness', () => {
  test('the document has the fields of the specification in order', () => {
    const document = completenessOf(makeSnapshot());
    expect(Object.keys(document)).toEqual([
      'complete',
      'ok',
      'total',
      'missing_count',
      'missing',
      'repeats',
      'model',
    ]);
    expect(document).toMatchObject({
      complete: true,
      ok: 3,
      total: 3,
      missing: [],
      repeats: 3,
      model: 'nova-v1',
    });
  });

  test('missing runs are listed by stage and k', () => {
    const cells = { nova_accuracy: [recorded(), { kind: 'missing' } as const, recorded()] };
    expect(completenessOf(makeSnapshot({ cells }))).toMatchObject({
      complete: false,
      ok: 2,
      missing_count: 1,
      missing: [{ stage_key: 'nova_accuracy', run: 2, reason: 'missing file' }],
    });
  });

  test.each([
    ['a corrupt file', { kind: 'corrupt', error: 'truncated' } as const, 'corrupt json'],
    ['partial samples', recorded({ sample_counts: { total: 5, ok: 4 } }), 'partial samples (4/5)'],
    ['missing metrics', recorded({ metrics: { accuracy: null } }), 'metrics missing: accuracy'],
    ['another commit', recorded({ git_sha: OTHER_COMMIT }), 'recorded on another commit'],
    ['no commit', recorded({ git_sha: '' }), 'recorded without a commit'],
  ])('%s gives an honest reason', (_case, file, reason) => {
    expect(reasonOf(file)).toBe(reason);
  });

  test('a total that differs from the expected one is named first, also when the repeat is partial', () => {
    const file = recorded({ sample_counts: { total: 3, ok: 2 } });
    expect(reasonOf(file, makeStage({ expected_samples: 5 }))).toBe(
      'sample scope mismatch (total 3 != expected 5)',
    );
  });

  test('an edited or uncommitted record is not valid', () => {
    const observation = makeObservation();
    expect(reasonOf({ kind: 'recorded', observation, integrity: 'edited' })).toContain('edited');
    expect(reasonOf({ kind: 'recorded', observation, integrity: 'uncommitted' })).toContain('uncommitted');
  });

  test('a metric without a configured path is not asked for', () => {
    const stage = makeStage({
      metrics: { accuracy: makeMetric(), rtf_mean: makeMetric({ json_path: null, json_file: null }) },
    });
    expect(reasonOf(recorded({ metrics: { accuracy: 0.5, rtf_mean: null } }), stage)).toBeUndefined();
  });

  test('counts that are not configured are not compared', () => {
    const none = { json_file: null, json_path: null };
    const stage = makeStage({ sample_counts: { total: none, ok: none } });
    expect(reasonOf(recorded({ sample_counts: { total: null, ok: null } }), stage)).toBeUndefined();
  });

  test('a docs stage is valid by its status', () => {
    expect(reasonOf(recorded({ metrics: {} }), makeDocsStage())).toBeUndefined();
    expect(reasonOf(recorded({ metrics: {}, status: 'failed', reason: 'exit 1' }), makeDocsStage())).toBe(
      'exit 1',
    );
  });

  test('nothing planned is not complete', () => {
    expect(completenessOf(makeSnapshot({ stages: [] })).complete).toBe(false);
  });

  test('a matrix that only holds strict cells counts ✓ as valid and gives their reasons', () => {
    const document = completenessDocument({
      model: 'nova-v1',
      repeats: 2,
      calibration_git_sha: COMMIT,
      stages: [
        {
          stage_key: 'nova_accuracy',
          expected_samples: null,
          cells: [
            { symbol: '✓', reason: '' },
            { symbol: '△', reason: 'partial samples (1/2)' },
          ],
        },
      ],
      provenance: { missing_sha: [], mismatches: [] },
    });
    expect(document.missing).toEqual([
      { stage_key: 'nova_accuracy', run: 2, reason: 'partial samples (1/2)' },
    ]);
  });
});
