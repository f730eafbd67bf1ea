import { describe, expect, it } from 'vitest';

import { commandSchema, parseCommand, takeCommand } from '../../../src/domain/session/commands.ts';
import { setCell } from '../../../src/domain/session/matrix.ts';
import { sessionBounds } from '../../../src/domain/session/session-bounds.ts';
import { addNote, initialState } from '../../../src/domain/session/session-state.ts';
import { auditWithinBudget, sizeOf, withinBudget } from '../../../src/domain/session/state-budget.ts';
import { sampleSessionPlan } from './sample-session-plan.ts';

const at = '2026-04-23T05:00:00Z';
/** Three bytes a character, the most that a text can take. */
const wide = (length: number) => '東'.repeat(length);

/** Every list at its bound and every word at its longest. */
function fullState() {
  const units = Array.from({ length: 60 }, (_, index) => ({
    namespace: `test_${index}_ci`,
    stages: [`stage_${index}_a`, `stage_${index}_b`],
  }));
  const plan = sampleSessionPlan({ units, repeats: 50 });
  const state = initialState(plan, at);
  for (let count = 0; count < 300; count += 1) {
    addNote(state, at, wide(10_000));
    takeCommand(plan, state, { kind: 'pause', id: `${count}${wide(190)}` });
    takeCommand(plan, state, {
      kind: 'purge',
      id: `p${count}`,
      stage: wide(4096),
      repeat: 1,
      reason: wide(1000),
    });
  }
  for (const { namespace, stages } of units) {
    for (let repeat = 1; repeat <= 50; repeat += 1) {
      for (const stage of stages) setCell(state, stage, repeat, { symbol: '✗', reason: wide(5000) });
      state.open[`${namespace}#${repeat}`] = { reason: wide(1000), passes_alike: 1, launches: 4 };
      state.purges.push({ command_id: `p${repeat}`, namespace, repeat, reason: wide(1000) });
    }
  }
  state.abort_requested = wide(1000);
  state.precheck = { ok: false, errors: Array.from({ length: 200 }, () => wide(500)), warnings: [wide(500)] };
  state.phase = { kind: 'halted', since: at, cause: { text: wide(5000), namespace: null, repeat: null } };
  return { plan, state };
}

describe('the state that is handed on to the next history', () => {
  it('fits into a payload with everything at its bound, and loses nothing but words', () => {
    const { plan, state } = fullState();
    expect(sizeOf({ plan, state })).toBeGreaterThan(2 * 1024 * 1024);
    const carried = withinBudget(plan, state);
    expect(sizeOf({ plan, state: carried })).toBeLessThan(2_000_000);
    expect([carried.marks, carried.symbols, carried.pass]).toEqual([state.marks, state.symbols, state.pass]);
    expect(
      carried.purges.map(({ command_id, namespace, repeat }) => [command_id, namespace, repeat]),
    ).toEqual(state.purges.map(({ command_id, namespace, repeat }) => [command_id, namespace, repeat]));
    expect(Object.keys(carried.open)).toEqual(Object.keys(state.open));
  });

  it.each([
    [2000, 5],
    [200, 50],
    [10, 1000],
  ])('fits with %i stages of %i repeats, each cell with a long reason', (stages, repeats) => {
    expect(stages * repeats).toBe(sessionBounds.cells);
    const perUnit = Math.ceil(stages / sessionBounds.units);
    const units = Array.from({ length: Math.ceil(stages / perUnit) }, (_, unit) => ({
      namespace: `test_a_long_name_of_a_unit_${unit}_ci`,
      stages: Array.from({ length: perUnit }, (_each, n) => `a_long_name_of_a_stage_${unit}_${n}`),
    }));
    const plan = sampleSessionPlan({ units, repeats });
    const state = initialState(plan, at);
    for (const { namespace, stages: keys } of units) {
      for (let repeat = 1; repeat <= repeats; repeat += 1) {
        for (const key of keys) setCell(state, key, repeat, { symbol: '✗', reason: wide(5000) });
        state.open[`${namespace}#${repeat}`] = { reason: wide(1000), passes_alike: 1, launches: 4 };
      }
    }
    const carried = withinBudget(plan, state);
    expect(sizeOf({ plan, state: carried })).toBeLessThan(2_000_000);
    expect(carried.symbols).toEqual(state.symbols);
    expect(Object.keys(carried.reasons)).toHaveLength(stages);
  });

  it('is the same object where it is small', () => {
    const plan = sampleSessionPlan();
    const state = initialState(plan, at);
    expect(withinBudget(plan, state)).toBe(state);
  });

  it('keeps every answer that somebody still waits for', () => {
    const { plan, state } = fullState();
    state.replies[0] = { id: 'waiting', reply: { accepted: true, message: wide(1000) }, settled: false };
    expect(withinBudget(plan, state).replies.map(({ id }) => id)).toContain('waiting');
  });

  it('is measured as the server does', () => {
    const value = { a: 'é東👩\u0000', b: [1, null] };
    expect(sizeOf(value)).toBe(Buffer.byteLength(JSON.stringify(value)));
  });
});

describe('what a resume finds on the disk', () => {
  const unrun = { symbol: '—' as const, reason: 'missing file' };
  const broken = { symbol: '✗' as const, reason: wide(200), incomplete: wide(200) };
  const audit = {
    cells: Object.fromEntries(
      Array.from({ length: 200 }, (_, stage) => [
        `stage_${stage}`,
        Array.from({ length: 50 }, (__, k) => (k === 49 ? unrun : broken)),
      ]),
    ),
    provenance: { missing_sha: [], mismatches: [] },
  };

  it('fits into one payload with every cell broken, and keeps which cells are broken and which were not run', () => {
    const fitting = auditWithinBudget(audit);
    expect(sizeOf(audit)).toBeGreaterThan(10_000_000);
    expect(sizeOf(fitting)).toBeLessThanOrEqual(1_400_000);
    const symbols = (from: typeof audit.cells) =>
      Object.values(from).map((row) => row.map(({ symbol }) => symbol).join(''));
    expect(Object.values(fitting.cells).map((row) => row.map(({ symbol }) => symbol).join(''))).toEqual(
      symbols(audit.cells),
    );
    expect(fitting.cells['stage_0']?.[49]).toEqual(unrun);
    expect(fitting.cells['stage_0']?.[0]?.reason).toMatch(/^東*…/);
  });

  it('stays as it is where it fits', () => {
    const small = { ...audit, cells: { stage_0: [broken, unrun] } };
    expect(auditWithinBudget(small)).toEqual(small);
  });
});

describe('a command that is too long', () => {
  it.each([
    ['a stage', 'purge', { stage: 's'.repeat(1_500_000), repeat: 1 }],
    ['an id', 'pause', { id: 'i'.repeat(1_500_000) }],
    ['a decision', 'apply', { mode: 'smart', decide: { a: 'n'.repeat(1_500_000) } }],
    ['the name of one', 'apply', { mode: 'smart', decide: { ['m'.repeat(1_500_000)]: 'keep' } }],
    [
      'a list of them',
      'apply',
      {
        mode: 'smart',
        decide: Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`m${n}`, 'keep'])),
      },
    ],
  ] as const)('by %s is refused with a short answer', (_case, kind, payload) => {
    const parsed = parseCommand(kind, payload, 'id');
    expect(parsed.ok ? null : parsed.message.length < 2100).toBe(true);
  });

  it('grows no state by an unknown stage of the longest kind', () => {
    const plan = sampleSessionPlan();
    const state = initialState(plan, at);
    const command = commandSchema.parse({ kind: 'purge', id: 'x', stage: 's'.repeat(4096), repeat: 1 });
    state.phase = { kind: 'calibrating' };
    expect(takeCommand(plan, state, command).message.length).toBeLessThan(1100);
  });
});
