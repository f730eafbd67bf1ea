import { describe, expect, test } from 'vitest';

import {
  extractAppliedChanges,
  insertAppliedChanges,
  renderAppliedChanges,
} from '../../src/report/applied-changes.ts';
import type { AppliedChange } from '../../src/domain/apply/applied-document.ts';
import { makeApplied, makeChange } from '../domain/apply/applied-fixture.ts';
import { renderReports } from '../../src/report/render-reports.ts';
import { makeFacts } from './report-fixture.ts';

function rendered(overrides: Partial<AppliedChange> = {}): string {
  return renderAppliedChanges(makeApplied({ changes: [makeChange(overrides)] }));
}

const report = '# Report\n\nbody\n\n## Provenance\n\n- Model: x\n';

describe('applied changes', () => {
  test('the section is a table and a list of what was written', () => {
    expect(rendered()).toBe(
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
    expect(renderAppliedChanges(makeApplied({ changes: [] }))).toBe('');
  });

  test('a lower value of an upper bound tightens with a negative percentage', () => {
    const text = rendered({ worst: 'max', old_value: 2, new_value: 1.9 });
    expect(text).toContain('| tightens (-5.0%) |');
  });

  test('an old value of 0 has no percentage', () => {
    const text = rendered({ worst: 'max', old_value: 0, new_value: 1, old_text: '0' });
    expect(text).toContain('| loosens (n/a) |');
  });

  test('a value stricter than what was observed is marked', () => {
    expect(rendered({ custom: true, stricter_than_observed: true })).toContain(
      'tightens (+2.6%, custom, stricter than observed)',
    );
  });

  test('a number of the operator is marked', () => {
    expect(rendered({ custom: true })).toContain('tightens (+2.6%, custom)');
  });

  test('one literal of two metrics has two rows and is listed once', () => {
    const text = renderAppliedChanges(
      makeApplied({ changes: [makeChange(), makeChange({ stage_key: 'mmsu_stream_speed' })] }),
    );
    expect(text.match(/^\| mmsu_/gm)).toHaveLength(2);
    expect(text.match(/^- /gm)).toHaveLength(1);
  });

  test('what the check afterwards found stands below the list', () => {
    const check = { ok: false, at: '2026-04-23T07:00:05Z', stages_yaml: null, lines: ['one\n two'] };
    expect(renderAppliedChanges(makeApplied({ check }))).toContain(
      '\n\nCheck after applying (2026-04-23T07:00:05Z): **not passed**\n\n- one; two\n\n',
    );
  });

  test('an undone apply says so', () => {
    const undone = { at: '2026-04-23T08:00:00Z', check: null };
    expect(renderAppliedChanges(makeApplied({ undone }))).toContain(
      '> **Undone** at 2026-04-23T08:00:00Z: the files hold the old literals again.\n\n',
    );
  });

  test('both reports show what applied.json says, whatever the report before them said', () => {
    const previous = insertAppliedChanges(report, rendered({ stage_key: 'of_before' }));
    const result = renderReports(makeFacts({ applied: makeApplied() }), previous);
    expect(result).toMatchObject({
      kind: 'rendered',
      markdown: expect.stringContaining(`\n\n${rendered()}## Provenance`),
      html: expect.stringMatching(/<h2>Applied changes<\/h2>[\s\S]*<td>mmsu_speed<\/td>/),
    });
    expect(JSON.stringify(result)).not.toContain('of_before');
  });

  test('a directory without applied.json keeps the section of its report', () => {
    const previous = insertAppliedChanges(report, rendered({ stage_key: 'of_before' }));
    const result = renderReports(makeFacts(), previous);
    expect(result).toMatchObject({ markdown: expect.stringContaining('| of_before |') });
  });

  test('it stands immediately before the provenance', () => {
    const section = rendered();
    expect(insertAppliedChanges(report, section)).toContain(`body\n\n${section}## Provenance`);
  });

  test('it is found again, and inserting it twice changes nothing', () => {
    const section = rendered();
    const once = insertAppliedChanges(report, section);
    expect(extractAppliedChanges(once)).toBe(section);
    expect(insertAppliedChanges(once, section)).toBe(once);
  });

  test('a report without it has nothing to keep', () => {
    expect(extractAppliedChanges(report)).toBe('');
  });
});
