import { expect, test } from 'vitest';

import { locateLiteral } from '../../src/python/locate-literal.ts';
import { parsePlace } from '../../src/domain/places/parse-place.ts';

function found(source: string, text: string): string {
  const place = parsePlace(text);
  if (place === null) throw new Error(`${text} is no place`);
  const literal = locateLiteral(source, { place, concurrency: null });
  return literal.kind === 'found' ? literal.text : literal.reason;
}

test('names the branches of one statement, however deep, by their order', () => {
  const source =
    'if D:\n    if E:\n        X = 1\n    else:\n        X = 2\nelif F:\n    X = 3\nelif G:\n    X = 4\nelse:\n    X = 5\n';
  const places = ['X@if@if', 'X@if@else', 'X@elif', 'X@elif2', 'X@else'];
  expect(places.map((place) => found(source, place))).toEqual(['1', '2', '3', '4', '5']);
});

test.each([
  ['before', 'if D:\n    X = 1\n    if E:\n        X = 2\n'],
  ['after', 'if D:\n    if E:\n        X = 2\n    X = 1\n'],
])('has no certain value where a branch gives one %s a further condition of its own', (_when, source) => {
  expect(found(source, 'X@if')).toBe('X is assigned conditionally');
  expect(found(source, 'X@if@if')).toBe('X is assigned conditionally');
});
