import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { speakerSimFiles, type SpeakerSimFacts } from '../../domain/precheck/speaker-sim.ts';

/** What lies in a speaker-similarity folder; the bootstrap itself is never started (spec 04 §7, §10 gate 6). */
export async function readSpeakerSim(dir: string): Promise<SpeakerSimFacts> {
  const [marker, ...sizes] = await Promise.all([
    readFile(join(dir, '.complete'), 'utf8').catch(() => null),
    ...speakerSimFiles.map((name) =>
      stat(join(dir, name)).then(
        (stats) => (stats.isFile() ? stats.size : null),
        () => null,
      ),
    ),
  ]);
  return {
    dir,
    marker,
    sizes: { 'wavlm_large.pt': sizes[0] ?? null, 'wavlm_large_finetune.pth': sizes[1] ?? null },
  };
}
