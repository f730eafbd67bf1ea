import { expect, test } from 'vitest';

import { nearestNames } from '../../../src/domain/observation/parse-result-json.ts';

test('puts a misspelt name first', () => {
  expect(nearestNames('latency_maen_s', ['rtf', 'latency_mean_s', 'qps'])[0]).toBe('latency_mean_s');
});

test('counts a name that is part of the other as kin', () => {
  expect(nearestNames('wer', ['abc', 'corpus_wer'])[0]).toBe('corpus_wer');
});

test('shows at most five names, in their own order where they are equally unlike', () => {
  expect(nearestNames('q', ['aa', 'bb', 'cc', 'dd', 'ee', 'ff'])).toEqual(['aa', 'bb', 'cc', 'dd', 'ee']);
});

test('has nothing to show where nothing exists', () => {
  expect(nearestNames('wer', [])).toEqual([]);
});
