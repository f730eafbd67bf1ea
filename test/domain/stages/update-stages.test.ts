import { describe, expect, test } from 'vitest';

import { areSameStages, diffStages, replaceStageBlock } from '../../../src/domain/stages/update-stages.ts';
import { renderStagesYaml } from '../../../src/domain/stages/stages-yaml.ts';
import { sampleStage } from './sample-stage.ts';

const later = '2026-01-01T00:00:00Z';
const [a, b, c] = ['a', 'b', 'c'].map((key) => sampleStage({ key })) as [
  ReturnType<typeof sampleStage>,
  ReturnType<typeof sampleStage>,
  ReturnType<typeof sampleStage>,
];

describe('times of discovery', () => {
  test('alone are no difference', () => {
    expect(areSameStages([a, b], [a, { ...b, last_discovered_at: later }])).toBe(true);
    expect(diffStages([a], [{ ...a, last_discovered_at: later }])).toEqual([]);
  });

  test('another order is a difference', () => {
    expect(areSameStages([a, b], [b, a])).toBe(false);
    expect(diffStages([a, b], [b, a])).toEqual(['~ the order of the stages']);
  });
});

describe('diffStages', () => {
  test('names new, removed and changed stages with the lines that differ', () => {
    const changed = { ...b, expected_samples: 30, title: 'New', last_discovered_at: later };
    expect(diffStages([a, b], [changed, c])).toEqual([
      '~ b',
      '    - title: "CHART Accuracy"',
      '    + title: "New"',
      '    + expected_samples: 30',
      '+ c (new stage of tests/test_chart_ci.py)',
      '- a (no longer discovered in tests/test_chart_ci.py)',
    ]);
  });

  test('says under which metric a line differs', () => {
    const metric = { ...a.metrics['accuracy'], status: 'NEEDS_CONFIG' as const };
    const changed = { ...a, metrics: { accuracy: { ...sampleStage().metrics['accuracy'], ...metric } } };
    expect(diffStages([a], [changed as typeof a])).toEqual([
      '~ a',
      '    - metrics.accuracy.status: OK',
      '    + metrics.accuracy.status: NEEDS_CONFIG',
    ]);
  });
});

describe('replaceStageBlock', () => {
  const text = renderStagesYaml([a, b, c]);
  const newB = { ...b, expected_samples: 30 };

  test.each(['\n', '\r\n'])(
    'updates one block in place and leaves every other byte alone (line end %j)',
    (end) => {
      const file = text.replace('b:\n', '# by hand\nb:\n').replaceAll('\n', end);
      const updated = replaceStageBlock({ text: file, key: 'b', discovered: [a, newB, c] });
      const [before, after] = [file.indexOf(`b:${end}`), file.indexOf(`${end}c:${end}`)];
      expect(updated.startsWith(file.slice(0, before))).toBe(true);
      expect(updated.endsWith(file.slice(after))).toBe(true);
      expect(updated).toContain('expected_samples: 30');
    },
  );

  test('gives what a full write would give', () => {
    for (const [key, index] of [
      ['a', 0],
      ['b', 1],
      ['c', 2],
    ] as const) {
      const discovered = [a, b, c].map((stage, at) =>
        at === index ? { ...stage, expected_samples: 9 } : stage,
      );
      expect(replaceStageBlock({ text, key, discovered })).toBe(renderStagesYaml(discovered));
    }
  });

  test('puts a new stage behind the one that precedes it in discovery', () => {
    const file = renderStagesYaml([a, c]);
    expect(replaceStageBlock({ text: file, key: 'b', discovered: [a, b, c] })).toBe(text);
  });

  test('puts a new first stage in front', () => {
    const file = renderStagesYaml([b, c]);
    expect(replaceStageBlock({ text: file, key: 'a', discovered: [a, b, c] })).toBe(text);
  });

  test('refuses an unknown key and names the known ones', () => {
    expect(() => replaceStageBlock({ text, key: 'x', discovered: [a, b] })).toThrow('valid: a, b');
  });
});
