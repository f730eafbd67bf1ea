import { createColors } from 'picocolors';
import { describe, expect, it } from 'vitest';

import type { LiveRepeat } from '../../src/cli/session/live-repeats.ts';
import {
  changeKey,
  progressEvent,
  progressLine,
  progressLines,
} from '../../src/cli/commands/watch/progress.ts';
import {
  policiesSchema,
  type SessionPlan,
  sessionPlanSchema,
} from '../../src/domain/session/session-plan.ts';
import { type SessionState, initialState } from '../../src/domain/session/session-state.ts';

const plain = createColors(false);
const now = new Date('2026-04-23T05:02:00Z');

function planOf(keys: string[], repeats: number): SessionPlan {
  return sessionPlanSchema.parse({
    schema: 'calib.session/1',
    session_id: '20260423T050000Z_view',
    label: 'view',
    model: 'voice',
    repeats,
    git_sha: 'a'.repeat(40),
    git_branch: 'main',
    dirty: false,
    tree_fingerprint: 'f',
    repo_root: '/repo',
    run_dir: '/repo/.tune-runs/20260423T050000Z_view',
    host: null,
    hostname: 'here',
    venv_python: '/venv/bin/python',
    venv_source: 'flag',
    catalog_dir: '/catalog',
    stages_yaml: '/catalog/models/voice/stages.yaml',
    stages_yaml_sha256: 's',
    file_sha256: {},
    environment: {},
    task_queues: { home: 'calib-home-here', repeats: 'calib-repeats-here' },
    units: [{ namespace: 'test_voice_ci', test: 'tests/test_voice_ci.py', env: {}, gpus: 1, stages: keys }],
    stages: keys.map((key) => ({ key, title: key, group: 'wer', metrics: ['wer'], expected_samples: 4 })),
    policies: policiesSchema.parse({}),
    precheck: { skip: false, skip_version_check: false },
    calib_version: '0.1.0',
  });
}

function runningState(plan: SessionPlan): SessionState {
  const state = initialState(plan, '2026-04-23T05:00:00Z');
  state.phase = { kind: 'calibrating' };
  state.active.push({
    namespace: 'test_voice_ci',
    repeat: 2,
    pass: 1,
    started_at: '2026-04-23T05:01:18Z',
    reextract: false,
  } as SessionState['active'][number]);
  return state;
}

function sign(heartbeat: Partial<LiveRepeat['heartbeat']>, rest: Partial<LiveRepeat> = {}): LiveRepeat {
  return {
    key: 'test_voice_ci#2',
    queued: false,
    lastFailure: null,
    heartbeat: {
      state: 'running',
      text: 'pytest runs',
      attempt: 1,
      launch_dir: '/x',
      seconds: 42,
      ...heartbeat,
    },
    ...rest,
  };
}

describe('the live view', () => {
  it('shows counts, phase, matrix, what runs and for how long', () => {
    const plan = planOf(['voice_wer', 'voice_speed'], 3);
    const state = runningState(plan);
    state.symbols['voice_wer'] = '✓△—';
    const lines = progressLines({ plan, state, live: [], now }, { columns: 80, rows: 24 }, plain);
    expect(lines).toMatchInlineSnapshot(`
      [
        "1/6 strict ✓ · elapsed 2 min 00 s · commit aaaaaaaaaaaa",
        "calibrating",
        "",
        "  voice_wer    ✓ △ —",
        "  voice_speed  — — —",
        "",
        "  running test_voice_ci · repeat 2/3 · 42 s",
      ]
    `);
  });

  it('no line but the phase is longer than the terminal is wide, and keys keep both ends', () => {
    const key = `a_very_long_test_name_${'x'.repeat(60)}_nonstream_similarity`;
    const plan = planOf([key], 30);
    const lines = progressLines(
      { plan, state: runningState(plan), live: [], now },
      { columns: 60, rows: 24 },
      plain,
    );
    expect(lines.filter((line) => line.length > 60)).toEqual([]);
    expect(lines[3]).toMatch(/^ {2}a_very_.*….*similarity {2}—{30}$/);
  });

  it('ends with the newest milestones, where there is room for them', () => {
    const plan = planOf(['voice_wer'], 3);
    const state = runningState(plan);
    const milestones = ['one', 'two', 'three', 'four', 'five'].map((text) => `2026-04-23T05:01:00Z ${text}`);
    const view = (rows: number) =>
      progressLines({ plan, state, live: [], milestones, now }, { columns: 80, rows }, plain);
    expect(view(24).slice(-5)).toEqual(['', ...milestones.slice(1)]);
    expect(view(24).length).toBeLessThanOrEqual(24);
    expect(view(12).join('\n')).not.toContain('five');
  });

  it('wraps a long line instead of cutting its end, where the remedy stands', () => {
    const plan = planOf(['voice_wer'], 3);
    const text = `HALT: ${'the file does not exist '.repeat(5)}— config key metric_sources.test_voice_ci.py.json_file`;
    const view = progressLines(
      { plan, state: runningState(plan), live: [], milestones: [text], now },
      { columns: 60, rows: 24 },
      plain,
    );
    const shown = view.join('').replaceAll('    ', '');
    expect(shown).toContain(text);
    for (const line of view) expect(line.length).toBeLessThanOrEqual(60);
  });

  it('fits the height: complete stages give way first, and the rest is counted', () => {
    const keys = Array.from({ length: 40 }, (_, index) => `stage${index}_wer`);
    const plan = planOf(keys, 1);
    const state = runningState(plan);
    for (const key of keys.slice(0, 30)) state.symbols[key] = '✓';
    const lines = progressLines({ plan, state, live: [], now }, { columns: 80, rows: 20 }, plain);
    expect(lines.length).toBeLessThan(20);
    for (const key of keys.slice(30)) expect(lines.some((line) => line.includes(`${key} `))).toBe(true);
    expect(lines.find((line) => line.includes('more stages'))).toBe(
      '  … and 27 more stages, 27 of them complete',
    );
  });

  it('says what is waited for: the GPU and who holds it, the next attempt, or a worker', () => {
    const plan = planOf(['voice_wer'], 3);
    const state = runningState(plan);
    const last = (live: LiveRepeat[]) =>
      progressLines({ plan, state, live, now }, { columns: 80, rows: 24 }, plain).at(-1);
    const text = 'GPU 0: 71000 MiB, pid 7 of ann: python train.py';
    expect(last([sign({ state: 'waiting', text, seconds: 95 })])).toBe(`  waiting 1 min 35 s: ${text}`);
    expect(last([sign({ attempt: 1 }, { queued: true, lastFailure: 'OOM\nstack' })])).toBe(
      '  waiting for the next attempt, after: OOM',
    );
    expect(last([{ heartbeat: null, key: null, queued: true, lastFailure: null }])).toBe(
      '  waiting for a free lane of a worker on calib-repeats-here',
    );
  });

  it('shows a start-up that takes longer than usual while it lasts', () => {
    const plan = planOf(['voice_wer'], 3);
    const live = [sign({ starting_s: 75 })];
    const lines = progressLines(
      { plan, state: runningState(plan), live, now },
      { columns: 120, rows: 24 },
      plain,
    );
    expect(lines.at(-1)).toContain('SLOW START-UP: not ready after 1 min 15 s');
  });

  it('shows what the processes of a silent run do', () => {
    const live = [sign({ silent_s: 130, processes: 'processes: 1 waiting for I/O (D)' })];
    const plan = planOf(['voice_wer'], 3);
    const lines = progressLines(
      { plan, state: runningState(plan), live, now },
      { columns: 160, rows: 24 },
      plain,
    );
    expect(lines.at(-1)).toContain('log silent for 2 min 10 s · processes: 1 waiting for I/O (D)');
  });

  it('names a later attempt and a silent log', () => {
    const plan = planOf(['voice_wer'], 3);
    const live = [sign({ attempt: 3, silent_s: 130 })];
    const lines = progressLines(
      { plan, state: runningState(plan), live, now },
      { columns: 100, rows: 24 },
      plain,
    );
    expect(lines.at(-1)).toBe(
      '  running test_voice_ci · repeat 2/3 · attempt 3 · log silent for 2 min 10 s · 42 s',
    );
  });
});

describe('the line-by-line view', () => {
  it('holds the same on one line', () => {
    const plan = planOf(['voice_wer'], 3);
    const live = [sign({ state: 'waiting', text: 'GPU 0 is taken', seconds: 30 })];
    expect(progressLine({ plan, state: runningState(plan), live, now })).toBe(
      '2026-04-23T05:02:00Z  0/3 strict ✓  calibrating  test_voice_ci · repeat 2/3 (42 s)  waiting 30 s: GPU 0 is taken',
    );
  });

  it('passing time is no change, a new state of a repeat is', () => {
    const plan = planOf(['voice_wer'], 3);
    const state = runningState(plan);
    const at = (live: LiveRepeat[], later = now) => changeKey({ plan, state, live, now: later });
    expect(at([sign({ seconds: 1 })])).toBe(at([sign({ seconds: 2 })], new Date(now.getTime() + 5000)));
    expect(at([sign({ state: 'waiting' })])).not.toBe(at([sign({ state: 'running' })]));
    expect(at([sign({ attempt: 1 })])).not.toBe(at([sign({ attempt: 2 })]));
  });

  it('as JSON it is one plain object', () => {
    const plan = planOf(['voice_wer'], 3);
    const event = progressEvent({ plan, state: runningState(plan), live: [sign({})], now });
    expect(JSON.parse(JSON.stringify(event))).toMatchObject({
      session: plan.session_id,
      state: 'calibrating',
      strict: 0,
      total: 3,
      active: [{ namespace: 'test_voice_ci', repeat: 2 }],
      repeats: [{ state: 'running', attempt: 1, queued: false, last_failure: null }],
    });
  });

  it('names the hosts of a pool that do not take part, and why; and that nobody does', () => {
    const plan = { ...planOf(['voice_wer'], 2), pool: 'lab' };
    const state = runningState(plan);
    state.pool = {
      standard: null,
      dispatches: 0,
      hosts: { 'gpu-2': { state: 'refused', since: '2026-04-23T05:00:00Z', reason: 'HEAD moved' } },
    };
    const texts = ['host gpu-2 is refused: HEAD moved', 'no host of pool lab takes part yet'];
    const line = progressLine({ plan, state, live: [], now });
    for (const text of texts) expect(line).toContain(text);
    const view = progressLines({ plan, state, live: [], now }, { columns: 80, rows: 40 }, plain);
    for (const text of texts) expect(view).toContain(`  ${text}`);
  });
});
