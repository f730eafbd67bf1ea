import { expect, test } from 'vitest';

import { checkedPlan } from '../../src/cli/checked-plan.ts';

test('a plan beyond the bounds is wrong usage, told by its key and without the words of the validation', () => {
  const check = () => checkedPlan({ schema: 'calib.session/1', repeats: 0 } as never);
  expect(check).toThrow(/^such a session cannot be started: \w+: must be /);
  expect(check).toThrow(expect.objectContaining({ code: 'invalid-input' }) as Error);
});
