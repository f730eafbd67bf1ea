import { describe, expect, it } from 'vitest';

import { environmentFacts } from '../../../src/domain/fingerprint/environment.ts';
import { proveEnvironment } from '../../../src/domain/pool/pool.ts';

const standard = environmentFacts({ driver: '590.10', python: '3.12.3', hostname: 'h20-1' });

describe('proveEnvironment', () => {
  it('accepts the same identity on a host of another name', () => {
    const here = { ...standard, hostname: 'h20-2' };
    expect(proveEnvironment(standard, here)).toEqual({ reasons: [], notes: [] });
  });

  it('says each difference, the home host first', () => {
    const here = { ...standard, driver: '550.54', python: '3.11.9' };
    expect(proveEnvironment(standard, here).reasons).toEqual([
      'driver: 590.10 → 550.54',
      'python: 3.12.3 → 3.11.9',
    ]);
  });

  it('does not take what cannot be read here for the same', () => {
    expect(proveEnvironment(standard, { ...standard, driver: null }).reasons).toEqual([
      'driver: recorded on the home host, cannot be read here',
    ]);
  });

  it('only notes what the home host does not know', () => {
    expect(proveEnvironment(standard, { ...standard, image_digest: 'sha256:aa' })).toEqual({
      reasons: [],
      notes: ['image_digest is not known of the home host, so not compared'],
    });
  });
});
