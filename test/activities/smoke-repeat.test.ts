import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { runPaths } from '../../src/host/run-directory/paths.ts';
import { GOOD, measured, NAMESPACE, outcomeOf, repeatWorld } from './repeat-world.ts';

const counted = 'echo x >> "$WORLD/runs"; ';

describe('the one launch of a unit in a smoke', () => {
  it('says what it saw and commits nothing', async () => {
    const world = await repeatWorld({ purpose: 'smoke' });
    world.steps(`${measured()}exit 0`);
    expect(outcomeOf(await world.run())).toMatchObject({
      kind: 'seen',
      cells: {},
      launches: 1,
      seen: {
        ok: true,
        lines: expect.arrayContaining([expect.stringMatching(/^pytest passed after \d+ s/)]) as string[],
      },
    });
    expect(world.observation('nova_speed')).toBeNull();
    expect(existsSync(runPaths.commitMarker(world.runDir, NAMESPACE, 1))).toBe(false);
    const file = runPaths.smoke(world.runDir, NAMESPACE, 1);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ schema: 'calib.smoke/1', ok: true });
  });

  it.each([
    ['a crash', 'exit 139', 'pytest ended: exit 139 (segfault)'],
    ['missing samples', `${measured({ ...GOOD, completed: 4 })}exit 1`, 'samples=4/5'],
    ['a usage error', 'exit 4', 'exit 4 (usage error)'],
    ['missing results', 'exit 0', 'the file does not exist'],
  ])('is not repeated after %s', async (_case, steps, said) => {
    const world = await repeatWorld({ purpose: 'smoke' });
    world.steps(`${counted}${steps}`);
    const outcome = outcomeOf(await world.run());
    expect(outcome).toMatchObject({ kind: 'seen', seen: { ok: false } });
    expect(JSON.stringify(outcome)).toContain(said);
    // The activity again, as after a worker that died before it could answer.
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'seen', launches: 0, seen: { ok: false } });
    expect(world.read('runs')).toBe('x\n');
  });

  it('hands its purpose to what adds arguments and variables of calib’s own', async () => {
    const launchExtras = ({ purpose }: { purpose: string }) => ({
      pytestArgs: [`--from=${purpose}`],
      environment: { CALIB_OBSERVED: purpose },
      pythonPath: ['/opt/plugin'],
    });
    for (const purpose of ['smoke', 'calibration'] as const) {
      const world = await repeatWorld({ purpose, deps: { launchExtras } });
      world.steps(`echo "$* $CALIB_OBSERVED $PYTHONPATH" > "$WORLD/seen"; ${measured()}exit 0`);
      await world.run();
      expect(world.read('seen')).toMatch(new RegExp(`--from=${purpose} ${purpose} .*:/opt/plugin\n$`));
    }
  });
});
