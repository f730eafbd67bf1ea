import { describe, expect, it } from 'vitest';

import { makeMetric } from '../domain/audit/snapshot-fixture.ts';
import { measured, novaStages, outcomeOf, repeatWorld, SESSION } from './repeat-world.ts';

const wrongPath = novaStages.map((stage) =>
  stage.key === 'nova_speed'
    ? { ...stage, metrics: { throughput_qps: makeMetric({ json_path: 'summary.qps' }) } }
    : stage,
);

/** A session halted over a path that its results do not have. */
async function haltedWorld() {
  const world = await repeatWorld({ stages: wrongPath });
  world.steps(`echo x >> "$WORLD/runs"; ${measured()}exit 0`);
  expect(outcomeOf(await world.run())).toMatchObject({ kind: 'halt', cause: { key: 'throughput_qps' } });
  return world;
}

describe('going on after a HALT', () => {
  it('reads the artifacts again with the corrected definitions, without another launch', async () => {
    const world = await haltedWorld();
    world.writeStages(novaStages);
    expect(outcomeOf(await world.run({ reextract: true, pass: 2 }))).toMatchObject({
      kind: 'complete',
      cells: { nova_speed: { symbol: '✓' } },
      launches: 0,
    });
    expect([world.read('runs'), world.observation('nova_speed')]).toMatchObject([
      'x\n',
      { status: 'ok', metrics: { throughput_qps: 4.2 }, attempt_history: [{ n: 1, outcome: 'ok' }] },
    ]);
  });

  it('finds what it read again committed the next time', async () => {
    const world = await haltedWorld();
    world.writeStages(novaStages);
    await world.run({ reextract: true, pass: 2 });
    expect(outcomeOf(await world.run({ reextract: true, pass: 2 }))).toMatchObject({ kind: 'complete' });
    expect(world.read('runs')).toBe('x\n');
  });

  it('halts again, without a launch, while the definitions are still wrong', async () => {
    const world = await haltedWorld();
    expect(outcomeOf(await world.run({ reextract: true, pass: 2 }))).toMatchObject({
      kind: 'halt',
      cause: { key: 'throughput_qps', text: expect.stringContaining('still so') },
      launches: 0,
    });
    expect(world.read('runs')).toBe('x\n');
  });

  it('halts again, without a launch, under the same limit, where the file is too large to be read', async () => {
    const world = await repeatWorld({ policies: { max_result_bytes: 50 } });
    world.steps(`echo x >> "$WORLD/runs"; ${measured()}exit 0`);
    const limit = /holds \d+ bytes, more than the limit of 50 \(max_result_bytes\)/;
    const halted = outcomeOf(await world.run());
    expect(halted).toMatchObject({ kind: 'halt', cause: { text: expect.stringMatching(limit) } });
    expect(halted).toMatchObject({
      cause: { config_key: expect.stringMatching(/^max_result_bytes, or/), steps: expect.any(Array) },
    });
    expect(JSON.stringify(halted)).toContain(`calib start --resume ${SESSION}`);
    expect(outcomeOf(await world.run({ reextract: true, pass: 2 }))).toMatchObject({
      kind: 'halt',
      cause: { text: expect.stringMatching(limit) },
      launches: 0,
    });
    expect(world.read('runs')).toBe('x\n');
  });

  it('launches anew when the result file itself was spoilt', async () => {
    const world = await repeatWorld();
    world.steps('exit 0');
    await world.run();
    world.steps(`${measured()}exit 0`);
    expect(outcomeOf(await world.run({ reextract: true, pass: 2 }))).toMatchObject({
      kind: 'complete',
      launches: 1,
    });
    expect((await world.attempts()).map(({ n }) => n)).toEqual([2]);
  });

  it('launches anew after pytest could not run the tests', async () => {
    const world = await repeatWorld();
    world.steps(`${measured()}exit 4`);
    await world.run();
    world.steps(`${measured()}exit 0`);
    expect(outcomeOf(await world.run({ reextract: true, pass: 2 }))).toMatchObject({ launches: 1 });
  });

  it('launches anew what was purged', async () => {
    const world = await haltedWorld();
    await world.purge('purge-1');
    world.writeStages(novaStages);
    expect(outcomeOf(await world.run({ reextract: true, pass: 2 }))).toMatchObject({ launches: 1 });
    expect(world.read('runs')).toBe('x\nx\n');
  });
});
