import { expect, test } from 'vitest';

import { recordedHalt } from '../../../src/domain/audit/status-document.ts';

const at = (...lines: string[]) => lines.map((line) => `2026-04-23T05:00:00Z ${line}\n`).join('');

test.each([
  ['a halt', at('HALT: nova_wer.wer: no such key', 'completeness at HALT: 1/6 stage-runs complete')],
  ['a halt after an earlier one', at('HALT: first', 'resumed', 'HALT: nova_wer.wer: no such key')],
])('tells %s', (_what, log) => {
  expect(recordedHalt(log)).toEqual({ text: 'HALT: nova_wer.wer: no such key' });
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
