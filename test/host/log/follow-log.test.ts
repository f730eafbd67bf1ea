import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { followLog, type LogFollower, LogTail } from '../../../src/host/log/follow-log.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { propertyRuns } from '../../fixtures/property-runs.ts';

let path: string;
let follower: LogFollower;
let time: number;

beforeEach(() => {
  path = join(temporaryFolder(), 'run1.log');
  time = 1000;
  follower = followLog({ path, now: () => time });
});
afterEach(async () => {
  await follower.close();
});

describe('following a log', () => {
  it('waits for a log that does not exist yet', async () => {
    expect(await follower.look()).toEqual({
      grownBytes: 0,
      newMatches: [],
      becameReady: false,
      behind: false,
    });
  });

  it('reports only what was added since the last look', async () => {
    writeFileSync(path, 'Connection refused\n');
    await follower.look();
    appendFileSync(path, 'Segmentation fault\n');
    expect(await follower.look()).toMatchObject({
      grownBytes: 19,
      newMatches: [{ name: 'Segmentation fault', class: 'fatal', offset: 19 }],
    });
  });

  it('finds a signature whose halves were written before and after a look', async () => {
    writeFileSync(path, 'CUDA out of');
    await follower.look();
    appendFileSync(path, ' memory\n');
    expect((await follower.look()).newMatches).toMatchObject([{ name: 'CUDA out of memory' }]);
  });

  it('finds a signature that lies across its read buffer, in a line longer than the buffer', async () => {
    writeFileSync(path, `${'x'.repeat(64 * 1024 - 5)}Segmentation fault${'y'.repeat(200_000)}`);
    expect((await follower.look()).newMatches).toMatchObject([{ name: 'Segmentation fault', offset: 0 }]);
  });

  it('is not confused by bytes that are no UTF-8', async () => {
    writeFileSync(
      path,
      Buffer.concat([Buffer.from([0xff, 0xc3, 0x00, 0x0a]), Buffer.from('worker crashed\n')]),
    );
    await follower.look();
    expect(follower.state).toMatchObject({ bytes: 19, matches: [{ name: 'worker crashed', offset: 4 }] });
  });

  it('notes when it saw the first readiness line', async () => {
    writeFileSync(path, 'INFO: loading\n');
    await follower.look();
    time = 5000;
    appendFileSync(path, 'INFO:     Application startup complete.\n');
    const { becameReady } = await follower.look();
    time = 9000;
    appendFileSync(path, 'INFO:     Uvicorn running on http://127.0.0.1:8000\n');
    await follower.look();
    expect([becameReady, follower.state.readyAtMs]).toEqual([true, 5000]);
  });

  it('does not list readiness among the signatures', async () => {
    writeFileSync(path, 'Application startup complete\n');
    expect((await follower.look()).newMatches).toEqual([]);
  });

  it('moves the time of growth only when the log grew', async () => {
    writeFileSync(path, 'a\n');
    time = 2000;
    await follower.look();
    time = 3000;
    await follower.look();
    expect(follower.state.lastGrowthAtMs).toBe(2000);
  });

  it('starts over when the log became shorter, and keeps what it had found', async () => {
    writeFileSync(path, 'Connection refused and more\n');
    await follower.look();
    truncateSync(path, 0);
    appendFileSync(path, 'new\n');
    await follower.look();
    expect(follower.state).toMatchObject({ bytes: 4, matches: [{ name: 'Connection refused' }] });
  });

  it('rebuilds the same state from the start, as an adopting worker does', async () => {
    writeFileSync(path, 'Connection refused\n');
    await follower.look();
    appendFileSync(path, 'All workers failed\n');
    await follower.look();
    const adopter = followLog({ path, now: () => time });
    await adopter.look();
    await adopter.close();
    expect(adopter.state.matches).toEqual(follower.state.matches);
  });
});

describe('a log that grows faster than it is read', () => {
  const mib = 1024 * 1024;

  it('is read in looks of bounded size, and says that there is more', async () => {
    writeFileSync(path, '');
    truncateSync(path, 20_000 * mib);
    expect(await follower.look()).toMatchObject({ grownBytes: 8 * mib, behind: true });
    expect(follower.state).toMatchObject({ bytes: 8 * mib, sizeBytes: 20_000 * mib });
  });

  it('loses nothing between two looks', async () => {
    writeFileSync(path, `${'x'.repeat(8 * mib - 5)}Segmentation fault\n`);
    expect((await follower.look()).newMatches).toEqual([]);
    expect(await follower.look()).toMatchObject({
      newMatches: [{ name: 'Segmentation fault' }],
      behind: false,
    });
  });

  it('ends where it ended when its pytest did, its long middle passed over', async () => {
    writeFileSync(path, 'Connection refused\n');
    truncateSync(path, 2000 * mib);
    appendFileSync(path, '\nCUDA out of memory\n');
    const skipped = await follower.finish();
    expect([skipped > 1900 * mib, follower.state.matches.map(({ name }) => name)]).toEqual([
      true,
      ['Connection refused', 'CUDA out of memory'],
    ]);
  });
});

describe('the tail of a log', () => {
  it('keeps the last 200 lines', async () => {
    writeFileSync(path, Array.from({ length: 500 }, (_, i) => `line ${i}\n`).join(''));
    await follower.look();
    const lines = follower.tail().split('\n');
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([200, 'line 300', 'line 499']);
  });

  it('keeps at most 64 KiB of a very long line', async () => {
    writeFileSync(path, 'x'.repeat(1_000_000));
    await follower.look();
    expect(follower.tail().length).toBe(64 * 1024);
  });

  it('is the same however the stream is cut', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 30_000 }), { maxLength: 10 });
    fc.assert(
      fc.property(pieces, (cut) => {
        const [whole, inPieces] = [new LogTail(), new LogTail()];
        whole.push(Buffer.concat(cut));
        for (const piece of cut) inPieces.push(piece);
        expect(inPieces.text()).toBe(whole.text());
      }),
      { numRuns: propertyRuns(50) },
    );
  });
});
