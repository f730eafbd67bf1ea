import { array, assert, nat, property, stringMatching } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { compareVersions, parseVersion, satisfies } from '../../../src/domain/python-packages/version.ts';

describe('versions as PEP 440 orders them', () => {
  it('sorts development, pre-, final and post-releases', () => {
    const ordered = [
      '1.0.dev1',
      '1.0a1',
      '1.0a2.dev1',
      '1.0a2',
      '1.0b1',
      '1.0rc1',
      '1.0',
      '1.0.post1',
      '1.1',
      '1!0.1',
    ];
    const versions = ordered.map((text) => parseVersion(text)).filter((version) => version !== null);
    const sorted = versions.toReversed().toSorted(compareVersions);
    expect(sorted).toEqual(versions);
    expect(versions).toHaveLength(ordered.length);
  });

  it.each([
    ['1.0', '1.0.0'],
    ['1.0-1', '1.0.post1'],
    ['1.0.alpha', '1.0a0'],
    ['v1.0RC2', '1.0c2'],
    ['1.0+ubuntu-1', '1.0+ubuntu.1'],
  ])('reads %s and %s as one version', (left, right) => {
    expect(parseVersion(left)).toEqual(parseVersion(right));
  });

  it.each(['', 'main', '1.x', '1.0+', '1..0'])('does not take "%s" for a version', (text) => {
    expect(parseVersion(text)).toBeNull();
  });

  it.each([
    ['2.11.0+cu130', '==', '2.11.0', true],
    ['2.11.0', '==', '2.11.0+cu130', false],
    ['2.11.3', '==', '2.11.*', true],
    ['2.11.3', '!=', '2.11.*', false],
    ['3.9', '<', '3.11', true],
    ['3.11.4', '>=', '3.11', true],
    ['2.2.5', '~=', '2.2', true],
    ['3.0', '~=', '2.2', false],
    ['2.2.1', '~=', '2.2.2', false],
    ['1.0', '===', '1.0.0', false],
    ['linux', '==', '1', null],
  ])('finds that %s %s %s is %s', (text, operator, version, expected) => {
    expect(satisfies(text, { operator, version })).toBe(expected);
  });

  it('finds every release equal to itself whatever local suffix it has', () => {
    const release = array(nat(99), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'));
    const suffix = stringMatching(/^[a-z0-9]{1,6}$/);
    assert(
      property(release, suffix, (version, local) => {
        expect(satisfies(`${version}+${local}`, { operator: '==', version })).toBe(true);
      }),
    );
  });
});
