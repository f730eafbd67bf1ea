import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { documentLimits, readDocument } from '../../../src/host/results/read-document.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const mib = 1024 * 1024;
const wanted = [
  { path: 'summary.wer', as: 'metric' },
  { path: 'samples.__len__', as: 'count' },
] as const;

/** A file of that text, `repeated` being written between the two until it has so many bytes. */
async function fileWith(before: string, repeated: string, after: string, sizeBytes: number) {
  const handle: FileHandle = await open(join(temporaryFolder(), 'results.json'), 'w+');
  onTestFinished(async () => {
    await handle.close();
  });
  const block = repeated.repeat(Math.max(1, Math.floor(mib / repeated.length)));
  await handle.write(before);
  for (let written = 0; written + block.length < sizeBytes; written += block.length)
    await handle.write(block);
  await handle.write(after);
  return { fd: handle.fd, sizeBytes: (await handle.stat()).size, wanted };
}

const sample = '{"id": 1234, "latency_s": 0.8125, "text": "a sentence of some words", "ok": true}, ';

test('reads 60 MB of ordinary records beside this process, which goes on meanwhile', async () => {
  const file = await fileWith('{"summary": {"wer": 0.25}, "samples": [', sample, '{}]}', 60 * mib);
  let turns = 0;
  const turning = setInterval(() => (turns += 1), 20);

  const answer = await readDocument(file, documentLimits(64 * mib));

  clearInterval(turning);
  expect(answer).toMatchObject({
    kind: 'readings',
    readings: { 'metric summary.wer': { ok: true, value: 0.25 }, 'count samples.__len__': { ok: true } },
  });
  expect(turns).toBeGreaterThan(10);
});

test('reads a large file with a metric that is no number', async () => {
  const file = await fileWith('{"summary": {"wer": NaN}, "samples": [', sample, '{}]}', 20 * mib);
  const answer = await readDocument(file, documentLimits(64 * mib));
  expect(answer).toMatchObject({
    kind: 'readings',
    readings: { 'metric summary.wer': { ok: false, problem: { kind: 'not_finite' } } },
  });
});

test('gives up a document that does not fit into its memory, and lives on', async () => {
  const file = await fileWith('{"samples": [', '{},', '{}]}', 20 * mib);
  expect(await readDocument(file, { memoryMib: 64, timeoutMs: 60_000 })).toEqual({
    kind: 'too-large',
    reason: 'takes more than 64 MiB of memory to read',
  });
});

test('gives up a document that takes too long', async () => {
  const file = await fileWith('{"samples": [', sample, '{}]}', 30 * mib);
  expect(await readDocument(file, { memoryMib: 1024, timeoutMs: 1 })).toEqual({
    kind: 'too-large',
    reason: 'could not be read within 0.001 s',
  });
});

test('says of a large file that it breaks off', async () => {
  const file = await fileWith('{"samples": [', sample, '', 2 * mib);
  expect(await readDocument(file, documentLimits(64 * mib))).toMatchObject({
    kind: 'invalid',
    reason: expect.stringContaining('breaks off') as string,
  });
});
