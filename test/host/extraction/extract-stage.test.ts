import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import type { StageExtraction } from '../../../src/domain/observation/extract-metrics.ts';
import { defaultMaxResultBytes } from '../../../src/domain/session/session-plan.ts';
import { extractRepeat, extractStage } from '../../../src/host/extraction.ts';
import { RESULT_FILE, makeDocsStage, makeStage, metricAt } from '../../domain/observation/stage-fixture.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const LAUNCHED_AT = new Date('2026-04-23T05:00:00.500Z');
const WRITTEN_AT = new Date('2026-04-23T05:10:00Z');
const GOOD = '{"summary": {"total": 20, "ok": 20}, "speed": {"qps": 4.5, "rtf": 0.25}}';

async function writeResult(path: string, text: string, at: Date = WRITTEN_AT): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await utimes(path, at, at);
}

async function baseTempWith(text: string, at: Date = WRITTEN_AT): Promise<string> {
  const baseTemp = temporaryFolder();
  await writeResult(join(baseTemp, RESULT_FILE), text, at);
  return baseTemp;
}

async function extract(baseTemp: string, file: string = RESULT_FILE): Promise<StageExtraction> {
  const metrics = { throughput_qps: metricAt('speed.qps', { json_file: file }) };
  return await extractStage({ stage: makeStage({ metrics }), baseTemp, launchedAt: LAUNCHED_AT });
}

async function whyOf(
  baseTemp: string,
  file: string = RESULT_FILE,
): Promise<[string | undefined, string | undefined]> {
  const { why, problems } = await extract(baseTemp, file);
  return [problems['throughput_qps']?.kind, why['throughput_qps']];
}

test('reads metrics and counts from the numbered folder that pytest made below its base temp', async () => {
  const baseTemp = await baseTempWith(GOOD);

  expect(await extractStage({ stage: makeStage(), baseTemp, launchedAt: LAUNCHED_AT })).toEqual({
    metrics: { throughput_qps: 4.5, rtf_mean: 0.25 },
    sample_counts: { total: 20, ok: 20 },
    why: {},
    problems: {},
    result_files: [
      {
        path: join(baseTemp, RESULT_FILE),
        sha256: createHash('sha256').update(GOOD).digest('hex'),
        mtime: '2026-04-23T05:10:00.000Z',
      },
    ],
  });
});

test('names the JSON files that are there when the configured one is not', async () => {
  const baseTemp = temporaryFolder();
  await writeResult(join(baseTemp, 'test_nova_1', 'results.json'), GOOD);

  expect(await whyOf(baseTemp)).toEqual([
    'file_missing',
    `${RESULT_FILE}: the file does not exist; there is: test_nova_1/results.json`,
  ]);
});

test('says when pytest made no base temp at all', async () => {
  const baseTemp = join(temporaryFolder(), 'never');

  expect(await whyOf(baseTemp)).toEqual([
    'file_missing',
    `${RESULT_FILE}: the base temp directory ${baseTemp} does not exist`,
  ]);
});

test('says where a truncated file breaks off', async () => {
  const baseTemp = await baseTempWith(GOOD.slice(0, 50));

  expect(await whyOf(baseTemp)).toEqual([
    'invalid_json',
    `${RESULT_FILE}: it breaks off after 50 characters (truncated?)`,
  ]);
});

test('says when a document is not an object', async () => {
  expect(await whyOf(await baseTempWith('[1, 2]'))).toEqual([
    'not_an_object',
    `${RESULT_FILE}::speed.qps: the document is a list, not an object`,
  ]);
});

test('loses only the metric that is NaN, not its whole file', async () => {
  const baseTemp = await baseTempWith(GOOD.replace('4.5', 'NaN'));
  const extraction = await extractStage({ stage: makeStage(), baseTemp, launchedAt: LAUNCHED_AT });

  expect(extraction.metrics).toEqual({ throughput_qps: null, rtf_mean: 0.25 });
  expect(extraction.why).toEqual({
    throughput_qps: `${RESULT_FILE}::speed.qps: the value is NaN, not a finite number`,
  });
});

test('refuses a number that is too large for a double', async () => {
  expect((await whyOf(await baseTempWith(GOOD.replace('4.5', '1e999'))))[0]).toBe('not_finite');
});

test('refuses a number written as a string', async () => {
  expect(await whyOf(await baseTempWith(GOOD.replace('4.5', '"4.5"')))).toEqual([
    'wrong_type',
    `${RESULT_FILE}::speed.qps: the value is the string "4.5", not a number`,
  ]);
});

test('refuses a path that leads through a list', async () => {
  expect((await whyOf(await baseTempWith('{"speed": [{"qps": 4.5}]}')))[0]).toBe('through_list');
});

test('refuses a file older than the launch: it is another invocation’s', async () => {
  const baseTemp = await baseTempWith(GOOD, new Date('2026-04-23T04:59:59Z'));

  expect(await whyOf(baseTemp)).toEqual([
    'stale',
    `${RESULT_FILE}: is older (2026-04-23T04:59:59.000Z) than the launch (2026-04-23T05:00:00.500Z)`,
  ]);
});

test('makes up for a clock that was set back during the run, and for no more than that', async () => {
  const aged = async (time: string) => {
    const scope = { baseTemp: await baseTempWith(GOOD, new Date(time)), launchedAt: LAUNCHED_AT };
    const { metrics } = await extractStage({ stage: makeStage(), ...scope, clockBehindS: 3600 });
    return metrics['throughput_qps'] ?? null;
  };

  expect([await aged('2026-04-23T04:00:00Z'), await aged('2026-04-23T03:59:59Z')]).toEqual([4.5, null]);
});

test('accepts a file of the same second as the launch, since file systems keep coarse times', async () => {
  const { metrics } = await extract(await baseTempWith(GOOD, new Date('2026-04-23T05:00:00Z')));

  expect(metrics).toEqual({ throughput_qps: 4.5 });
});

test.each(['../secret.json', 'a/../../secret.json', '..'])('refuses %s, which climbs out', async (file) => {
  const baseTemp = join(temporaryFolder(), 'basetemp');
  await mkdir(baseTemp);
  await writeResult(join(baseTemp, '..', 'secret.json'), GOOD);

  expect((await whyOf(baseTemp, file))[0]).toBe('outside');
});

test('refuses an absolute path', async () => {
  const baseTemp = await baseTempWith(GOOD);

  expect((await whyOf(baseTemp, join(baseTemp, RESULT_FILE)))[0]).toBe('outside');
});

test('refuses a link that leads out of the base temp', async () => {
  const folder = temporaryFolder();
  await writeResult(join(folder, 'elsewhere', 'results.json'), GOOD);
  await mkdir(join(folder, 'basetemp'));
  await symlink(join(folder, 'elsewhere'), join(folder, 'basetemp', 'test_nova_0'));

  expect(await whyOf(join(folder, 'basetemp'))).toEqual([
    'outside',
    `${RESULT_FILE}: ${RESULT_FILE} is a link that leads out of the base temp directory`,
  ]);
});

test('follows pytest’s own links inside the base temp', async () => {
  const baseTemp = await baseTempWith(GOOD);
  await symlink(join(baseTemp, 'test_nova_0'), join(baseTemp, 'test_nova_current'));

  expect((await extract(baseTemp, 'test_nova_current/results.json')).metrics).toEqual({
    throughput_qps: 4.5,
  });
});

test('does not follow a base temp that a test has swapped for a link', async () => {
  const baseTemp = await baseTempWith(GOOD);
  const link = join(temporaryFolder(), 'basetemp_run1');
  await symlink(baseTemp, link);

  expect(await whyOf(link)).toEqual([
    'outside',
    `${RESULT_FILE}: ${link} is a link: what lies behind it is not followed`,
  ]);
});

test('does not follow a folder of calib’s above the base temp that was swapped either', async () => {
  const elsewhere = temporaryFolder();
  await writeResult(join(elsewhere, 'basetemp_run1', RESULT_FILE), GOOD);
  const runs = join(temporaryFolder(), '_pytest');
  await mkdir(runs);
  await symlink(elsewhere, join(runs, 'test_nova_ci'));

  expect((await whyOf(join(runs, 'test_nova_ci', 'basetemp_run1')))[0]).toBe('outside');
});

test('works below a run directory that is reached through a link', async () => {
  const folder = temporaryFolder();
  await writeResult(join(folder, 'run', '_pytest', 'unit', 'basetemp_run1', RESULT_FILE), GOOD);
  await symlink(join(folder, 'run'), join(folder, 'link'));

  const baseTemp = join(folder, 'link', '_pytest', 'unit', 'basetemp_run1');
  expect((await extract(baseTemp)).metrics).toEqual({ throughput_qps: 4.5 });
});

test('refuses a result that is not UTF-8', async () => {
  const baseTemp = await baseTempWith(GOOD);
  const bytes = Buffer.concat([
    Buffer.from(`{"note": "`),
    Buffer.from([0xff, 0xfe]),
    Buffer.from(`", ${GOOD.slice(1)}`),
  ]);
  await writeFile(join(baseTemp, RESULT_FILE), bytes);
  await utimes(join(baseTemp, RESULT_FILE), WRITTEN_AT, WRITTEN_AT);

  expect(await whyOf(baseTemp)).toEqual(['invalid_json', `${RESULT_FILE}: it is not UTF-8 text`]);
});

test('refuses a file that is too large to be a summary', async () => {
  const baseTemp = await baseTempWith(GOOD);
  await truncate(join(baseTemp, RESULT_FILE), defaultMaxResultBytes + 1);

  expect((await whyOf(baseTemp))[0]).toBe('too_large');
});

test('reads a file as large as the model allows, and no larger', async () => {
  const baseTemp = await baseTempWith(GOOD);
  const read = async (maxBytes: number) =>
    (await extractStage({ stage: makeStage(), baseTemp, launchedAt: LAUNCHED_AT, maxBytes })).why['rtf_mean'];

  expect([await read(GOOD.length), await read(GOOD.length - 1)]).toEqual([
    undefined,
    `${RESULT_FILE}: holds ${GOOD.length} bytes, more than the limit of ${GOOD.length - 1} (max_result_bytes)`,
  ]);
});

test('names keys that are megabytes long, or that would act on a terminal, in a short line', async () => {
  const speed = { ['k'.repeat(6_000_000)]: 1, '\u001b]52;c;cm0=\u0007': 2 };
  const baseTemp = await baseTempWith(JSON.stringify({ summary: { total: 20, ok: 20 }, speed }));

  const { why, problems } = await extractStage({ stage: makeStage(), baseTemp, launchedAt: LAUNCHED_AT });

  const text = why['rtf_mean'] ?? '';
  expect([text.includes(String.raw`\x1b]52`), /k+… \(6000006 characters, [0-9a-f]{8}\)/.test(text)]).toEqual([
    true,
    true,
  ]);
  expect(JSON.stringify({ why, problems }).length).toBeLessThan(10_000);
});

test('does not wait for the writer of a named pipe', async () => {
  const baseTemp = temporaryFolder();
  await mkdir(join(baseTemp, 'test_nova_0'));
  execFileSync('mkfifo', [join(baseTemp, RESULT_FILE)]);

  expect(await whyOf(baseTemp)).toEqual(['unreadable', `${RESULT_FILE}: is not a regular file`]);
});

test('refuses a folder in place of the file', async () => {
  const baseTemp = temporaryFolder();
  await mkdir(join(baseTemp, RESULT_FILE), { recursive: true });

  expect((await whyOf(baseTemp))[0]).toBe('unreadable');
});

test('takes a file in place of pytest’s folder for a missing file', async () => {
  const baseTemp = temporaryFolder();
  await writeFile(join(baseTemp, 'test_nova_0'), '');

  expect((await whyOf(baseTemp))[0]).toBe('file_missing');
});

test('keeps impossible counts as they are for the verdict to judge', async () => {
  const { sample_counts } = await extract(await baseTempWith(GOOD.replace('"ok": 20', '"ok": 21')));

  expect(sample_counts).toEqual({ total: 20, ok: 21 });
});

test('reads nothing for a docs stage', async () => {
  const extraction = await extractStage({
    stage: makeDocsStage(),
    baseTemp: '/nowhere',
    launchedAt: LAUNCHED_AT,
  });

  expect(extraction.why).toEqual({});
});

test('reads all stages of a unit from one load of each file', async () => {
  const baseTemp = await baseTempWith(GOOD);
  const stages = [makeStage(), makeStage({ key: 'nova_rtf', metrics: { rtf_mean: metricAt('speed.rtf') } })];

  const extractions = await extractRepeat({ stages, baseTemp, launchedAt: LAUNCHED_AT });

  expect(Object.keys(extractions)).toEqual(['nova_speed', 'nova_rtf']);
  expect(extractions['nova_rtf']?.result_files[0]).toBe(extractions['nova_speed']?.result_files[0]);
});
