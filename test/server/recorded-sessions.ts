import { ApplicationFailure } from '@temporalio/common';

import { failureTypes } from '../../src/domain/session/session-state.ts';
import type { SessionPlan } from '../../src/domain/session/session-plan.ts';
import type { SampleOptions } from '../domain/session/sample-session-plan.ts';
import { StandInPoolHome, withHost } from './pool-hosts.ts';
import { type RunningSession, type SessionSetting, type TestPlace, withWorkers } from './running-session.ts';
import {
  type RepeatScript,
  StandInActivities,
  type StandInScript,
  endings,
  heldRepeat,
} from './stand-in-activities.ts';

export interface RecordedSession {
  plan?: SampleOptions;
  change?: Partial<SessionPlan>;
  setting?: Pick<SessionSetting, 'unpolled' | 'poolHome'>;
  script: (plan: SessionPlan) => StandInScript;
  /** What the operator does; the session must end by itself afterwards. */
  play: (
    session: RunningSession,
    world: { place: TestPlace; address: string; plan: SessionPlan; activities: StandInActivities },
  ) => Promise<void>;
}

const nothing = (): StandInScript => ({});

/** A failure whose stack names no file: stacks go into histories. */
function plainFailure(message: string): ApplicationFailure {
  const failure = ApplicationFailure.retryable(message, failureTypes.infra);
  failure.stack = `ApplicationFailure: ${message}`;
  return failure;
}

async function decide(session: RunningSession): Promise<void> {
  await session.untilPhase('awaiting_decision');
  await session.update('apply', { mode: 'report' });
}

/** One session of each kind; a feature of the workflow that none of them touches gets one of its own. */
export const recordedSessions: Record<string, RecordedSession> = {
  completed: {
    plan: { lanes: 2 },
    script: (plan) => ({
      repeats: {
        'test_alpha_ci#1': [endings.partial(plan)],
        'test_beta_ci#1': [
          () => {
            throw plainFailure('exit 139 (segfault)');
          },
        ],
        'test_alpha_ci#2': [endings.exhausted(plan)],
      },
      applyThresholds: (_input, call) =>
        call === 1
          ? { kind: 'refused', reason: 'alpha_wer.value: a decision is missing' }
          : { kind: 'applied', edits: 1, summary: ['tests/limits.py:WER_MAX = 0.0421'] },
    }),
    play: async (session) => {
      await session.untilPhase('awaiting_decision');
      await session.update('purge', { stage: 'beta_accuracy', repeat: 2, reason: 'noisy neighbour' });
      await session.untilPhase('awaiting_decision');
      await session.update('apply', { mode: 'smart' });
      await session.untilPhase('awaiting_decision');
      await session.update('apply', { mode: 'smart' });
    },
  },
  aborted: {
    script: (plan) => {
      const held = heldRepeat(endings.partial(plan));
      return { repeats: { 'test_beta_ci#1': [held.script] } };
    },
    play: async (session) => {
      await session.until(({ marks }) => marks['test_beta_ci'] === 'r.');
      await session.update('abort', { reason: 'wrong model' });
    },
  },
  'halted-resumed-purged': {
    script: (plan) => ({
      repeats: {
        'test_alpha_ci#1': [endings.halt(plan)],
        'test_beta_ci#1': [endings.halt(plan, 'no results.json')],
      },
    }),
    play: async (session) => {
      await session.untilPhase('halted');
      await session.update('resume');
      await session.until(({ phase, marks }) => phase.kind === 'halted' && marks['test_beta_ci'] === 'h.');
      await session.signal('purge', { test: 'test_beta_ci.py', repeat: 1 });
      await session.signal('purge', 'nonsense');
      await session.until(({ discarded }) => discarded === 1);
      await session.update('pause');
      await session.update('resume');
      await decide(session);
    },
  },
  paused: {
    script: (plan) => {
      const held = heldRepeat(endings.partial(plan));
      return { repeats: { 'test_alpha_ci#1': [held.script] }, precheck: () => releaseLater(held) };
    },
    play: async (session) => {
      await session.until(({ active }) => active.length === 1);
      await session.update('pause');
      await session.untilPhase('paused');
      await session.update('resume');
      await decide(session);
    },
  },
  smoke: {
    change: { purpose: 'smoke', repeats: 1 },
    script: (plan) => ({
      repeats: {
        'test_alpha_ci#1': [endings.seen(true, ['pytest passed after 12 s'])],
        'test_beta_ci#1': [endings.halt(plan, 'HEAD moved')],
      },
    }),
    play: () => Promise.resolve(),
  },
  'failed-precheck': {
    script: () => ({
      precheck: () => ({ ok: false, errors: ['HEAD is not the commit of the session'], warnings: [] }),
    }),
    play: () => Promise.resolve(),
  },
  'resumed-directory': {
    plan: { repeats: 1 },
    change: { resume: true },
    script: (plan) => {
      const disk = new StandInActivities(plan);
      disk.repair('test_alpha_ci', 1);
      return { openSession: () => ({ ...disk.audit(), last_pass: 2 }) };
    },
    play: decide,
  },
  cancelled: {
    script: (plan) => ({ repeats: { 'test_alpha_ci#1': [heldRepeat(endings.partial(plan)).script] } }),
    play: async (session) => {
      await session.until(({ active }) => active.length === 1);
      await session.handle.cancel();
    },
  },
  'budget-spent': {
    plan: { repeats: 1, policies: { attempts_per_pass: 1, max_passes: 2 } },
    script: (plan) => ({
      repeats: { 'test_alpha_ci#1': [endings.exhausted(plan), endings.exhausted(plan)] },
      writeReport: (call) =>
        call === 1
          ? { kind: 'refused', reason: 'git provenance failed' }
          : { kind: 'written', report: `${plan.run_dir}/report.md`, html: `${plan.run_dir}/report.html` },
    }),
    play: async (session) => {
      await session.untilPhase('blocked');
      await session.update('resume');
      await session.until(({ phase }) => phase.kind === 'blocked' && phase.cause === 'report');
      await session.update('resume');
      await decide(session);
    },
  },
  'no-worker': {
    plan: { repeats: 1, policies: { worker_wait_s: 0.5 } },
    setting: { unpolled: ['home', 'repeats'] },
    script: nothing,
    play: async (session, { place, plan, activities }) => {
      await session.until(({ phase }) => phase.kind === 'blocked');
      await withWorkers({ place, plan, activities, unpolled: ['repeats'] }, async () => {
        await session.until(({ active }) => typeof active[0]?.waits_for === 'string');
        await withWorkers({ place, plan, activities, unpolled: ['home'] }, async () => {
          await decide(session);
          await session.result();
        });
      });
    },
  },
  'quarantined-lanes': {
    plan: {
      laneTable: [
        { name: 'lane0', gpus: [0] },
        { name: 'lane1', gpus: [1] },
      ],
      knownDurations: { test_beta_ci: 90, test_alpha_ci: 60 },
    },
    script: (plan) => {
      const dirty: RepeatScript = (input) => {
        const lane = input.lanes?.[0]?.name ?? 'none';
        const reason = 'GPU memory not released after run';
        const tries = [{ n: 1, lane, failed: true, dirty: true, reason }];
        return { ...new StandInActivities(plan).complete(input), lane: `gpu-1/${lane}`, tries };
      };
      return { repeats: { 'test_alpha_ci#1': [dirty], 'test_beta_ci#1': [dirty] } };
    },
    play: async (session) => {
      await session.untilPhase('blocked');
      await session.update('resume');
      await decide(session);
    },
  },
  pooled: {
    plan: { repeats: 2, knownDurations: {}, policies: { worker_wait_s: 0.5 } },
    change: { pool: 'lab', hostname: 'gpu-1' },
    setting: { unpolled: ['repeats'], poolHome: new StandInPoolHome() },
    script: (plan) => ({ repeats: { 'test_alpha_ci#1': [endings.halt(plan)] } }),
    play: async (session, { place, address, plan, activities }) => {
      const setting = { place, address, plan, activities };
      await session.until(({ phase }) => phase.kind === 'blocked');
      await withHost(setting, { name: 'gpu-2', deaf: true }, () =>
        session.until(({ active }) => active.length === 1),
      );
      const differs = {
        name: 'gpu-3',
        join: () => ({ kind: 'refused' as const, host: 'gpu-3', reasons: ['driver: 590.10 → 550.54'] }),
      };
      await withHost(setting, differs, () =>
        withHost(setting, { name: 'gpu-4' }, () =>
          withHost(setting, { name: 'gpu-1' }, async () => {
            await session.untilPhase('halted');
            await session.update('resume');
            await decide(session);
            await session.result();
          }),
        ),
      );
    },
  },
  'continued-as-new': {
    plan: { repeats: 3 },
    change: { continue_as_new_events: 60 },
    script: nothing,
    play: async (session) => {
      await session.signal('pause');
      await session.signal('resume');
      await decide(session);
    },
  },
};

/** Lets a held repeat end soon after the operator has paused: its end must fall into the pause. */
async function releaseLater(held: ReturnType<typeof heldRepeat>) {
  void held.started.then(() => setTimeout(held.release, 500));
  return { ok: true, errors: [], warnings: [] };
}
