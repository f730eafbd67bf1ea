import { describe, expect, test } from 'vitest';

import { boundedLines } from '../../../src/domain/session/milestones.ts';
import { etaSeconds, openRepeats } from '../../../src/domain/session/schedule.ts';
import {
  phaseLine,
  sessionDetails,
  sessionLine,
  sessionStatus,
  unitsProgress,
} from '../../../src/domain/session/session-view.ts';
import { type Phase, type SessionState, initialState } from '../../../src/domain/session/session-state.ts';
import { takeStartupReport } from '../../../src/domain/session/startup-report.ts';
import { sampleSessionPlan } from './sample-session-plan.ts';

const at = '2026-04-23T05:00:00Z';
const plan = sampleSessionPlan();
const cause = { text: 'no results.json', namespace: 'test_alpha_ci', repeat: 1 };

function state(change: Partial<SessionState> = {}): SessionState {
  return { ...initialState(plan, at), phase: { kind: 'calibrating' }, ...change };
}

const active = {
  namespace: 'test_beta_ci',
  repeat: 1,
  pass: 1,
  started_at: at,
  reextract: false,
  waits_for: null,
};

const halfDone = state({
  marks: { test_alpha_ci: 'do', test_beta_ci: 'r.' },
  symbols: { alpha_wer: '✓△', alpha_speed: '✓△', beta_accuracy: '——' },
  reasons: { alpha_wer: { '2': 'partial samples (9/10)' }, alpha_speed: { '2': 'partial samples (9/10)' } },
  open: { 'test_alpha_ci#2': { reason: 'partial samples (9/10)', passes_alike: 1, launches: 2 } },
  durations: { test_alpha_ci: { sum_s: 120, count: 1 }, test_beta_ci: { sum_s: 60, count: 2 } },
  active: [active],
  launches: 4,
});

describe('what a session says it does', () => {
  test.each<[Phase, string]>([
    [{ kind: 'opening' }, 'opening the run directory'],
    [{ kind: 'paused', since: at }, `paused since ${at}: \`resume\` continues`],
    [{ kind: 'halted', since: at, cause }, `HALTED since ${at}: no results.json`],
    [
      { kind: 'blocked', since: at, cause: 'budget-spent', reason: '1 missing' },
      `BUDGET SPENT since ${at}: 1 missing`,
    ],
    [
      { kind: 'blocked', since: at, cause: 'same-failure', reason: '1 missing' },
      `REPEATED FAILURE since ${at}: 1 missing`,
    ],
    [{ kind: 'blocked', since: at, cause: 'report', reason: 'refused' }, `BLOCKED since ${at}: refused`],
    [
      { kind: 'blocked', since: at, cause: 'no-worker', reason: 'no worker polls q' },
      `NO WORKER since ${at}: no worker polls q`,
    ],
    [
      { kind: 'completed', report: '/r', decision: 'smart', applied: 2, changes: [] },
      'completed (smart, 2 literal(s) changed)',
    ],
  ])('%j', (phase, line) => {
    expect(phaseLine(phase)).toBe(line);
  });

  test('puts an abort on its way before the phase that it ends', () => {
    expect(sessionLine(state({ abort_requested: 'enough' }))).toBe(
      'aborting (enough): waiting for the running pytest to stop',
    );
    expect(
      sessionLine(state({ abort_requested: 'enough', phase: { kind: 'aborted', reason: 'enough' } })),
    ).toBe('aborted: enough');
  });
});

describe('the live details', () => {
  test('show phase, strict count, what runs, what is open, matrix and notes', () => {
    const text = sessionDetails(plan, { ...halfDone, notes: [{ at, text: 'purged x' }] });
    expect(text).toBe(`**calibrating**

2/6 cells strict ✓ · 2 repeats · commit \`${plan.git_sha}\` · pass 1 of 3

- running: test_beta_ci · repeat 1/2 since ${at}
- open: test_alpha_ci · repeat 2 after 2 launch(es): partial samples (9/10)

| stage | repeats |
| --- | --- |
| alpha_wer | ✓ △ |
| alpha_speed | ✓ △ |
| beta_accuracy | — — |

- ${at} purged x`);
  });

  test('show a foreign name in a note instead of rendering it', () => {
    const text = sessionDetails(plan, {
      ...halfDone,
      notes: [{ at, text: 'no key <img src=x> [a](http://x)\u001b[2J' }],
    });
    expect(text).toContain(String.raw`no key &lt;img src=x> [a]\(http://x)\x1b[2J`);
  });

  test('of a completed session list what was changed', () => {
    const changes = ['tests/limits.py:WER_MAX = 0.04'];
    const phase: Phase = { kind: 'completed', report: '/r', decision: 'full', applied: 1, changes };
    expect(sessionDetails(plan, state({ phase }))).toContain('- `tests/limits.py:WER_MAX = 0.04`');
  });

  test('say what a repeat waits for instead of that it runs', () => {
    const waiting = state({ active: [{ ...active, waits_for: 'a free lane' }] });
    expect(sessionDetails(plan, waiting)).toContain('- waiting for a free lane: test_beta_ci · repeat 1/2');
  });

  test('stay readable with hundreds of stages', () => {
    const units = Array.from({ length: 300 }, (_, index) => ({
      namespace: `u${index}`,
      stages: [`stage_${index}`],
    }));
    const large = sampleSessionPlan({ units });
    const text = sessionDetails(large, initialState(large, at));
    expect(text).toContain('| … and 240 more | |');
    expect(text.length).toBeLessThan(10_000);
  });
});

describe('status', () => {
  test('shows the budget of the session and of every cell that costs more than it should', () => {
    expect(sessionStatus(plan, halfDone, new Date(at)).budget).toEqual({
      attempts_per_pass: 2,
      max_passes: 3,
      pass: 1,
      pass_of_budget: 1,
      launches: 4,
      open: [
        {
          namespace: 'test_alpha_ci',
          k: 2,
          reason: 'partial samples (9/10)',
          launches: 2,
          passes_alike: 1,
          launches_left: 4,
        },
      ],
    });
  });

  test.each<[Phase]>([
    [{ kind: 'paused', since: at }],
    [{ kind: 'halted', since: at, cause }],
    [{ kind: 'blocked', since: at, cause: 'report', reason: 'refused' }],
  ])('says why nothing is launched in %j', (phase) => {
    expect(sessionStatus(plan, state({ phase }), new Date(at)).halt).toEqual({ text: phaseLine(phase) });
  });

  test('has no reason to give while it runs', () => {
    expect(sessionStatus(plan, halfDone, new Date(at))).toMatchObject({
      halt: null,
      pytest_active: true,
      active: [{ namespace: 'test_beta_ci', k: 1, waits_for: null }],
    });
  });
});

describe('the budget of a cell', () => {
  test('is nothing any more when it failed alike too often', () => {
    const open = { 'test_alpha_ci#2': { reason: 'OOM', passes_alike: 3, launches: 6 } };
    expect(openRepeats(plan, { ...halfDone, open })).toMatchObject([{ launches_left: 0 }]);
  });

  test('contains the present pass while it is the cell’s turn', () => {
    const marks = { ...halfDone.marks, test_alpha_ci: 'd.' };
    expect(openRepeats(plan, { ...halfDone, marks, pass: 3 })).toMatchObject([{ launches_left: 2 }]);
  });

  test('counts from where the budget began', () => {
    expect(openRepeats(plan, { ...halfDone, pass: 7, budget_from_pass: 7 })).toMatchObject([
      { launches_left: 4 },
    ]);
  });
});

describe('the ETA', () => {
  test('is the work left, at each unit’s mean, over the lanes', () => {
    expect(etaSeconds(plan, halfDone)).toBe(120 + 2 * 30);
    expect(etaSeconds({ ...plan, lanes: 2 }, halfDone)).toBe(90);
  });

  test('is unknown while a unit with work left has never ended a repeat', () => {
    expect(
      etaSeconds(plan, { ...halfDone, durations: { test_alpha_ci: { sum_s: 1, count: 1 } } }),
    ).toBeNull();
  });

  test('is zero when nothing is left, even of a unit never timed', () => {
    expect(etaSeconds(plan, state({ marks: { test_alpha_ci: 'dd', test_beta_ci: 'dd' } }))).toBe(0);
  });
});

describe('the units’ progress', () => {
  test('names each repeat’s state and why an open one is open', () => {
    expect(unitsProgress(plan, halfDone)).toMatchObject([
      {
        namespace: 'test_alpha_ci',
        stages: ['alpha_wer', 'alpha_speed'],
        repeats: ['done', 'open'],
        open: { '2': 'partial samples (9/10)' },
        mean_s: 120,
      },
      { namespace: 'test_beta_ci', repeats: ['running', 'pending'], open: {}, mean_s: 30 },
    ]);
  });
});

describe('lines for a workflow’s result', () => {
  test('are cut to a hundred, the last saying how many are missing', () => {
    const lines = boundedLines(Array.from({ length: 250 }, (_, index) => `line ${index}`));
    expect(lines).toHaveLength(100);
    expect(lines.at(-1)).toBe('… and 151 more');
  });

  test('are cut to three hundred characters each', () => {
    expect(boundedLines(['x'.repeat(1000)])[0]).toHaveLength(300);
  });
});

describe('a start-up that takes longer than usual', () => {
  const report = { namespace: 'test_beta_ci', repeat: 1, starting_since: at };

  test('is in the details and in the status while it lasts', () => {
    const running = state({ active: [{ ...active }] });
    expect(takeStartupReport(running, report)).toBe(true);
    expect(takeStartupReport(running, report)).toBe(false);
    expect(sessionDetails(plan, running)).toContain('SLOW START-UP');
    expect(sessionStatus(plan, running, new Date(at)).active).toMatchObject([{ starting_since: at }]);
    expect(takeStartupReport(running, { ...report, starting_since: null })).toBe(true);
    expect(sessionDetails(plan, running)).not.toContain('SLOW START-UP');
    expect(sessionStatus(plan, running, new Date(at)).active?.[0]).not.toHaveProperty('starting_since');
  });

  test.each([
    ['of a repeat that does not run', { ...report, repeat: 2 }],
    ['that is none', 'slow'],
    ['with a time of megabytes', { ...report, starting_since: '1'.repeat(1_000_000) }],
  ])('%s changes nothing', (_case, payload) => {
    const running = state({ active: [{ ...active }] });
    expect(takeStartupReport(running, payload)).toBe(false);
    expect(running.active).toEqual([active]);
  });
});
