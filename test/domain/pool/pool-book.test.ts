import { describe, expect, test } from 'vitest';

import { environmentFacts } from '../../../src/domain/fingerprint/environment.ts';
import {
  forgetRefused,
  hostOfLane,
  type JoinOutcome,
  knownHosts,
  newPoolState,
  poolLanes,
  takeJoin,
} from '../../../src/domain/pool/pool.ts';

const now = '2026-04-23T05:00:00Z';
const standard = { environment: environmentFacts(), stages_yaml_sha256: 'cafe' };

function joined(host: string, more: Partial<Extract<JoinOutcome, { kind: 'joined' }>> = {}): JoinOutcome {
  return { kind: 'joined', host, run_dir: `/srv/${host}`, lanes: [], slots: 1, gpus: 4, notes: [], ...more };
}

describe('the book of a pool', () => {
  test('names the lanes of its hosts as their records do', () => {
    const book = newPoolState(standard);
    takeJoin(book, joined('gpu-2', { lanes: [{ name: 'left', gpus: [0, 1], cpus: '0-3' }] }), now);
    takeJoin(book, joined('gpu-1', { slots: 2 }), now);
    expect(poolLanes(book)).toEqual([
      { name: 'gpu-1/slot0', gpus: [], any_gpus: 4 },
      { name: 'gpu-1/slot1', gpus: [], any_gpus: 4 },
      { name: 'gpu-2/left', gpus: [0, 1], cpus: '0-3' },
    ]);
    expect(hostOfLane('gpu-2/left')).toBe('gpu-2');
  });

  test('says in words what a host answered', () => {
    const book = newPoolState(standard);
    expect(takeJoin(book, joined('gpu-1', { slots: 2, notes: ['precheck skipped'] }), now)).toEqual([
      'host gpu-1 takes part with 2 lane(s), directory /srv/gpu-1',
      'host gpu-1: precheck skipped',
    ]);
    const reasons = ['driver: 590.10 → 550.54', 'HEAD moved'];
    expect(takeJoin(book, { kind: 'refused', host: 'gpu-2', reasons }, now)).toEqual([
      'host gpu-2 is refused for this session: driver: 590.10 → 550.54; HEAD moved',
    ]);
  });

  test('asks a lost host again at once, a refused one only after it is forgotten', () => {
    const book = newPoolState(standard);
    takeJoin(book, joined('gpu-1'), now);
    takeJoin(book, { kind: 'refused', host: 'gpu-2', reasons: ['HEAD moved'] }, now);
    book.hosts['gpu-3'] = { state: 'lost', since: now, reason: 'it did not take a repeat' };
    expect(knownHosts(book)).toEqual(['gpu-1', 'gpu-2']);
    expect(forgetRefused(book)).toEqual(['gpu-2']);
    expect(knownHosts(book)).toEqual(['gpu-1']);
    expect(book.hosts).toHaveProperty('gpu-3');
    expect(poolLanes(book).map(({ name }) => name)).toEqual(['gpu-1/slot0']);
  });
});
