import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { expect, it, onTestFinished } from 'vitest';

import {
  findMarkedRepeats,
  formatRepeatMark,
  repeatMarkVariable,
} from '../../../src/host/process/repeat-mark.ts';

async function marked(session: string, repeat: number) {
  const mark = formatRepeatMark({ session, namespace: 'test nova/ci', repeat, attempt: 1, token: 't' });
  const child = spawn('sleep', ['30'], { env: { PATH: '/usr/bin:/bin', [repeatMarkVariable]: mark } });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child, 'spawn');
}

it('finds the repeats of one session by the marks of their processes, each once', async () => {
  const session = `s-${process.pid}`;
  await marked(session, 2);
  await marked(session, 2);
  await marked(`${session}-other`, 3);
  expect(await findMarkedRepeats(session)).toEqual([{ namespace: 'test nova/ci', repeat: 2 }]);
});
