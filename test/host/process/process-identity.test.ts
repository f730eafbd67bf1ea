import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

import { describe, expect, it, onTestFinished } from 'vitest';

import {
  isAlive,
  isRunning,
  parseProcessStat,
  readCommandLine,
  readProcessIdentity,
} from '../../../src/host/process/identity.ts';
import { carriesMark, formatRepeatMark } from '../../../src/host/process/repeat-mark.ts';

const line = (name: string, state = 'S') =>
  `4242 (${name}) ${state} 17 4241 4240 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 987654 5 6 7`;

describe('process identity', () => {
  it.each(['cat', 'a b', 'x) S 1 (y', ')) R 9 9 9', ''])(
    'reads the stat of a process called "%s"',
    (name) => {
      expect(parseProcessStat(line(name))).toEqual({
        pid: 4242,
        state: 'S',
        parent: 17,
        group: 4241,
        session: 4240,
        start_ticks: 987_654,
      });
    },
  );

  it.each(['', 'nonsense', '1 (half'])('gives nothing for "%s"', (text) => {
    expect(parseProcessStat(text)).toBeUndefined();
  });

  it('counts a zombie as gone', () => {
    const stat = parseProcessStat(line('python', 'Z'));
    expect(stat !== undefined && isRunning(stat)).toBe(false);
  });

  it('shows the command line of a process that would write to the reader’s clipboard', async () => {
    // Waits for a line that nobody writes.
    const child = spawn('sh', ['-c', 'read line', '\u001b]52;c;cm0=\u0007\u202e'], {
      argv0: `\u001b[2J${'x'.repeat(100_000)}`,
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    await once(child, 'spawn');
    // Until it has become another program, the child shows the command line of its parent.
    await expect
      .poll(async () => {
        const command = await readCommandLine(child.pid ?? 0);
        return [command.startsWith(String.raw`\x1b[2Jxxx`), command.length < 500];
      })
      .toEqual([true, true]);
  });

  it('recognises this process', () => {
    const identity = readProcessIdentity(process.pid);
    expect(identity !== undefined && isAlive(identity)).toBe(true);
  });

  it.each([{ start_ticks: 1 }, { boot_id: 'other' }])('refuses a process that differs in %j', (change) => {
    const identity = readProcessIdentity(process.pid) ?? { pid: 0, start_ticks: 0, boot_id: '' };
    expect(isAlive({ ...identity, ...change })).toBe(false);
  });

  it('reads the boot id of this machine', () => {
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    expect(readProcessIdentity(process.pid)?.boot_id).toBe(bootId);
  });
});

describe('the mark of a repeat', () => {
  const mark = { session: 'a/b', namespace: 'test_x', repeat: 1, attempt: 2, token: 't' };
  const environ = `PATH=/bin\0CALIB_REPEAT=${formatRepeatMark(mark)}\0A=1\0`;

  it('encodes parts that hold a separator', () => {
    expect(formatRepeatMark(mark)).toBe('a%2Fb/test_x/1/2/t');
  });

  it.each([
    [{ session: 'a/b' }, true],
    [{ session: 'a/b', namespace: 'test_x', repeat: 1 }, true],
    [mark, true],
    [{ session: 'a' }, false],
    [{ ...mark, token: 'u' }, false],
    [{ session: 'a/b', namespace: 'test' }, false],
  ])('%j: carried = %s', (wanted, carried) => {
    expect(carriesMark(environ, wanted)).toBe(carried);
  });

  it('is not found in the value of another variable', () => {
    expect(carriesMark('NOTE=CALIB_REPEAT=a\0', { session: 'a' })).toBe(false);
  });
});
