import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { cleanEnvironment, runBuiltCalib } from '../../e2e/built-calib.ts';

/** Enough that discovery reads them on several threads. */
const fileCount = 400;
const broken = 217;

interface Answer {
  stages: { key: string; test: string; test_file_sha256: string }[];
  findings: { severity: string; file: string; line: number }[];
}

let world: string;

function nameOf(index: number): string {
  return `test_case_${String(index).padStart(3, '0')}.py`;
}

beforeAll(async () => {
  world = await mkdtemp(join(tmpdir(), 'calib-many-'));
  await mkdir(join(world, 'models/many'), { recursive: true });
  await writeFile(
    join(world, 'models/many/config.yaml'),
    'name: many\nhf_datasets: []\ntest_globs: ["test_*.py"]\nstage_base_strip_prefix: test_\n',
  );
  for (let index = 0; index < fileCount; index += 1) {
    const text = index === broken ? 'A = 1\nB = (\n' : `CASE${index}_MIN_ACCURACY = 0.5\n`;
    await writeFile(join(world, nameOf(index)), text);
  }
});

afterAll(async () => await rm(world, { recursive: true, force: true }));

async function discover(): Promise<Answer> {
  const args = [
    'discover',
    '--catalog',
    world,
    '--repo-root',
    world,
    '--no-host',
    '--model',
    'many',
    '--json',
  ];
  const run = await runBuiltCalib(args, { env: cleanEnvironment({}) });
  expect([run.exitCode, run.signal]).toEqual([1, undefined]);
  return JSON.parse(run.stdout) as Answer;
}

describe('many files, read on several threads', () => {
  test('give their stages in the order of the paths, and the one that does not parse its line', async () => {
    const { stages, findings } = await discover();
    const paths = Array.from({ length: fileCount }, (_, index) => nameOf(index));
    expect(stages.map((stage) => stage.test)).toEqual(paths.filter((path) => path !== nameOf(broken)));
    expect(findings.filter(({ severity }) => severity === 'error')).toMatchObject([
      { file: nameOf(broken), line: 2 },
    ]);
  });

  test('give the same every time', async () => {
    const [first, second] = [await discover(), await discover()];
    const facts = (answer: Answer) =>
      answer.stages.map(({ key, test_file_sha256 }) => [key, test_file_sha256]);
    expect(facts(second)).toEqual(facts(first));
  });
});
