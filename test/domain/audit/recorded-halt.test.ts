import { expect, test } from 'vitest';

import { recordedHalt } from '../../../src/domain/audit/recorded-halt.ts';
import { haltDetailLines } from '../../../src/domain/observation/explain-halt.ts';

const at = (...lines: string[]) => lines.map((line) => `2026-04-23T05:00:00Z ${line}\n`).join('');

test.each([
  ['a halt', at('HALT: nova_wer.wer: no such key', 'completeness at HALT: 1/6 stage-runs complete')],
  ['a halt after an earlier one', at('HALT: first', 'resumed', 'HALT: nova_wer.wer: no such key')],
])('tells %s', (_what, log) => {
  expect(recordedHalt(log)).toEqual({ text: 'HALT: nova_wer.wer: no such key' });
});

test('tells key, finding, skipped tests, the end of the log and the steps one by one', () => {
  const facts = {
    config_key: 'metric_sources.test_nova_ci.py.paths.wer',
    found: 'found instead: summary.wer_corpus, summary.wer_mean',
    skipped: ['test_nova (needs 4 GPUs)', 'test_other (no server)'],
    log_tail: ['E   1. no key', '1 failed in 2.0s'],
    steps: ['edit models/nova/config.yaml   # wer', 'calib signal latest resume'],
  };
  const cause = { text: 'nova_wer.wer: no such key', namespace: null, repeat: null, ...facts };
  const log = at(
    'HALT: an earlier one',
    '  config key: an.earlier.one',
    'resumed',
    `HALT: ${cause.text}`,
    ...haltDetailLines(cause),
    'completeness at HALT: 1/6 stage-runs complete',
  );
  expect(recordedHalt(log)).toEqual({ text: 'HALT: nova_wer.wer: no such key', ...facts });
});

test('tells a block', () => {
  expect(recordedHalt(at('BLOCKED: 2 repeat(s) could not be completed'))).toEqual({
    text: 'BLOCKED: 2 repeat(s) could not be completed',
  });
});

test.each([
  ['nothing is logged', ''],
  ['nothing halted', at('Running nova', '[test_nova_ci] run 1/3 ok (61.2s)')],
  ['the session was resumed', at('HALT: x', 'resumed')],
  ['the directory was continued', at('HALT: x', 'resumed on commit abc: 3 repeat(s) are valid')],
  ['the session has ended', at('HALT: x', 'session aborted: by the operator')],
])('tells none where %s', (_what, log) => {
  expect(recordedHalt(log)).toBeNull();
});
