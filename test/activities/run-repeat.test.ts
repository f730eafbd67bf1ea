import { describe, expect, it } from 'vitest';

import { GOOD, measured, outcomeOf, repeatWorld } from './repeat-world.ts';

describe('a repeat without GPUs', () => {
  it('commits the observations of all stages that one pytest fed', async () => {
    const world = await repeatWorld();
    world.steps(`${measured()}exit 0`);
    expect(outcomeOf(await world.run())).toMatchObject({
      kind: 'complete',
      cells: { nova_accuracy: { symbol: '✓' }, nova_speed: { symbol: '✓' } },
      launches: 1,
      lane: 'host-a/cpu0',
    });
    expect(world.observation('nova_accuracy')).toMatchObject({ metrics: { accuracy: GOOD.accuracy } });
  });
});
