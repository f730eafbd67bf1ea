import { expect, it } from 'vitest';

import { until } from '../fixtures/until.ts';
import { runs } from '../host/process/scratch-launch.ts';
import { measured, outcomeOf, repeatWorld } from './repeat-world.ts';

it('leaves a session alone that has the same id in another place', async () => {
  const one = await repeatWorld({ gpus: 1 });
  one.steps(`echo $$ > "$WORLD/pids"; await "$WORLD/go"; ${measured()}exit 0`);
  const first = one.start();
  await until(() => one.read('pids') !== '');
  const other = await repeatWorld({ gpus: 1 });
  other.steps(`${measured()}exit 0`);
  expect(outcomeOf(await other.run())).toMatchObject({ kind: 'complete' });
  await other.purge('purge-1');
  expect(one.pids('pids').map(runs)).toEqual([true]);
  one.put('go', '');
  expect(outcomeOf(await first.result)).toMatchObject({ kind: 'complete' });
});
