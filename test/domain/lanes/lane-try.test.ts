import { expect, it } from 'vitest';

import { laneTries } from '../../../src/domain/lanes/lanes.ts';
import { attemptSchema } from '../../../src/domain/observation/observation.ts';

const attempt = (changed: object) =>
  attemptSchema.parse({
    n: 1,
    started_at: '2026-04-23T05:00:00Z',
    ended_at: '2026-04-23T05:01:00Z',
    exit_code: 0,
    signal: null,
    reason: '',
    outcome: 'ok',
    duration_s: 60,
    gpus: [0],
    log: '/run/log',
    lane: 'host-a/lane1',
    ...changed,
  });

it('tells a failed launch and one that did not give its GPUs back from a good one', () => {
  const memory = 'GPU memory not released within 600 s: GPU 0 holds 70000 MiB';
  const tries = laneTries([
    attempt({}),
    attempt({ n: 2, outcome: 'infra', reason: 'OOM' }),
    attempt({ n: 3, outcome: 'infra', reason: 'exit 137 (killed)', notes: ['slow start-up', memory] }),
  ]);
  expect(tries).toEqual([
    { n: 1, lane: 'lane1', failed: false, dirty: false, reason: '' },
    { n: 2, lane: 'lane1', failed: true, dirty: false, reason: 'OOM' },
    { n: 3, lane: 'lane1', failed: true, dirty: true, reason: memory },
  ]);
});

it('takes nothing from attempts without a lane, or that were aborted', () => {
  expect(
    laneTries([attempt({ lane: undefined, outcome: 'infra' }), attempt({ outcome: 'aborted' })]),
  ).toEqual([]);
});
