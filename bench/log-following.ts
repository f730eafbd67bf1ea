import { createWriteStream } from 'node:fs';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';

import { figure } from './figure.ts';
import { printMachine } from './machine.ts';
import { followLog } from '../src/host/log/follow-log.ts';

/**
 * Follows a log of 2 GB as a worker does, while it grows: the aims are memory below 300 MB, each byte read once, and a
 * fatal line seen within two seconds.
 *
 *   npx tsx bench/log-following.ts [gigabytes]
 */
const gigabytes = Number(process.argv[2] ?? 2);
const pieceBytes = 16 * 1024 * 1024;
/** As often as a launch is looked at while nothing happens in its folder. */
const lookEveryMs = 500;
const aimMemoryMib = 300;
const aimReactionMs = 2000;

/** Progress bars, request logs and JSON, as servers print them. */
function piece(): Buffer {
  const line =
    'INFO:     127.0.0.1:51234 - "POST /v1/chat/completions HTTP/1.1" 200 OK\n' +
    'Evaluating:  42%|████▏     | 840/2000 [03:12<04:25,  4.37it/s]\r' +
    '{"id": "sample-000840", "latency_s": 2.1814, "text": "the quick brown fox jumps over the lazy dog"}\n';
  const bytes = Buffer.from(line);
  return Buffer.concat(
    Array.from({ length: Math.ceil(pieceBytes / bytes.length) }, () => bytes),
    pieceBytes,
  );
}

printMachine();
const folder = await mkdtemp(join(tmpdir(), 'calib-bench-log-'));
const path = join(folder, 'run1.attempt1.log');
try {
  await writeFile(path, '');
  const log = followLog({ path });
  let peakMib = 0;
  let looks = 0;
  let read = 0;
  let lookMs = 0;
  let cpuSeconds = 0;
  const look = async () => {
    const startedAt = performance.now();
    const cpuBefore = process.cpuUsage();
    read += (await log.look()).grownBytes;
    lookMs += performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpuBefore);
    cpuSeconds += (user + system) / 1e6;
    looks += 1;
    peakMib = Math.max(peakMib, process.memoryUsage.rss() / 2 ** 20);
  };
  const writer = createWriteStream(path, { flags: 'a' });
  const content = piece();
  const pieces = Math.round((gigabytes * 2 ** 30) / pieceBytes);
  let next = performance.now() + lookEveryMs;
  for (let written = 0; written < pieces; written += 1) {
    if (!writer.write(content)) await new Promise<void>((resolve) => writer.once('drain', () => resolve()));
    if (performance.now() < next) continue;
    await look();
    next = performance.now() + lookEveryMs;
  }
  writer.end();
  await finished(writer);
  await look();
  await appendFile(path, 'CUDA error: an illegal memory access was encountered\n');
  const fatalAt = performance.now();
  await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  await look();
  const reactionMs = performance.now() - fatalAt;
  const [match] = log.state.matches;
  await log.close();
  const onDisk = pieces * pieceBytes;
  const good = peakMib < aimMemoryMib && reactionMs < aimReactionMs && match?.class === 'fatal';
  console.log(
    `${(onDisk / 2 ** 30).toFixed(1)} GiB followed in ${looks} looks: ${(lookMs / 1000).toFixed(1)} s of reading ` +
      `(${(onDisk / 2 ** 20 / (lookMs / 1000)).toFixed(0)} MiB/s) with ${cpuSeconds.toFixed(1)} s of CPU, ${(read / onDisk).toFixed(4)} reads a byte, ` +
      `at most ${peakMib.toFixed(0)} MiB of memory (aim ${aimMemoryMib}); ` +
      `"${match?.name ?? 'nothing'}" found ${reactionMs.toFixed(0)} ms after it was written (aim ${aimReactionMs})`,
  );
  figure({ name: 'memory while following 2 GiB', value: peakMib, unit: 'MiB', aim: aimMemoryMib });
  // What the writer of this bench still has to write meanwhile is in it.
  figure({ name: 'CPU while following 2 GiB', value: cpuSeconds, unit: 's', aim: null });
  figure({ name: 'reads of each byte', value: read / onDisk, unit: 'ratio', aim: 1.001 });
  figure({ name: 'fatal line found after', value: reactionMs, unit: 'ms', aim: aimReactionMs });
  process.exitCode = good ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
