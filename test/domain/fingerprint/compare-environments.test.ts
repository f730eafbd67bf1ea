import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  compareEnvironments,
  differenceText,
  identityDifferenceLines,
} from '../../../src/domain/fingerprint/compare.ts';
import {
  environmentFacts,
  type EnvironmentFacts,
  fingerprintFields,
  identityText,
} from '../../../src/domain/fingerprint/environment.ts';
import { environments } from './environment-arbitrary.ts';

type Known = Parameters<typeof environmentFacts>[0];
const compare = (a: Known, b: Known) => compareEnvironments(environmentFacts(a), environmentFacts(b));

describe('two environments', () => {
  test('are equal when they are the same one', () => {
    fc.assert(
      fc.property(environments, (one) => {
        const { equal, differences, unknown } = compareEnvironments(one, structuredClone(one));
        expect({ equal, differences, unknown }).toEqual({ equal: true, differences: [], unknown: [] });
      }),
    );
  });

  test('differ by the same, whichever is named first', () => {
    fc.assert(
      fc.property(environments, environments, (one, other) => {
        const [there, back] = [compareEnvironments(one, other), compareEnvironments(other, one)];
        expect(back.differences.map(({ a, b, ...rest }) => ({ ...rest, a: b, b: a }))).toEqual(
          there.differences,
        );
        expect([back.equal, back.compared]).toEqual([there.equal, there.compared]);
        expect(back.unknown.map(({ field }) => field)).toEqual(there.unknown.map(({ field }) => field));
      }),
    );
  });

  test('have two identity texts when they differ in identity', () => {
    fc.assert(
      fc.property(environments, environments, (one, other) => {
        const { equal } = compareEnvironments(one, other);
        expect(equal || identityText(one) !== identityText(other)).toBe(true);
      }),
    );
  });

  test('have one identity text whatever their context', () => {
    const contextOf = (facts: EnvironmentFacts) =>
      Object.fromEntries(
        fingerprintFields.flatMap(({ name, class: kind }) =>
          kind === 'context' ? [[name, facts[name]]] : [],
        ),
      );
    fc.assert(
      fc.property(environments, environments, (one, other) => {
        const elsewhere = { ...one, ...contextOf(other) };
        expect(identityText(elsewhere)).toBe(identityText(one));
        expect(compareEnvironments(one, elsewhere).equal).toBe(true);
      }),
    );
  });

  test('have one identity text whatever the order of their keys', () => {
    const [one, other] = [
      { torch: '1', numpy: '2' },
      { numpy: '2', torch: '1' },
    ];
    expect(identityText(environmentFacts({ packages: one }))).toBe(
      identityText(environmentFacts({ packages: other })),
    );
  });

  test('are told apart identity first, in the order of the table', () => {
    const { equal, differences } = compare(
      { hostname: 'a', driver: '550.54', gpu_models: ['NVIDIA H20'] },
      { hostname: 'b', driver: '590.10', gpu_models: ['NVIDIA L40'] },
    );
    expect([equal, differences.map(({ field }) => field)]).toEqual([
      false,
      ['gpu_models', 'driver', 'hostname'],
    ]);
  });

  test.each([
    ['another host of the same kind', { hostname: 'b', kernel: '6.1', memory_mib: 2 }],
    [
      'other GPUs of the same kind',
      { gpus: [{ index: 0, name: 'NVIDIA H20', memory_mib: 97_871, uuid: 'GPU-b' }] },
    ],
    ['another commit', { git_sha: 'b'.repeat(40), stages_yaml_sha256: 'b' }],
  ])('do not differ in identity on %s', (_what, other) => {
    const mine = { index: 0, name: 'NVIDIA H20', memory_mib: 97_871, uuid: 'GPU-a' };
    const { equal, differences } = compare(
      {
        hostname: 'a',
        kernel: '5.15',
        memory_mib: 1,
        gpus: [mine],
        git_sha: 'a'.repeat(40),
        stages_yaml_sha256: 'a',
      },
      other,
    );
    expect([equal, differences.length > 0]).toEqual([true, true]);
  });

  test('do not differ by what one of them does not know', () => {
    expect(compare({ driver: '550.54', python: '3.11.7' }, { python: '3.11.7' })).toEqual({
      equal: true,
      compared: ['python'],
      differences: [],
      unknown: [{ field: 'driver', class: 'identity', known_in: 'a' }],
    });
  });

  test('do not differ by a package that one of them was not asked for', () => {
    expect(compare({ packages: { torch: '1' } }, { packages: { torch: '1', sglang: '2' } }).equal).toBe(true);
  });

  test.each([
    [{ 'model acme/m': 'a1' }, { 'model acme/m': 'b2' }, false],
    [{ 'model acme/m': 'a1' }, { 'model acme/m': 'a1', 'dataset acme/d': 'c3' }, true],
  ])('with hub commits %j and %j are equal: %s', (a, b, equal) => {
    expect(compare({ revisions: a }, { revisions: b }).equal).toBe(equal);
  });

  test('differ by a package that is not installed in one of them', () => {
    expect(compare({ packages: { torch: null } }, { packages: { torch: '1' } }).equal).toBe(false);
  });

  test.each([
    ['2.11.0', '2.11.0+cu130', true],
    ['2.11.0+cu126', '2.11.0+cu130', false],
    ['2.11.0', '2.11.1+cu130', false],
  ])('with torch %s and %s are equal: %s', (a, b, equal) => {
    expect(compare({ packages: { torch: a } }, { packages: { torch: b } }).equal).toBe(equal);
  });

  test('differ by a variable that is set in one of them only', () => {
    const comparison = compare({ variables: {} }, { variables: { HF_HUB_OFFLINE: '1' } });
    expect(identityDifferenceLines(comparison)).toEqual(['variables.HF_HUB_OFFLINE: not set → 1']);
  });

  test('differ by having GPUs at all', () => {
    expect(identityDifferenceLines(compare({ gpu_models: [] }, { gpu_models: ['NVIDIA H20'] }))).toEqual([
      'gpu_models: empty → NVIDIA H20',
    ]);
  });
});

describe('what a difference says', () => {
  test('names the packages behind the hash over all of them', () => {
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`p${index}`, '1']));
    const comparison = compare(
      { distributions_sha256: 'a', distributions: { numpy: '1.26.4', same: '1' } },
      { distributions_sha256: 'b', distributions: { numpy: '2.0.1', same: '1', ...many } },
    );
    expect(identityDifferenceLines(comparison)).toEqual([
      expect.stringMatching(
        /^installed distributions: numpy: 1\.26\.4 → 2\.0\.1, p0: not installed → 1, .* and 2 more$/,
      ),
    ]);
  });

  test('is one line, whatever a variable holds', () => {
    const difference = { field: 'places', class: 'context', key: 'A', a: 'x\n# y', b: null } as const;
    expect(differenceText(difference)).toBe('places.A: x # y → not set');
  });
});

test('every field of the document is in the table once, with a sentence', () => {
  expect(fingerprintFields.map(({ name }) => name).sort()).toEqual(Object.keys(environmentFacts()).sort());
  expect(fingerprintFields.filter(({ means }) => !means.endsWith('.'))).toEqual([]);
});
