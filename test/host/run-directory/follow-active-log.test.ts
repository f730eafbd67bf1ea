import { expect, onTestFinished, test } from 'vitest';

import {
  followActiveLog,
  latestLog,
  type LogEvent,
} from '../../../src/host/run-directory/logs/follow-log.ts';
import { readActiveRuns } from '../../../src/host/run-directory/logs/launches.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeJson, writeText } from '../../fixtures/write-text.ts';
import { startPytest } from './started-pytest.ts';

const UNIT = 'test_nova_ci';
const any = { namespace: null, repeat: null };
const at = (second: number) => new Date(Date.UTC(2026, 3, 23, 5, 0, second));

/** Follows a run directory; `next` gives the next event that says something, in words. */
function follower(runDir: string, namespace: string | null = null, repeat: number | null = null) {
  const controller = new AbortController();
  let over = false;
  const events = followActiveLog({
    runDir,
    wanted: { namespace, repeat },
    pollMs: 1,
    signal: controller.signal,
    isOver: async () => await Promise.resolve(over),
  });
  onTestFinished(async () => {
    controller.abort();
    await events.return(undefined);
  });
  const next = async (): Promise<string | undefined> => {
    const { value, done } = await events.next();
    return done ? 'over' : words(value);
  };
  const nextText = async (text: string): Promise<string | undefined> => {
    let seen = '';
    while (seen.length < text.length) seen += (await next()) ?? '';
    return seen;
  };
  return {
    next,
    nextText,
    finish: () => {
      over = true;
    },
    abort: () => controller.abort(),
  };
}

function words(event: LogEvent): string {
  switch (event.kind) {
    case 'waiting':
      return 'waiting';
    case 'bytes':
      return Buffer.from(event.bytes).toString();
    default:
      return `${event.kind} ${event.launch.namespace} ${event.launch.repeat}.${event.launch.attempt}`;
  }
}

test('waits for the first pytest, then shows it from its start and as it grows', async () => {
  const runDir = temporaryFolder();
  const { next, nextText, finish } = follower(runDir);
  expect(await next()).toBe('waiting');

  const pytest = await startPytest({ runDir, namespace: UNIT, repeat: 1, attempt: 1 });
  expect(await next()).toBe(`switch ${UNIT} 1.1`);
  pytest.write('one\n');
  expect(await nextText('one\n')).toBe('one\n');
  pytest.write('two\n');
  expect(await nextText('two\n')).toBe('two\n');

  await pytest.end();
  expect(await next()).toBe(`ended ${UNIT} 1.1`);
  finish();
  expect(await next()).toBe('over');
});

test('switches by itself when the next pytest starts', async () => {
  const runDir = temporaryFolder();
  const first = await startPytest({ runDir, namespace: UNIT, repeat: 1, attempt: 1 });
  const { next, nextText } = follower(runDir);
  expect(await next()).toBe(`switch ${UNIT} 1.1`);
  await first.end();
  expect(await next()).toBe(`ended ${UNIT} 1.1`);

  const second = await startPytest({ runDir, namespace: 'test_other_ci', repeat: 1, attempt: 1 });
  second.write('other\n');

  expect(await next()).toBe('switch test_other_ci 1.1');
  expect(await nextText('other\n')).toBe('other\n');
});

test('shows the bytes that were written right before the end', async () => {
  const runDir = temporaryFolder();
  const pytest = await startPytest({ runDir, namespace: UNIT, repeat: 1, attempt: 1 });
  const { next, nextText } = follower(runDir);
  await next();

  pytest.write('last words\n');
  await pytest.end();

  expect(await nextText('last words\n')).toBe('last words\n');
  expect(await next()).toBe(`ended ${UNIT} 1.1`);
});

test('does not miss a pytest that starts and ends between two looks', async () => {
  const runDir = temporaryFolder();
  const first = await startPytest({ runDir, namespace: UNIT, repeat: 1, attempt: 1 }, at(0));
  const { next, nextText } = follower(runDir);
  await next();
  await first.end(0, at(10));
  const second = await startPytest({ runDir, namespace: UNIT, repeat: 1, attempt: 2 }, at(10));
  second.write('short\n');
  await second.end(1, at(11));

  expect(await next()).toBe(`ended ${UNIT} 1.1`);
  expect(await next()).toBe(`switch ${UNIT} 1.2`);
  expect(await nextText('short\n')).toBe('short\n');
});

test('passes over a pytest that ran beside the one that was shown', async () => {
  const runDir = temporaryFolder();
  const shown = await startPytest({ runDir, namespace: UNIT, repeat: 1, attempt: 1 }, at(0));
  const beside = await startPytest({ runDir, namespace: 'test_other_ci', repeat: 1, attempt: 1 }, at(5));
  const { next, finish } = follower(runDir);
  expect(await next()).toBe(`switch ${UNIT} 1.1`);
  await beside.end(0, at(8));
  await shown.end(0, at(10));
  finish();

  expect(await next()).toBe(`ended ${UNIT} 1.1`);
  expect(await next()).toBe('over');
});

test('shows nothing that had ended before, and is over with the session', async () => {
  const runDir = temporaryFolder();
  const old = await startPytest({ runDir, namespace: UNIT, repeat: 1, attempt: 1 });
  old.write('old\n');
  await old.end();
  const { next, finish } = follower(runDir);

  expect(await next()).toBe('waiting');
  finish();
  expect(await next()).toBe('over');
});

test('shows only the unit that was asked for', async () => {
  const runDir = temporaryFolder();
  await startPytest({ runDir, namespace: UNIT, repeat: 1, attempt: 1 }, at(0));
  await startPytest({ runDir, namespace: 'test_other_ci', repeat: 1, attempt: 1 }, at(5));

  expect(await follower(runDir, 'test_other_ci').next()).toBe('switch test_other_ci 1.1');
});

test('shows only the repeat that was asked for', async () => {
  const runDir = temporaryFolder();
  await startPytest({ runDir, namespace: UNIT, repeat: 1, attempt: 1 }, at(0));
  const second = await startPytest({ runDir, namespace: UNIT, repeat: 2, attempt: 1 }, at(5));

  expect(await follower(runDir, UNIT, 2).next()).toBe(`switch ${UNIT} 2.1`);
  expect(await latestLog(runDir, { namespace: null, repeat: 2 })).toMatchObject({ log: second.log });
});

test('stops while it waits and while it follows when it is told to', async () => {
  const runDir = temporaryFolder();
  const waiting = follower(runDir);
  await waiting.next();
  waiting.abort();
  await expect(waiting.next()).rejects.toMatchObject({ name: 'AbortError' });

  await startPytest({ runDir, namespace: UNIT, repeat: 1, attempt: 1 });
  const following = follower(runDir);
  await following.next();
  following.abort();
  await expect(following.next()).rejects.toMatchObject({ name: 'AbortError' });
});

test('reads a large log in pieces of at most 64 KiB', async () => {
  const runDir = temporaryFolder();
  const pytest = await startPytest({ runDir, namespace: UNIT, repeat: 1, attempt: 1 });
  pytest.write('x'.repeat(1_000_000));
  await pytest.end();
  const sizes: number[] = [];
  const alive = await startPytest({ runDir, namespace: UNIT, repeat: 2, attempt: 1 });
  alive.write('y'.repeat(1_000_000));
  const { next, finish } = follower(runDir);
  await next();
  finish();
  await alive.end();
  for (let event = await next(); event !== 'over'; event = await next()) sizes.push(event?.length ?? 0);

  expect(Math.max(...sizes)).toBe(64 * 1024);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1_000_000 + `ended ${UNIT} 2.1`.length);
});

test('knows the active pytest with its log and GPUs', async () => {
  const runDir = temporaryFolder();
  const pytest = await startPytest({ runDir, namespace: UNIT, repeat: 2, attempt: 3 }, at(0));
  pytest.write('12345');
  writeJson(`${pytest.folder}/lane.json`, {
    schema: 'calib.launch-lane/1',
    lane: 'h/gpu2,3',
    gpus: [2, 3],
    gpu_uuids: ['GPU-a', 'GPU-b'],
    gate_s: 0,
    launched_at: '2026-04-23T05:00:00Z',
    notes: [],
  });

  expect(await readActiveRuns(runDir, Date.now())).toMatchObject([
    {
      namespace: UNIT,
      k: 2,
      attempt: 3,
      started_at: '2026-04-23T05:00:00Z',
      log: pytest.log,
      log_bytes: 5,
      gpus: [2, 3],
    },
  ]);
  await pytest.end();
  expect(await readActiveRuns(runDir, Date.now())).toEqual([]);
});

test('the latest log is the active one’s, else the one written last, also the original tool’s', async () => {
  const runDir = temporaryFolder();
  expect(await latestLog(runDir, any)).toBeNull();
  writeText(runPaths.log(runDir, 'test_old_ci', 4), 'of the original tool');
  expect(await latestLog(runDir, any)).toMatchObject({ namespace: 'test_old_ci', repeat: 4, attempt: null });

  const pytest = await startPytest({ runDir, namespace: UNIT, repeat: 1, attempt: 2 });
  expect(await latestLog(runDir, any)).toMatchObject({ namespace: UNIT, attempt: 2, log: pytest.log });
  expect(await latestLog(runDir, { ...any, namespace: 'test_old_ci' })).toMatchObject({ repeat: 4 });
  expect(await latestLog(runDir, { ...any, namespace: 'test_none_ci' })).toBeNull();
});
