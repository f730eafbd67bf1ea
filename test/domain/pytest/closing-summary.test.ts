import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ClosingSummary } from '../../../src/domain/pytest/closing-summary.ts';

const BEGIN = '============================= test session starts ==============================\n';
const TEST = 'tests/test_oak_ci.py::test_oak PASSED\n';
const END = '============================== 1 passed in 0.12s ===============================\n';

const isClosed = (...pieces: string[]) => {
  const summary = new ClosingSummary();
  for (const piece of pieces) summary.push(piece);
  return summary.isClosed;
};

describe("pytest's closing summary", () => {
  it.each([
    ['a pass', END],
    ['failures', '==== 1 failed, 2 passed, 3 warnings in 63.21s (0:01:03) ====\n'],
    ['errors', '=== 1 error in 0.12s ===\n'],
    [
      'colours',
      '\u001b[32m====== \u001b[32m\u001b[1m1 passed\u001b[0m\u001b[32m in 0.12s\u001b[0m\u001b[32m ======\u001b[0m\n',
    ],
    ['an old release', '=== 1 passed in 0.12 seconds ===\n'],
    ['a carriage return', END.replace('\n', '\r\n')],
  ])('is seen: %s', (_case, line) => {
    expect(isClosed(BEGIN, TEST, line)).toBe(true);
  });

  it.each([
    ['while tests run', [BEGIN, TEST]],
    ['in the middle of a line', [BEGIN, TEST, `says ${END}`]],
    ['before its line has ended', [BEGIN, TEST, END.trimEnd()]],
    ['in a line of a benchmark', [BEGIN, TEST, '10 requests in 3.2s\n']],
    ['of a session inside a test', [BEGIN, TEST, BEGIN, TEST, END]],
    ['of a quiet session inside a test', [BEGIN, TEST, '1 passed in 0.12s\n']],
    ['when another test is announced afterwards', [BEGIN, TEST, END, TEST]],
  ])('is not seen %s', (_case, pieces) => {
    expect(isClosed(...pieces)).toBe(false);
  });

  it('is seen after that of a session inside a test', () => {
    expect(isClosed(BEGIN, TEST, BEGIN, TEST, END, END)).toBe(true);
  });

  it('is seen without bars where pytest is quiet', () => {
    expect(isClosed('.\n', '1 passed in 0.12s\n')).toBe(true);
  });

  it('stays seen while a server shuts down', () => {
    expect(isClosed(BEGIN, TEST, END, 'INFO: Shutting down in 3 s\n', 'x'.repeat(5000))).toBe(true);
  });

  it('does not depend on how the log is cut', () => {
    const log = `${BEGIN}${TEST}${'noise '.repeat(200)}\n${END}INFO: bye\n`;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: log.length }), { maxLength: 20 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), log.length];
        const pieces = at.slice(1).map((end, index) => log.slice(at[index], end));
        expect(isClosed(...pieces)).toBe(true);
      }),
    );
  });
});
