import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { firstIssue, messageOf } from '../../src/domain/text.ts';

function textOf(schema: z.ZodType, value: unknown): string {
  const { error } = schema.safeParse(value);
  return error === undefined ? 'valid' : firstIssue(error);
}

const shape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('pause') }),
  z.object({ kind: z.literal('abort') }),
]);

describe('what is wrong with a document, in words for people', () => {
  test.each<[string, z.ZodType, unknown, string]>([
    ['a missing key', z.object({ a: z.string() }), {}, 'a: must be a text, found nothing'],
    ['another type', z.object({ a: z.boolean() }), { a: [] }, 'a: must be true or false, found a list'],
    ['a fraction', z.int(), 2.5, 'document: must be a whole number, found another number'],
    ['no number', z.number(), Number.NaN, 'document: must be a number, found NaN'],
    ['a short text', z.string().min(1), '', 'document: must have at least 1 characters'],
    ['a long list', z.array(z.int()).max(1), [1, 2], 'document: must have at most 1 entries'],
    ['a small number', z.number().min(1), 0, 'document: must be at least 1'],
    ['zero', z.number().positive(), 0, 'document: must be above 0'],
    ['a large number', z.number().lt(5), 7, 'document: must be below 5'],
    ['another choice', z.enum(['smart', 'full']), 'all', 'document: must be one of "smart"|"full"'],
    ['another constant', z.literal('calib.x/1'), 'x', 'document: must be "calib.x/1"'],
    ['another kind', shape, { kind: 'stop' }, 'kind: must be one of "pause"|"abort"'],
    [
      'no member of a union',
      z.union([z.string(), z.number()]),
      true,
      'document: must be a text, found true or false, or must be a number, found true or false',
    ],
    ['an unknown key', z.strictObject({}), { b: 1 }, 'document: has unknown keys: b'],
    ['another form', z.string().regex(/^a/), 'b', 'document: is not of the form wanted here'],
    ['no time', z.iso.datetime(), 'x', 'document: must be a time such as 2026-04-23T05:00:00Z'],
    [
      'a name',
      z.record(z.string().regex(/^a/), z.int()),
      { b: 1 },
      'b: the name "b" is not of the form wanted here',
    ],
    ['a multiple', z.number().multipleOf(2), 3, 'document: must be a multiple of 2'],
    ['the phrase of a schema', z.string({ error: 'a file name' }), 1, 'document: a file name'],
    ['the phrase of a rule', z.string().refine(() => false, 'ends in .py'), 'x', 'document: ends in .py'],
    ['a rule without a phrase', z.string().refine(() => false), 'x', 'document: is not valid'],
  ])('%s', (_title, schema, value, text) => {
    expect(textOf(schema, value)).toBe(text);
  });

  test('a choice among many is cut', () => {
    const text = textOf(z.enum(Array.from({ length: 500 }, (_, index) => `choice-${index}`)), 'x');
    expect(text).toContain('choice-11"|… (500 in all)');
    expect(text.length).toBeLessThan(250);
  });

  test('a validation that threw is told in the same words, not as the dump that is its message', () => {
    const failure = (() => {
      try {
        return z.object({ repeats: z.int().max(100) }).parse({ repeats: 101 });
      } catch (error) {
        return error;
      }
    })();
    expect(messageOf(failure)).toBe('repeats: must be at most 100');
    expect(messageOf(new Error('plain'))).toBe('plain');
    expect(messageOf('thrown text')).toBe('thrown text');
  });
});
