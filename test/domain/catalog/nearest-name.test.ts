import { describe, expect, it } from 'vitest';

import { nearestName } from '../../../src/domain/catalog/names.ts';

describe('nearestName', () => {
  it('finds a name with a transposed pair of letters', () => {
    expect(nearestName('mmum', ['mmsu', 'mmmu'])).toBe('mmmu');
  });

  it('finds a name by its beginning', () => {
    expect(nearestName('videoamme_t', ['videoamme_talker_tp2'])).toBe('videoamme_talker_tp2');
  });

  it('ignores case', () => {
    expect(nearestName('TTS', ['tts', 'asr'])).toBe('tts');
  });

  it('finds nothing in a distant name', () => {
    expect(nearestName('frobnicate', ['tts', 'mmmu'])).toBeNull();
  });
});
