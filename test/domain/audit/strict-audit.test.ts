import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { matrixFromSnapshot } from '../../../src/domain/audit/matrix.ts';
import {
  auditStrict,
  readiness,
  renderStrictAudit,
  strictAuditDocument,
} from '../../../src/domain/audit/strict-audit.ts';
import type { CellFile } from '../../../src/domain/audit/strict.ts';
import { COMMIT, makeSnapshot, makeStage, OTHER_COMMIT, recorded } from './snapshot-fixture.ts';

const stages = [makeStage(), makeStage({ key: 'nova_wer', expected_samples: 5 })];

describe('strict audit', () => {
  test('the data has the fields of the specification in order, then reasons per cell', () => {
    const document = auditStrict(makeSnapshot({ stages, plan: { repeats: 2 } }));
    expect(Object.keys(document)).toEqual([
      'strict_ready',
      'total_stages',
      'repeats',
      'stages',
      'strict_complete',
      'git_provenance',
    ]);
    expect(document.stages[1]).toEqual({
      stage_key: 'nova_wer',
      cells: ['✓', '✓'],
      strict_ok: true,
      expected_samples: 5,
      reasons: ['', ''],
    });
    expect(Object.keys(document.git_provenance)).toEqual([
      'ok',
      'calibration_git_sha',
      'missing_sha',
      'mismatches',
      'reason',
    ]);
  });

  test('a ready session prints its commit, its matrix and READY', () => {
    expect(renderStrictAudit(auditStrict(makeSnapshot({ stages })))).toBe(
      [
        `calibration_git_sha: ${COMMIT}`,
        'GIT PROVENANCE: ok (all artifacts match calibration commit)',
        'nova_accuracy: ✓✓✓ (3/3 strict)',
        'nova_wer: ✓✓✓ (3/3 strict, expected=5)',
        'STRICT READY: 2/2 stages (3 repeats each)',
        'STRICT + GIT: READY',
      ].join('\n'),
    );
  });

  test('gaps are shown in place and READY is not printed', () => {
    const cells = {
      nova_accuracy: [
        recorded({ sample_counts: { total: 5, ok: 2 } }),
        { kind: 'missing' } as const,
        recorded(),
      ],
    };
    expect(
      renderStrictAudit(auditStrict(makeSnapshot({ cells })))
        .split('\n')
        .slice(2),
    ).toEqual(['nova_accuracy: △—✓ (1/3 strict)', 'STRICT READY: 0/1 stages (3 repeats each)']);
  });

  test('good metrics with failed provenance are said to be just that', () => {
    const cells = { nova_accuracy: [recorded(), recorded({ git_sha: OTHER_COMMIT }), recorded()] };
    const lines = renderStrictAudit(auditStrict(makeSnapshot({ cells }))).split('\n');
    expect(lines[1]).toBe('GIT PROVENANCE: FAIL — 1 run(s) recorded on a different commit');
    expect(lines[2]).toBe('  nova_accuracy/run2: artifact 99887766 != calibration ab12cd34');
    expect(lines.at(-1)).toMatch(/^STRICT metrics ok but GIT PROVENANCE failed — /);
  });

  test('the commit line is left out when the plan has none', () => {
    const snapshot = makeSnapshot({ plan: { calibration_git_sha: '', git_sha: '' } });
    expect(renderStrictAudit(auditStrict(snapshot))).toMatch(/^GIT PROVENANCE: FAIL — plan\.json has no/);
  });

  test('cells that a matrix does not hold are not run', () => {
    const matrix = { ...matrixFromSnapshot(makeSnapshot()), repeats: 5 };
    expect(strictAuditDocument(matrix).stages[0]?.cells).toEqual(['✓', '✓', '✓', '—', '—']);
  });

  test('nothing planned is not strict-complete', () => {
    expect(auditStrict(makeSnapshot({ stages: [] })).strict_complete).toBe(false);
  });
});

const anyFile: fc.Arbitrary<CellFile> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(recorded()) },
  fc.constant<CellFile>({ kind: 'missing' }),
  fc.constant<CellFile>({ kind: 'corrupt', error: 'x' }),
  fc.constant(recorded({ metrics: { accuracy: null } })),
  fc.constant(recorded({ metrics: { accuracy: Number.NaN } })),
  fc.constant(recorded({ sample_counts: { total: 5, ok: 1 } })),
  fc.constant(recorded({ sample_counts: { total: 0, ok: 0 } })),
);

test('strict-complete holds exactly when every cell is ✓', () => {
  fc.assert(
    fc.property(fc.array(anyFile, { minLength: 3, maxLength: 3 }), (files) => {
      const document = auditStrict(makeSnapshot({ cells: { nova_accuracy: files } }));
      const symbols = document.stages.flatMap((stage) => stage.cells);
      expect(document.strict_complete).toBe(symbols.every((symbol) => symbol === '✓'));
    }),
  );
});

test('ready holds exactly when all three conditions hold', () => {
  fc.assert(
    fc.property(fc.array(anyFile, { minLength: 3, maxLength: 3 }), fc.boolean(), (files, moved) => {
      const snapshot = makeSnapshot({
        cells: { nova_accuracy: files },
        plan: moved ? { calibration_git_sha: OTHER_COMMIT } : {},
      });
      const state = readiness(snapshot);
      expect(state.ready).toBe(
        state.completeness.complete && state.strict.strict_complete && state.provenance.ok,
      );
    }),
  );
});
