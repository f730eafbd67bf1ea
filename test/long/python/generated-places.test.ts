import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { parsePlace } from '../../../src/domain/places/parse-place.ts';
import { replaceLiterals } from '../../../src/python/replace-literals.ts';
import { generatedModule, moduleBytes, type Slot } from '../../python/generated-module.ts';

function edited(bytes: Uint8Array, slots: readonly Slot[]): Buffer {
  const replacements = slots.flatMap(({ place: text, oldText, newText }) => {
    const place = parsePlace(text);
    return place === null ? [] : [{ target: { place, concurrency: null }, oldText, newText }];
  });
  expect(replacements).toHaveLength(slots.length);
  const result = replaceLiterals(bytes, 'x.py', replacements);
  if (result.kind === 'refused') {
    throw new Error(result.reason);
  }
  return Buffer.from(result.bytes);
}

test('of any module, replacing changes the planned tokens alone, and the way back restores the bytes', () => {
  fc.assert(
    fc.property(generatedModule, (sample) => {
      const before = moduleBytes(sample, 'before');
      const once = edited(before, sample.planned);
      expect(once.equals(moduleBytes(sample, 'after'))).toBe(true);
      const back = sample.planned.map(({ place, oldText, newText }) => ({
        place,
        oldText: newText,
        newText: oldText,
      }));
      expect(edited(once, back).equals(before)).toBe(true);
    }),
    { numRuns: 1500 },
  );
});
