import { expect, test } from 'vitest';

import { displayTitle } from '../../../src/domain/report/display-title.ts';

test.each([
  ['MMSU Wer', 'MMSU WER'],
  ['Wer', 'WER'],
  ['TTS MOSS NONSTREAM Speed', 'TTS MOSS NONSTREAM Speed'],
  ['Wer ist da', 'Wer ist da'],
  ['Answer', 'Answer'],
])('%s is shown as %s', (title, shown) => {
  expect(displayTitle(title)).toBe(shown);
});
