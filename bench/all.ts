import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import Table from 'cli-table3';
import { execa } from 'execa';
import { z } from 'zod';

import { figuresVariable } from './figure.ts';
import { machine, machineLine } from './machine.ts';

/**
 * Every bench of this folder, one after the other; one table on stdout, and the same as JSON in `.calib/bench.json`.
 *
 *   npm run bench
 */
const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));
const notBenches = new Set(['all.ts', 'calib-up.ts', 'figure.ts', 'machine.ts', 'server-latency.ts']);

const figureSchema = z.object({
  name: z.string(),
  value: z.number(),
  unit: z.string(),
  aim: z.number().nullable(),
});

async function figuresOf(bench: string, folder: string) {
  const file = join(folder, `${basename(bench, '.ts')}.jsonl`);
  await writeFile(file, '');
  const { exitCode } = await execa(join(root, 'node_modules/.bin/tsx'), [join(here, bench)], {
    env: { [figuresVariable]: file },
    stdio: ['ignore', process.stderr, process.stderr],
    reject: false,
  });
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  const figures = lines.map((line) => figureSchema.parse(JSON.parse(line)));
  return { bench: basename(bench, '.ts'), exit_code: exitCode ?? null, figures };
}

function verdict(value: number, aim: number | null): string {
  if (aim === null) return '';
  return value <= aim ? 'met' : 'NOT MET';
}

const folder = await mkdtemp(join(tmpdir(), 'calib-bench-'));
const ranOn = machine();
try {
  const benches = (await readdir(here))
    .filter((name) => name.endsWith('.ts') && !notBenches.has(name))
    .sort();
  const results = [];
  for (const bench of benches) {
    console.error(`bench: ${basename(bench, '.ts')} …`);
    results.push(await figuresOf(bench, folder));
  }
  const table = new Table({ head: ['bench', 'figure', 'value', 'aim', ''], style: { head: [], border: [] } });
  for (const { bench, figures } of results) {
    for (const { name, value, unit, aim } of figures) {
      const shown = value >= 100 ? value.toFixed(0) : value.toFixed(2);
      table.push([bench, name, `${shown} ${unit}`, aim === null ? '' : `≤ ${aim}`, verdict(value, aim)]);
    }
  }
  console.log(machineLine(ranOn));
  console.log(table.toString());
  await mkdir(join(root, '.calib'), { recursive: true });
  await writeFile(
    join(root, '.calib/bench.json'),
    `${JSON.stringify({ machine: ranOn, results }, null, 2)}\n`,
  );
  const missed = results.some(({ figures }) => figures.some(({ value, aim }) => aim !== null && value > aim));
  process.exitCode = missed || results.some(({ exit_code: code }) => code === null) ? 1 : 0;
} finally {
  await rm(folder, { recursive: true, force: true });
}
