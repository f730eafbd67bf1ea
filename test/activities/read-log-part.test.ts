import { symlinkSync } from 'node:fs';

import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test } from 'vitest';

import type { LogPart, ReadLogInput } from '../../src/activities/activity-types.ts';
import { readLogPart } from '../../src/activities/read-log-part.ts';
import { runPaths } from '../../src/host/run-directory/paths.ts';
import { writeText } from '../fixtures/write-text.ts';
import { NAMESPACE, runWorld } from '../host/run-directory/run-directory-fixture.ts';
import { startPytest } from '../host/run-directory/started-pytest.ts';

const session = '20260423T050000Z_nova';

/** A session's directory on this host, and what reads part of its first log. */
function world() {
  const { runDir } = runWorld({ plan: { session_id: session, units: [unit()] } });
  const environment = new MockActivityEnvironment();
  const read = async (more: Partial<ReadLogInput> = {}): Promise<LogPart> =>
    await environment.run(readLogPart, {
      run_dir: runDir,
      session_id: session,
      namespace: NAMESPACE,
      repeat: 1,
      attempt: 1,
      offset: 0,
      wait_ms: 0,
      ...more,
    });
  return { runDir, environment, read, log: runPaths.attemptLog(runDir, NAMESPACE, 1, 1) };
}

function unit() {
  return {
    namespace: NAMESPACE,
    test: 'tests/ci/test_nova_ci.py',
    stages: ['nova_accuracy'],
    env: {},
    gpus: 1,
    pytest_args: [],
  };
}

/** Of the directory of `runDir`: its first pytest, living. */
async function living(runDir: string) {
  return await startPytest({ runDir, namespace: NAMESPACE, repeat: 1, attempt: 1 });
}

describe('while pytest lives', () => {
  test('whole lines are read, and the part that follows begins with the unfinished one', async () => {
    const { runDir, read } = world();
    const pytest = await living(runDir);
    pytest.write('one\ntwo\nthr');

    expect(await read()).toEqual({ text: 'one\ntwo\n', offset: 8, ended: false });

    pytest.write('ee\n');
    expect(await read({ offset: 8 })).toEqual({ text: 'three\n', offset: 14, ended: false });
  });

  test('the end of a progress bar’s line is one', async () => {
    const { runDir, read } = world();
    const pytest = await living(runDir);
    pytest.write('10%\r20%\r30');
    expect(await read()).toEqual({ text: '10%\r20%\r', offset: 8, ended: false });
  });

  test('more is waited for, and what comes is answered at once', async () => {
    const { runDir, read, environment } = world();
    const pytest = await living(runDir);
    environment.once('heartbeat', () => pytest.write('late\n'));
    expect(await read({ wait_ms: 20_000 })).toMatchObject({ text: 'late\n', ended: false });
  });

  test('its end ends the waiting', async () => {
    const { runDir, read, environment } = world();
    const pytest = await living(runDir);
    environment.once('heartbeat', () => void pytest.end());
    expect(await read({ wait_ms: 20_000 })).toEqual({ text: '', offset: 0, ended: true });
  });

  test('a cancellation ends it too', async () => {
    const { runDir, read, environment } = world();
    await living(runDir);
    environment.once('heartbeat', () => environment.cancel());
    await expect(read({ wait_ms: 20_000 })).rejects.toThrow('CANCELLED');
  });
});

describe('when it has ended', () => {
  test('the last line needs no end, and that was all', async () => {
    const { runDir, read } = world();
    const pytest = await living(runDir);
    pytest.write('one\nlast');
    await pytest.end();
    expect(await read()).toEqual({ text: 'one\nlast', offset: 8, ended: true });
    expect(await read({ offset: 8 })).toEqual({ text: '', offset: 8, ended: true });
  });

  test('a long log comes in parts that end with a line', async () => {
    const { runDir, read } = world();
    const pytest = await living(runDir);
    const line = `${'x'.repeat(999)}\n`;
    pytest.write(line.repeat(300));
    await pytest.end();

    const first = await read();
    expect([first.offset, first.ended]).toEqual([262_000, false]);
    const second = await read({ offset: first.offset });
    expect([first.text + second.text, second.ended]).toEqual([line.repeat(300), true]);
  });

  test('a line without an end is cut between characters', async () => {
    const { runDir, read } = world();
    const pytest = await living(runDir);
    const text = `x${'é'.repeat(200_000)}`;
    pytest.write(text);
    await pytest.end();

    const first = await read();
    expect([first.offset, first.ended]).toEqual([256 * 1024 - 1, false]);
    expect(first.text + (await read({ offset: first.offset })).text).toBe(text);
  });

  test('nothing is left of a launch that was discarded', async () => {
    const { read } = world();
    expect(await read({ attempt: 7 })).toEqual({ text: '', offset: 0, ended: true });
  });
});

test('secrets do not leave the host', async () => {
  const { runDir, read } = world();
  const pytest = await living(runDir);
  pytest.write(`HF_TOKEN=${'a'.repeat(20)} python\n`);
  expect((await read()).text).toBe('HF_TOKEN=[redacted] python\n');
});

describe('refuses', () => {
  test('the directory of another session', async () => {
    const { read } = world();
    await expect(read({ session_id: 'another' })).rejects.toThrow(
      `is the directory of ${session}, not of another`,
    );
  });

  test.each([
    ['a unit that the session does not have', { namespace: '../../../etc' }, 'has no unit ../../../etc'],
    ['a folder without a plan', { run_dir: '/etc' }, 'no plan.json in /etc'],
    ['a relative folder', { run_dir: 'etc' }, 'no part of a log'],
    ['an attempt that is no number', { attempt: '1/../x' as unknown as number }, 'no part of a log'],
  ])('%s', async (_what, more, message) => {
    const { read } = world();
    await expect(read(more)).rejects.toThrow(message);
  });

  test('a link in place of a log', async () => {
    const { runDir, read, log } = world();
    writeText(`${runDir}/secret.txt`, 'secret\n');
    symlinkSync(`${runDir}/secret.txt`, log.replace('attempt1', 'attempt2'));
    await expect(read({ attempt: 2 })).rejects.toThrow('ELOOP');
  });
});

test.each([['../../outside/run1'], [0], [1.5]])('a repeat that is %j is refused', async (repeat) => {
  const { read } = world();
  await expect(read({ repeat: repeat as number })).rejects.toMatchObject({ code: 'invalid-input' });
});
