import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parsePythonNumber } from '../../src/domain/numbers/python-numbers.ts';
import { parsePlace } from '../../src/domain/places/parse-place.ts';
import { listPlaced, readModulePlaces } from '../../src/python/places/module-places.ts';
import { parseModule } from '../../src/python/parse-module.ts';
import { replaceLiterals } from '../../src/python/replace-literals.ts';
import { generatedModule, moduleBytes, type GeneratedModule, type Slot } from './generated-module.ts';
import { tokensWithPython } from './run-python.ts';

function edited(bytes: Uint8Array, slots: readonly Slot[]): Buffer {
  const replacements = slots.map(({ place: text, oldText, newText }) => {
    const place = parsePlace(text);
    if (place === null) {
      throw new Error(`${text} is no place`);
    }
    return { target: { place, concurrency: null }, oldText, newText };
  });
  const result = replaceLiterals(bytes, 'x.py', replacements);
  if (result.kind === 'refused') {
    throw new Error(result.reason);
  }
  return Buffer.from(result.bytes);
}

function listed(source: string) {
  const parsed = parseModule(source);
  return parsed.kind === 'parsed' ? listPlaced(readModulePlaces(parsed.module)) : [];
}

function checkEdits(sample: GeneratedModule): void {
  const before = moduleBytes(sample, 'before');
  const once = edited(before, sample.planned);
  expect(once.toString()).toBe(moduleBytes(sample, 'after').toString());
  const again = sample.planned.map((slot) => ({ ...slot, oldText: slot.newText }));
  expect(edited(once, again).equals(once)).toBe(true);
  const back = sample.planned.map(({ place, oldText, newText }) => ({
    place,
    oldText: newText,
    newText: oldText,
  }));
  expect(edited(once, back).equals(before)).toBe(true);
}

describe('for any module and any plan', () => {
  test('only the planned tokens change, twice equals once, and the way back restores the bytes', () => {
    fc.assert(fc.property(generatedModule, checkEdits), { numRuns: 40 });
  });

  test('every place is listed once, without an obstacle, at exactly its token', () => {
    fc.assert(
      fc.property(generatedModule, (sample) => {
        const bytes = moduleBytes(sample, 'before');
        const found = listed(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
        for (const { place, oldText } of sample.slots) {
          const matches = found.filter((literal) => literal.place === place);
          expect(matches, place).toHaveLength(1);
          const [match] = matches;
          expect(match?.obstacle, place).toBeNull();
          expect(bytes.subarray(match?.startByte, match?.endByte).toString()).toBe(oldText);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('what is listed without an obstacle can be replaced', () => {
    fc.assert(
      fc.property(generatedModule, (sample) => {
        const bytes = moduleBytes(sample, 'before');
        const found = listed(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
        const free = found.filter(({ obstacle, value }) => obstacle === null && value !== null);
        const slots = free.map(({ place, text }) => ({ place, oldText: text, newText: '7' }));
        expect(edited(bytes, slots).length).toBeGreaterThan(0);
      }),
      { numRuns: 30 },
    );
  });

  test("Python's own parser agrees: one number changed for each planned place, and nothing else", () => {
    const samples = fc.sample(generatedModule, 50);
    const answers = tokensWithPython(
      samples.flatMap((sample) => [
        moduleBytes(sample, 'before'),
        edited(moduleBytes(sample, 'before'), sample.planned),
      ]),
    );
    for (const [index, sample] of samples.entries()) {
      const [old, fresh] = [answers[index * 2], answers[index * 2 + 1]];
      expect(old, moduleBytes(sample, 'before').toString()).not.toBeNull();
      expect(fresh?.shape).toBe(old?.shape);
      const changed = (fresh?.values ?? []).filter((value, at) => value !== old?.values[at]);
      const wanted = sample.planned
        .filter(({ oldText, newText }) => valueOf(oldText) !== valueOf(newText))
        .map(({ newText }) => valueOf(newText));
      expect(changed.sort()).toEqual(wanted.sort());
    }
  });
});

function valueOf(text: string): string {
  const number = parsePythonNumber(text);
  return `${number?.isInteger === true ? 'int' : 'float'} ${number?.value}`;
}
