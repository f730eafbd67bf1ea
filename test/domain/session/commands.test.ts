import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type CommandKind, parseCommand } from '../../../src/domain/session/commands.ts';

const kinds: CommandKind[] = ['pause', 'resume', 'purge', 'apply', 'abort'];

describe('a handler’s payload', () => {
  test('may be missing where the command needs nothing', () => {
    expect(parseCommand('pause', undefined, 'made-up')).toEqual({
      ok: true,
      command: { kind: 'pause', id: 'made-up' },
    });
  });

  test('keeps its own id', () => {
    expect(parseCommand('resume', { id: 'mine' }, 'made-up')).toMatchObject({ command: { id: 'mine' } });
  });

  test('cannot turn one command into another', () => {
    expect(parseCommand('pause', { kind: 'abort' }, 'x')).toMatchObject({ command: { kind: 'pause' } });
  });

  test('that is wrong is answered by the key that is', () => {
    expect(parseCommand('apply', { mode: 'everything' }, 'x')).toEqual({
      ok: false,
      message: expect.stringMatching(/^apply: mode: .*"report"\|"smart"\|"full"/) as string,
    });
  });

  test('gives a reason without what looks like a secret: it ends in artifacts', () => {
    for (const [kind, payload] of [
      ['purge', { stage: 'nova_accuracy', repeat: 1 }],
      ['abort', {}],
    ] as const) {
      const reason = 'it ran with --token plantedToken';
      expect(parseCommand(kind, { ...payload, reason }, 'x')).toMatchObject({
        command: { reason: 'it ran with --token [redacted]' },
      });
    }
  });

  test('of any shape is answered, never thrown at', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.anything(), (kind, payload) => {
        expect(typeof parseCommand(kind, payload, 'x').ok).toBe('boolean');
      }),
    );
  });
});
