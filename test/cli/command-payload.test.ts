import { describe, expect, it } from 'vitest';

import { commandPayload } from '../../src/cli/commands/signal/signal.ts';

describe('what a command sends', () => {
  it.each([
    ['purge', { stage: 'nova_accuracy', repeat: 2 }],
    ['abort', {}],
  ])(
    '%s: its reason without what looks like a secret, because a history keeps it for ever',
    (kind, options) => {
      const reason = 'server --api-key plantedKey ran with HF_TOKEN=plantedToken';
      expect(commandPayload(kind, { ...options, reason })).toEqual({
        ...options,
        reason: 'server --api-key [redacted] ran with HF_TOKEN=[redacted]',
      });
    },
  );

  it('and a reason that holds none as it was typed', () => {
    expect(commandPayload('abort', { reason: 'the token bucket was full' })).toEqual({
      reason: 'the token bucket was full',
    });
  });
});
