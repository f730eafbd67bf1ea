import { describe, expect, test } from 'vitest';

import {
  extractAppliedChanges,
  insertAppliedChanges,
  renderAppliedChanges,
} from '../../src/report/applied-changes.ts';
import type { AppliedChange } from '../../src/report/applied-changes.ts';

const change: AppliedChange = {
  stage_key: 'mmsu_speed',
  source: "_MMSU_P95['throughput_qps']",
  concurrency: 8,
  file: 'tests/test_mmsu_ci.py',
  old_value: 4.2,
  new_value: 4.31,
  old_text: '4.20',
  new_text: '4.31',
  worst: 'min',
};

const report = '# Report\n\nbody\n\n## Provenance\n\n- Model: x\n';

describe('applied changes (spec 06 §12)', () => {
  test('the section is a table and a list of what was written', () => {
    expect(renderAppliedChanges([change])).toBe(
      [
        '## Applied changes',
        '',
        '| Stage | Metric | Old | New | Direction |',
        '|-------|--------|-----|-----|-----------|',
        "| mmsu_speed | _MMSU_P95[8]['throughput_qps'] | 4.2 | 4.31 | tightens (+2.6%) |",
        '',
        "- `tests/test_mmsu_ci.py:_MMSU_P95[8]['throughput_qps'] = 4.31`",
        '',
        '',
      ].join('\n'),
    );
  });

  test('nothing applied gives no section', () => {
    expect(renderAppliedChanges([])).toBe('');
  });

  test('a lower value of an upper bound tightens with a negative percentage', () => {
    const text = renderAppliedChanges([{ ...change, worst: 'max', old_value: 2, new_value: 1.9 }]);
    expect(text).toContain('| tightens (-5.0%) |');
  });

  test('an old value of 0 has no percentage', () => {
    const text = renderAppliedChanges([
      { ...change, worst: 'max', old_value: 0, new_value: 1, old_text: '0' },
    ]);
    expect(text).toContain('| loosens (n/a) |');
  });

  test('a value stricter than what was observed is marked', () => {
    expect(renderAppliedChanges([{ ...change, stricter_than_observed: true }])).toContain(
      'tightens (+2.6%, stricter than observed)',
    );
  });

  test('it stands immediately before the provenance', () => {
    const section = renderAppliedChanges([change]);
    expect(insertAppliedChanges(report, section)).toContain(`body\n\n${section}## Provenance`);
  });

  test('it is found again, and inserting it twice changes nothing', () => {
    const section = renderAppliedChanges([change]);
    const once = insertAppliedChanges(report, section);
    expect(extractAppliedChanges(once)).toBe(section);
    expect(insertAppliedChanges(once, section)).toBe(once);
  });

  test('a report without it has nothing to keep', () => {
    expect(extractAppliedChanges(report)).toBe('');
  });
});
