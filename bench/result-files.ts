import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

import { defaultMaxResultBytes } from '../src/domain/session/session-plan.ts';
import type * as Reader from '../src/host/results/read-document.ts';
import { figure } from './figure.ts';
import { printMachine } from './machine.ts';

/**
 * Reads result files of 60 MB, just below what a model allows by default, as a worker does: the aims are 5 s for ordinary
 * records, an event loop that is never held up for long, and an end within the time limit for what no memory holds. Measures
 * the built program, as users run it: from source the parser's process takes seconds to start.
 *
 *   npm run setup && npx tsx bench/result-files.ts
 */
const sizeBytes = 60_000_000;
const aimSeconds = 5;
const aimDelayMs = 200;

const shapes = {
  'ordinary records': '{"id": 1234, "latency_s": 0.8125, "text": "a sentence of some words", "ok": true}, ',
  numbers: '0.8125, ',
  'small objects': '{"a":{}},',
  'empty objects': '{},',
} as const;
type Shape = keyof typeof shapes;

const built = new URL('../dist/host/results/read-document.js', import.meta.url).href;
const { documentLimits, readDocument } = (await import(built)) as typeof Reader;

async function read(
  folder: string,
  shape: Shape,
): Promise<{ answer: Reader.DocumentAnswer; seconds: number }> {
  const handle = await open(join(folder, 'results.json'), 'w+');
  try {
    const element = shapes[shape];
    const block = element.repeat(Math.floor(1_000_000 / element.length));
    await handle.write('{"summary": {"wer": 0.25}, "samples": [');
    for (let size = 0; size + block.length < sizeBytes; size += block.length) await handle.write(block);
    await handle.write('{}]}');
    const wanted = [{ path: 'summary.wer', as: 'metric' }] as const;
    const file = { fd: handle.fd, sizeBytes: (await handle.stat()).size, wanted };
    const startedAt = performance.now();
    const answer = await readDocument(file, documentLimits(defaultMaxResultBytes));
    return { answer, seconds: (performance.now() - startedAt) / 1000 };
  } finally {
    await handle.close();
  }
}

printMachine();
const folder = await mkdtemp(join(tmpdir(), 'calib-bench-'));
try {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  for (const shape of Object.keys(shapes) as Shape[]) {
    const { answer, seconds } = await read(folder, shape);
    const outcome = answer.kind === 'readings' ? 'read' : answer.reason;
    console.log(`60 MB of ${shape}: ${outcome} after ${seconds.toFixed(2)} s`);
    const aim = shape === 'ordinary records' ? aimSeconds : null;
    figure({ name: `60 MB of ${shape}: ${answer.kind}`, value: seconds, unit: 's', aim });
  }
  delay.disable();
  const heldMs = delay.max / 1e6;
  console.log(`the event loop was held up for ${heldMs.toFixed(0)} ms at most (aim ${aimDelayMs})`);
  figure({ name: 'event loop held up while reading', value: heldMs, unit: 'ms', aim: aimDelayMs });
} finally {
  await rm(folder, { recursive: true, force: true });
}
