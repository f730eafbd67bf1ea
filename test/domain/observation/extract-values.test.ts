import { expect, test } from 'vitest';

import {
  GOOD_DOCUMENT,
  RESULT_FILE,
  extractionFrom,
  extractionWithoutFile,
  makeDocsStage,
  makeStage,
  metricAt,
} from './stage-fixture.ts';

test('reads metrics in catalog order and both counts', () => {
  const extraction = extractionFrom(makeStage(), GOOD_DOCUMENT);

  expect(Object.entries(extraction.metrics)).toEqual([
    ['throughput_qps', 4.5],
    ['rtf_mean', 0.25],
  ]);
  expect(extraction.sample_counts).toEqual({ total: 20, ok: 20 });
  expect(extraction.why).toEqual({});
});

test('names file and path and what there is instead for a metric that is not there', () => {
  const extraction = extractionFrom(makeStage(), { ...GOOD_DOCUMENT, speed: { qps: 4.5, rtf_mean: 0.25 } });

  expect(extraction.metrics).toEqual({ throughput_qps: 4.5, rtf_mean: null });
  expect(extraction.why).toEqual({
    rtf_mean: `${RESULT_FILE}::speed.rtf: speed has no key "rtf"; there is: speed.rtf_mean, speed.qps`,
  });
});

test('keeps the parts of a problem for the cause of a HALT', () => {
  const extraction = extractionFrom(makeStage(), { summary: GOOD_DOCUMENT.summary, speed: { qps: 1 } });

  expect(extraction.problems['rtf_mean']).toMatchObject({
    kind: 'path_missing',
    file: RESULT_FILE,
    path: 'speed.rtf',
    nearest: ['speed.qps'],
  });
});

test('gives the same reason for everything that a missing file would have held', () => {
  const extraction = extractionWithoutFile(makeStage());

  expect(extraction.why).toEqual({
    throughput_qps: `${RESULT_FILE}: the file does not exist`,
    rtf_mean: `${RESULT_FILE}: the file does not exist`,
    'sample_counts.total': `${RESULT_FILE}: the file does not exist`,
    'sample_counts.ok': `${RESULT_FILE}: the file does not exist`,
  });
});

test('says when stages.yaml configures no place for a metric', () => {
  const extraction = extractionFrom(makeStage({ metrics: { wer: metricAt(null) } }), GOOD_DOCUMENT);

  expect(extraction.why).toEqual({ wer: 'no json_file/json_path in stages.yaml' });
});

test('wants nothing of a docs stage', () => {
  expect(extractionFrom(makeDocsStage(), {})).toEqual({
    metrics: {},
    sample_counts: { total: null, ok: null },
    why: {},
    problems: {},
    result_files: [],
  });
});

test('lists a result file once, however many values it holds', () => {
  expect(extractionFrom(makeStage(), GOOD_DOCUMENT).result_files).toHaveLength(1);
});
