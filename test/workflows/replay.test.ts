import { readFile, readdir } from 'node:fs/promises';
import { homedir, hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, inject, test } from 'vitest';

import { installRuntime } from '../server/install-runtime.ts';
import { recordedSessions } from '../server/recorded-sessions.ts';

const folder = fileURLToPath(new URL('../histories/', import.meta.url));
const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));

beforeAll(() => {
  installRuntime();
});

async function readHistory(file: string): Promise<unknown> {
  return JSON.parse(await readFile(join(folder, file), 'utf8'));
}

async function replay(file: string, history: unknown): Promise<unknown> {
  const options = { workflowBundle: { codePath: inject('workflowBundlePath') } };
  for await (const { error } of Worker.runReplayHistories(options, [{ workflowId: file, history }])) {
    return error;
  }
  throw new Error('nothing was replayed');
}

describe('the present workflow code', () => {
  test.each(files)('replays %s as it happened', async (file) => {
    expect(await replay(file, await readHistory(file))).toBeUndefined();
  });

  test('is caught when it does something else than a history says', async () => {
    const text = JSON.stringify(await readHistory('completed.json'));
    const other: unknown = JSON.parse(text.replaceAll('"precheck"', '"postcheck"'));
    expect(await replay('completed.json', other)).toBeInstanceOf(DeterminismViolationError);
  });
});

describe('the saved histories', () => {
  test('are of every kind of session that is recorded', () => {
    const kinds = files.map((file) => file.replace(/(-\d)?\.json$/, ''));
    expect([...new Set(kinds)].sort()).toEqual(Object.keys(recordedSessions).sort());
  });

  test.each(files)('%s names no machine, no person and no path of one', async (file) => {
    const text = decodedTexts(await readHistory(file)).join('\n');
    expect(text).toContain('/srv/speech/.tune-runs/');
    expect(text.replaceAll(/\/srv\/[\w./-]*/g, '')).not.toMatch(
      /(^|[^\w.])\/(work|home|root|tmp|usr|opt|Users|var|mnt|app)\//,
    );
    for (const name of [hostname(), homedir(), userInfo().username].filter((each) => each.length > 4)) {
      expect(text).not.toContain(name);
    }
  });
});

/** All strings of a history, and what its payloads hold. */
function decodedTexts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'data' && typeof inner === 'string'
      ? [Buffer.from(inner, 'base64').toString('utf8')]
      : decodedTexts(inner),
  );
}
